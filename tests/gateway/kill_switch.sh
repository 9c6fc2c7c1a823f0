#!/usr/bin/env bash
# A VPN's kill switch: a default route that lets nothing out stands before the true one. Nothing is
# sent past it, and the mapping comes back when it goes away.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

build_network
ip -n "$A" route replace default via "$INSIDE" metric 100
ip -n "$A" route del default metric 0
start_daemon "$G" "$OUTSIDE"
start_listener 6881

for kind in unreachable blackhole prohibit; do
    ip -n "$A" route add "$kind" default metric 50
    start_capture wire "$A" eth0
    start_client blocked --tcp 6881 --json
    await_exit blocked 3
    stop_capture wire
    check "$kind: exit code 1" [ "$status" = 1 ]
    check "$kind: there is no gateway" says blocked '"event":"error".*"code":4\b'
    check "$kind: nothing was sent" [ ! -s "$WORK/wire.txt" ]
    ip -n "$A" route del "$kind" default metric 50
done

# One that comes while a mapping is kept, and goes away.
start_client client --tcp 6881 --lifetime 4 --json
check "mapped" wait_for 3 event client mapped tcp
check "B and A talk" exchange tcp "$OUTSIDE" 6881
ip -n "$A" route add unreachable default metric 50
sleep 0.5 # twice what the client lets the changes of a host settle
start_capture wire "$A" eth0
check "the client tells that the mapping is lost" wait_for 8 event client lost tcp
stop_capture wire
check "nothing was sent meanwhile" [ ! -s "$WORK/wire.txt" ]
mark
ip -n "$A" route del unreachable default metric 50
check "without it: mapped again" wait_for 8 event client restored tcp
note "kill switch gone: mapped after $(took) ms"
check "B and A talk" exchange tcp "$OUTSIDE" 6881

# A local address set by hand says which interface it is to be.
ip -n "$A" route add unreachable default metric 50
start_client bound --tcp 6882 --lifetime 60 --json --local "$HOST"
check "with a local address set by hand: mapped" wait_for 3 event bound mapped tcp
stop_client bound
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
ip -n "$A" route del unreachable default metric 50

before=$(count client '"event":"(renewed|restored)"')
check "the other client goes on" \
    wait_for 8 says client '"event":"(renewed|restored)"' $((before + 1))
stop_client client
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
check "the ruleset has no mapping any more" no_rules
finish
