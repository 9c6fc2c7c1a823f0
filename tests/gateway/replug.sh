#!/usr/bin/env bash
# The gateway is set by hand, and the interface that leads to it is deleted and made again with the
# same name and addresses: afterwards announcements are heard as before.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

# In less than the client lets the changes of a host settle (250 ms): it never sees the host without.
replug() {
    local port=port$((++cables)) mac
    mac=$(ip netns exec "$A" cat /sys/class/net/eth0/address)
    mark
    ip -n "$A" -batch - <<COMMANDS
link del eth0
link add eth0 address $mac type veth peer name $port netns $S
addr add $HOST/24 dev eth0
link set eth0 up
route add default via $INSIDE
COMMANDS
    ip -n "$S" link set "$port" master lan up
    note "made again in $(took) ms"
}

build_network
start_daemon "$G" "$OUTSIDE"
start_listener 6881
start_listener 6882
start_client client --tcp 6881 --udp 6881 --lifetime 600 --json --gateway "$INSIDE"
start_client bound --tcp 6882 --lifetime 600 --json --gateway "$INSIDE" --local "$HOST"
check "mapped" wait_for 3 both_events client mapped
check "with a local address set by hand too: mapped" wait_for 3 event bound mapped tcp
check "B and A talk" exchange_both "$OUTSIDE" 6881

replug
for name in client bound; do
    check "$name tells that the way to the gateway is another" \
        wait_for 3 event "$name" gateway_changed
done
check "B and A talk" wait_for 5 exchange_both "$OUTSIDE" 6881
check "the daemon has run for a while" wait_for 6 daemon_is_old "$G"

kill_daemon "$G"
check "daemon killed: B is refused" refused tcp "$OUTSIDE" 6881
mark
start_daemon "$G" "$OUTSIDE"
check "B reaches A again" wait_for 6 exchange_both "$OUTSIDE" 6881
note "reboot with an announcement: reachable after $(took) ms, lease 600 s"
check "B reaches A on the other port too" wait_for 3 exchange tcp "$OUTSIDE" 6882

stop_client bound
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
stop_client client
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
check "the ruleset has no mapping any more" no_rules
finish
