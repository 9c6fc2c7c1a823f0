#!/usr/bin/env bash
# For longer than the lease: the interface is down, and then the cable out.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

build_network
start_daemon "$G" "$OUTSIDE"
start_listener 6881
start_client client --tcp 6881 --udp 6881 --lifetime 4 --json
check "mapped" wait_for 3 both_events client mapped
check "B and A talk" exchange_both "$OUTSIDE" 6881

ip -n "$A" link set eth0 down # and the kernel drops the default route
mark
check "the client tells of the loss" wait_for 6 both_events client lost
note "lost after $(took) ms, lease 4 s"
check "the gateway has let the lease run out" wait_for 6 no_rules
check "the client is still there" kill -0 "${client[client]}"

ip -n "$A" link set eth0 up
check "the interface is up" wait_for 5 knows_host "$G"
ip -n "$A" route add default via "$INSIDE"
mark
check "B and A talk again" wait_for 10 exchange_both "$OUTSIDE" 6881
elapsed=$(took)
note "interface up again: reachable after $elapsed ms"
check "at once, not by a later attempt" [ "$elapsed" -lt 2500 ]
check "the client tells of the return" wait_for 2 both_events client restored

# Without a cable the interface, its address and its routes stay.
port=$(ip -n "$S" -o link show master lan | awk -F'[ :@]+' 'NR == 1 { print $2 }')
ip -n "$S" link set "$port" down
check "cable out: the client tells of the loss" wait_for 6 both_events client lost 2
check "cable out: the gateway has let the lease run out" wait_for 6 no_rules
ip -n "$S" link set "$port" up
mark
check "cable in: B and A talk again" wait_for 10 exchange_both "$OUTSIDE" 6881
note "cable in: reachable after $(took) ms"

stop_client client
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
check "the ruleset has no mapping any more" no_rules
finish
