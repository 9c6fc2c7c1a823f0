#!/usr/bin/env python3
"""torrent.py PORT: a libtorrent session that keeps its port open by NAT-PMP, until a line comes in.

Prints a line for each mapping and for each error that it tells of.
"""

import sys
import threading

import libtorrent


def main():
    session = libtorrent.session({
        "listen_interfaces": f"192.168.77.2:{sys.argv[1]}",
        "enable_natpmp": True, "enable_upnp": False, "enable_dht": False, "enable_lsd": False,
        "alert_mask": libtorrent.alert.category_t.port_mapping_notification
        | libtorrent.alert.category_t.error_notification,
    })
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), ended.set()), daemon=True).start()
    while not ended.is_set():
        session.wait_for_alert(100)
        for alert in session.pop_alerts():
            print(alert.what(), alert.message(), flush=True)


main()
