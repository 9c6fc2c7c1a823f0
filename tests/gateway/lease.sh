#!/usr/bin/env bash
# A short lease is kept for several of its lengths, carries traffic all the time, and is gone after
# SIGTERM.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

build_network
start_daemon "$G" "$OUTSIDE"
start_listener 6881
check "before: TCP is refused" refused tcp "$OUTSIDE" 6881
check "before: UDP is refused" refused udp "$OUTSIDE" 6881

start_client once --tcp 6881 --lifetime 60 --once
await_exit once 3
check "--once: exit code 0" [ "$status" = 0 ]
check "--once: the text line of a mapping" \
    says once "^mapped tcp 6881 -> $OUTSIDE:6881 for 60 s\$"
check "--once: the mapping stays" has_rule tcp 6881

start_client client --tcp 6881 --udp 6881 --lifetime 4 --json
check "TCP and UDP are mapped" wait_for 3 both_events client mapped
check "the mapping's line is complete" says client "^\{\"event\":\"mapped\",\"protocol\":\"tcp\",\
\"internal_port\":6881,\"external_address\":\"$OUTSIDE\",\"external_port\":6881,\"lifetime\":4\}\$"
check "the gateway has the TCP rule" has_rule tcp 6881
check "the gateway has the UDP rule" has_rule udp 6881
check "B and A talk over TCP" exchange tcp "$OUTSIDE" 6881
check "B and A talk over UDP" exchange udp "$OUTSIDE" 6881

# One connection lives through all renewals.
mkfifo "$WORK/say"
: >"$WORK/heard"
ip netns exec "$B" socat - "TCP:$OUTSIDE:6881" <"$WORK/say" >"$WORK/heard" 2>/dev/null &
exec 4<>"$WORK/say"
echo first >&4
check "a connection is open" wait_for 2 grep -q first "$WORK/heard"

# Each renewal is two seconds after the one before it.
for round in 1 2 3 4; do
    check "renewal $round of both" wait_for 4 both_events client renewed "$round"
    check "the gateway has the TCP rule" has_rule tcp 6881
    check "the gateway has the UDP rule" has_rule udp 6881
    check "traffic after renewal $round" exchange_both "$OUTSIDE" 6881
done
note "$(took) ms after the start, with a lease of 4000 ms"
check "nothing was lost" no_event client lost
echo second >&4
check "the connection of the beginning still works" wait_for 2 grep -q second "$WORK/heard"
exec 4>&-

stop_client client
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
check "within the shutdown limit ($elapsed ms)" [ "$elapsed" -lt 2500 ]
check "both are reported as unmapped" both_events client unmapped
check "the ruleset has no mapping any more" no_rules
check "B is refused over TCP" refused tcp "$OUTSIDE" 6881
check "B is refused over UDP" refused udp "$OUTSIDE" 6881
finish
