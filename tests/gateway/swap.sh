#!/usr/bin/env bash
# Another gateway takes over: first under another address, then under the same address with another
# MAC.
# shellcheck source=lib.sh disable=SC2016
source "$(dirname "$0")/lib.sh"

build_network
G2=natpmp-$$-g2
add_gateway "$G2" 192.168.77.254 11.22.33.3
start_daemon "$G" "$OUTSIDE"
start_daemon "$G2" 11.22.33.3
start_listener 6881
start_client client --tcp 6881 --udp 6881 --lifetime 600 --json
check "mapped" wait_for 3 both_events client mapped
check "B and A talk through the first gateway" exchange_both "$OUTSIDE" 6881
check "the second gateway knows nothing" no_rules "$G2"

start_capture wire "$A" eth0
ip -n "$G" link set lan down
mark
ip -n "$A" route replace default via 192.168.77.254
check "B and A talk through the second gateway" wait_for 10 exchange_both 11.22.33.3 6881
note "default route changed: reachable after $(took) ms"
check "the client tells of the new gateway" wait_for 2 event client gateway_changed
check "the second gateway has the TCP rule" has_rule tcp 6881 "$G2"
check "the second gateway has the UDP rule" has_rule udp 6881 "$G2"
stop_capture wire
show_capture wire
check "the second gateway was asked to delete nothing" \
    [ -z "$(awk -F'\t' '$4 == "192.168.77.254" && $13 == "0"' "$WORK/wire.txt")" ]

# The first one comes back, empty, with the address of the second.
check "the second daemon has run for a while" wait_for 6 daemon_is_old "$G2"
kill_daemon "$G"
ip -n "$G2" link set lan down
ip -n "$G" addr del "$INSIDE/24" dev lan
ip -n "$G" addr add 192.168.77.254/24 dev lan
ip -n "$G" link set lan up
check "host A hears the new MAC" wait_for 5 knows_host "$G"
mark
start_daemon "$G" "$OUTSIDE"
check "B and A talk through the gateway with another MAC" \
    wait_for 12 exchange_both "$OUTSIDE" 6881
elapsed=$(took)
note "same address, other MAC: reachable after $elapsed ms"
check "within 6 s" [ "$elapsed" -lt 6000 ]
check "the client tells the new address" wait_for 3 says client \
    "\"event\":\"address_changed\".*\"external_address\":\"$OUTSIDE\""

stop_client client
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
check "the ruleset has no mapping any more" no_rules
finish
