#!/usr/bin/env bash
# A sandbox without netlink: the gateway comes from /proc/net/route, renewals notice what nobody
# tells, and where neither can be read the error says what to do.
# shellcheck source=lib.sh disable=SC2016
source "$(dirname "$0")/lib.sh"
: "${WITHOUT_NETLINK:?the without_netlink binary}"

sandboxed() { ip netns exec "$A" "$WITHOUT_NETLINK" "$@"; }

start_sandboxed() { # NAME ARGUMENT...
    MAP_PORT=$WITHOUT_NETLINK start_client "$1" "$REAL_MAP_PORT" "${@:2}"
}

start_blind() { # NAME ARGUMENT...: without /proc/net too, in the mount namespace that ip made
    MAP_PORT="sh" start_client "$1" -c 'mount -t tmpfs none /proc/$$/net && exec "$@"' sh \
        "$WITHOUT_NETLINK" "$REAL_MAP_PORT" "${@:2}"
}

REAL_MAP_PORT=$MAP_PORT
build_network
status=0
sandboxed true || status=$?
((status != 77)) || skip "no seccomp filters"
G2=natpmp-$$-g2
add_gateway "$G2" 192.168.77.254 11.22.33.3
start_daemon "$G" "$OUTSIDE"
start_daemon "$G2" 11.22.33.3
start_listener 6881
status=0
sandboxed ip route get "$INSIDE" >"$WORK/ip.log" 2>&1 || status=$?
check "there is no netlink: ip fails (exit code $status)" [ "$status" != 0 ]

start_sandboxed client --tcp 6881 --udp 6881 --lifetime 4 --json
check "TCP and UDP are mapped" wait_for 3 both_events client mapped
check "the gateway has the TCP rule" has_rule tcp 6881
check "the gateway has the UDP rule" has_rule udp 6881
check "B and A talk" exchange_both "$OUTSIDE" 6881
check "both are renewed" wait_for 8 both_events client renewed 2
check "B and A still talk" exchange_both "$OUTSIDE" 6881

# A VPN takes all traffic by two half-routes; a client that starts then finds the true gateway.
ip -n "$A" link add vpn0 type veth peer name vpn1 netns "$S"
ip -n "$S" link set vpn1 up
ip -n "$A" addr add 10.8.0.2/24 dev vpn0
ip -n "$A" link set vpn0 up
ip -n "$A" route add "$FAR" via "$INSIDE"
ip -n "$A" route add 0.0.0.0/1 via 10.8.0.1
ip -n "$A" route add 128.0.0.0/1 via 10.8.0.1
start_capture tunnel "$A" vpn0
start_sandboxed second --tcp 6882 --lifetime 60 --json
check "VPN up: another client is mapped" wait_for 3 event second mapped tcp
start_listener 6882
check "VPN up: B and A talk on its port" exchange tcp "$OUTSIDE" 6882
stop_client second
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
stop_capture tunnel
check "no request went into the VPN" [ ! -s "$WORK/tunnel.txt" ]
ip -n "$A" link del vpn0
ip -n "$A" route del "$FAR"

# Another gateway takes over. Nobody tells; the renewal that is not answered does.
before=$(count client '"event":"renewed"')
check "renewals go on" wait_for 9 says client '"event":"renewed"' $((before + 2))
for trouble in gateway_changed lost renewal_failing error; do
    check "no $trouble event" no_event client "$trouble"
done
ip -n "$G" link set lan down
mark
ip -n "$A" route replace default via 192.168.77.254
check "B and A talk through the second gateway" wait_for 12 exchange_both 11.22.33.3 6881
note "default route changed, without a notice: reachable after $(took) ms, with a lease of 4000 ms"
check "the client tells of the new gateway" wait_for 2 event client gateway_changed
check "the second gateway has the TCP rule" has_rule tcp 6881 "$G2"
check "the second gateway has the UDP rule" has_rule udp 6881 "$G2"
stop_client client
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
check "the ruleset has no mapping any more" no_rules "$G2"

# Nothing to be read: an error, unless the gateway is set by hand.
start_blind blind --tcp 6881 --json
await_exit blind 3
check "neither netlink nor /proc/net: exit code 1" [ "$status" = 1 ]
check "in under a second ($elapsed ms)" [ "$elapsed" -lt 1000 ]
check "the error says what to do" says blind \
    '"event":"error".*routing table cannot be read; set client_options::gateway by hand'
start_blind by-hand --tcp 6881 --gateway 192.168.77.254 --json
check "with a gateway set by hand: mapped" wait_for 3 event by-hand mapped tcp
check "B and A talk" exchange tcp 11.22.33.3 6881
stop_client by-hand
check "exit code 0 after SIGTERM" [ "$status" = 0 ]

# The file can be read, and has no default route.
ip -n "$A" route del default
start_sandboxed no-route --tcp 6881
await_exit no-route 3
check "no default route: exit code 1" [ "$status" = 1 ]
check "the error says so" says no-route 'no IPv4 default route'
finish
