#!/usr/bin/env bash
# map_port.exe under Wine at the real gateway: the default route is found in the forwarding table,
# both protocols are mapped and renewed, with traffic through the NAT. MAP_PORT is map_port.exe.
# Wine passes no SIGTERM on, so that the program is killed at the end and the leases run out.
# shellcheck source=../lib.sh disable=SC2016
source "$(dirname "$0")/../lib.sh"

export WINEDEBUG=-all WINEPREFIX=$WORK/wine
program=$MAP_PORT
# The sockets belong to Wine's server, which therefore has to run on host A.
MAP_PORT=wine
build_network
ip -n "$A" link set lo up
start_daemon "$G" "$OUTSIDE"
start_listener 6881
start_client prefix wineboot --init
await_exit prefix 120
check "Wine has made its prefix" [ "$status" = 0 ]

check "before: TCP is refused" refused tcp "$OUTSIDE" 6881
start_capture wire "$G" lan
start_client client "$program" --tcp 6881 --udp 6881 --lifetime 4 --json
check "TCP and UDP are mapped" wait_for 20 both_events client mapped
check "the gateway has the TCP rule" has_rule tcp 6881
check "the gateway has the UDP rule" has_rule udp 6881
check "B and A talk over TCP" exchange tcp "$OUTSIDE" 6881
check "B and A talk over UDP" exchange udp "$OUTSIDE" 6881
for round in 1 2; do
    check "renewal $round of both" wait_for 6 both_events client renewed "$round"
    check "traffic after renewal $round" exchange_both "$OUTSIDE" 6881
done
check "nothing was lost" no_event client lost
stop_capture wire
show_capture wire
check "requests go to port 5351 of the gateway, from host A" [ "$(awk -F'\t' \
    '$7 < 128 { print $2, $4, $5 }' "$WORK/wire.txt" | sort -u)" = "$HOST $INSIDE 5351" ]

kill_client client
ip netns exec "$A" wineserver -k || true
check "the leases run out" wait_for 10 no_rules
check "after: TCP is refused" wait_for 5 refused tcp "$OUTSIDE" 6881
finish
