#!/usr/bin/env bash
# A firewall on the host itself drops what it sends: the system refuses each datagram, and that is
# told, not a datagram that was sent. When the rule is gone the mapping comes up.
# shellcheck source=lib.sh disable=SC2317
source "$(dirname "$0")/lib.sh"
: "${BLOCKING_CLIENT:?the blocking_client binary}"

SENT='^ *sent to|"trace":"sent"'
says_no() { ! says "$@"; }

build_network
start_daemon "$G" "$OUTSIDE"
start_listener 6881
start_capture wire "$A" eth0
ip netns exec "$A" nft -f - <<'RULES'
table inet host {
    chain output {
        type filter hook output priority 0;
        udp dport 5351 drop
    }
}
RULES

MAP_PORT=$BLOCKING_CLIENT start_client counting map 6882 run 1500 status
start_client machine --tcp 6883 --lifetime 60 --trace --json
start_client client --tcp 6881 --lifetime 60 --trace
for name in client machine; do
    check "$name: the datagram is shown" wait_for 3 says "$name" "$INSIDE:5351.*delete tcp"
    check "$name: and the system's error" wait_for 1 says "$name" \
        'delete tcp.*Operation not permitted|Operation not permitted.*delete tcp'
    check "$name: none is shown as sent" says_no "$name" "$SENT"
done
await_exit counting 5
check "no datagram counts as sent" says counting '^status: sent 0,'

ip netns exec "$A" nft delete table inet host
check "the rule is gone: mapped" wait_for 15 says client '^mapped tcp 6881'
check "B and A talk" exchange tcp "$OUTSIDE" 6881
check "mapped for the other client too" wait_for 15 event machine mapped tcp
check "the request is shown as sent" says client "^ *sent to $INSIDE:5351: map tcp 6881"
for name in client machine; do
    stop_client "$name"
    check "$name: exit code 0 after SIGTERM" [ "$status" = 0 ]
done
stop_capture wire
show_capture wire
sent=$(awk -F'\t' '$5 == 5351' "$WORK/wire.txt" | wc -l)
shown=$(($(count client "$SENT") + $(count machine "$SENT")))
check "as many are shown as sent ($shown) as were on the wire ($sent)" [ "$shown" = "$sent" ]
finish
