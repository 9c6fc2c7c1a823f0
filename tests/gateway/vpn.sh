#!/usr/bin/env bash
# A VPN takes all traffic by two half-routes and goes away again: the mapping stays where the true
# default gateway is.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

vpn_up() {
    ip -n "$A" link add vpn0 type veth peer name vpn1 netns "$S"
    ip -n "$S" addr add 10.8.0.1/24 dev vpn1
    ip -n "$S" link set vpn1 up
    ip -n "$A" addr add 10.8.0.2/24 dev vpn0
    ip -n "$A" link set vpn0 up
    # The VPN's own server keeps a route of its own; here that is host B.
    ip -n "$A" route add "$FAR" via "$INSIDE"
    ip -n "$A" route add 0.0.0.0/1 via 10.8.0.1
    ip -n "$A" route add 128.0.0.0/1 via 10.8.0.1
}

vpn_down() {
    ip -n "$A" link del vpn0
    ip -n "$A" route del "$FAR"
}

build_network
start_daemon "$G" "$OUTSIDE"
start_listener 6881
start_client client --tcp 6881 --udp 6881 --lifetime 4 --json
check "mapped" wait_for 3 both_events client mapped
check "B and A talk" exchange_both "$OUTSIDE" 6881

vpn_up
start_capture tunnel "$A" vpn0
before=$(count client '"event":"renewed"')
check "VPN up: renewals go on" wait_for 9 says client '"event":"renewed"' $((before + 4))
check "VPN up: B and A talk" exchange_both "$OUTSIDE" 6881
stop_capture tunnel
check "no request went into the VPN" [ ! -s "$WORK/tunnel.txt" ]

vpn_down
before=$(count client '"event":"renewed"')
check "VPN down: renewals go on" wait_for 9 says client '"event":"renewed"' $((before + 2))
check "VPN down: B and A talk" exchange_both "$OUTSIDE" 6881
for trouble in gateway_changed lost renewal_failing error; do
    check "no $trouble event" no_event client "$trouble"
done

# A client that starts while the VPN is up finds the true gateway too.
vpn_up
start_client second --tcp 6882 --lifetime 60 --json
check "VPN up: another client is mapped" wait_for 3 event second mapped tcp
start_listener 6882
check "VPN up: B and A talk on its port" exchange tcp "$OUTSIDE" 6882
stop_client second
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
stop_client client
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
check "the ruleset has no mapping any more" no_rules
finish
