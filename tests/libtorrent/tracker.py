#!/usr/bin/env python3
"""tracker.py ADDRESS PORT: a BitTorrent tracker over HTTP, with no peers but the one that announces.

Prints a line for each announcement: its event and its port.
"""

import http.server
import sys
import urllib.parse


class Tracker(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query, encoding="latin-1")
        print("announced", asked.get("event", ["none"])[0], asked["port"][0], flush=True)
        # Half an hour, and not sooner than a minute: whoever comes earlier means it.
        body = b"d8:intervali1800e12:min intervali60e5:peers0:e"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Tracker)
print("ready", flush=True)
server.serve_forever()
