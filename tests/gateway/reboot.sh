#!/usr/bin/env bash
# The gateway loses its mappings and starts again. miniupnpd tells by one PCP announcement; without
# it the next renewal heals.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

build_network
start_daemon "$G" "$OUTSIDE"
start_listener 6881

start_client announced --tcp 6881 --udp 6881 --lifetime 600 --json
check "mapped" wait_for 3 both_events announced mapped
check "B and A talk" exchange_both "$OUTSIDE" 6881
check "the daemon has run for a while" wait_for 6 daemon_is_old "$G"
start_capture wire "$A" eth0
kill_daemon "$G"
check "daemon killed: B is refused over TCP" refused tcp "$OUTSIDE" 6881
check "daemon killed: B is refused over UDP" refused udp "$OUTSIDE" 6881
mark
start_daemon "$G" "$OUTSIDE"
check "B reaches A again" wait_for 10 exchange_both "$OUTSIDE" 6881
elapsed=$(took)
note "reboot with an announcement: reachable after $elapsed ms, lease 600 s"
check "within 6 s" [ "$elapsed" -lt 6000 ]
stop_capture wire
show_capture wire
check "the daemon has announced itself once, by PCP" \
    [ "$(awk -F'\t' '$4 == "224.0.0.1" && $5 == 5350' "$WORK/wire.txt" | wc -l)" = 1 ]
check "nothing was lost in the client's view" no_event announced lost
stop_client announced
check "exit code 0 after SIGTERM" [ "$status" = 0 ]

start_client unannounced --tcp 6881 --udp 6881 --lifetime 8 --json
check "mapped" wait_for 3 both_events unannounced mapped
drop_announcements "$G"
kill_daemon "$G"
check "daemon killed: B is refused" refused tcp "$OUTSIDE" 6881
mark
start_daemon "$G" "$OUTSIDE"
check "B reaches A again" wait_for 10 exchange_both "$OUTSIDE" 6881
elapsed=$(took)
note "reboot without an announcement: reachable after $elapsed ms, lease 8 s"
check "by the next renewal" [ "$elapsed" -lt 5000 ]
stop_client unannounced
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
check "the ruleset has no mapping any more" no_rules
finish
