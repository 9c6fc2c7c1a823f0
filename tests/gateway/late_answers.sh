#!/usr/bin/env bash
# Answers lie in the socket while the client is stopped: they count, for what they were when they
# came, before anything is sent again, given up or taken for a restart of the gateway.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
: "${BLOCKING_CLIENT:?the blocking_client binary}"

start_blocking() { # NAME PORT ARGUMENT...
    MAP_PORT=$BLOCKING_CLIENT start_client "$1" --gateway "$INSIDE:$2" "${@:3}"
}

build_network
# Each time at the first transmission of a renewal, at 3.25 s and 6.25 s; the answer comes 0.3 s
# later. First for longer than that, but less than the attempt would take; then until the lease that
# is being renewed has ended, at 9.25 s.
start_scripted renewing 5351 --lease 6 --delay 0.3 --stop 2.5:1 --stop 5.5:4
# While other mappings have long leases: the epoch that is read is 6 s old.
start_scripted steady 5352 --stop 0.5:6
start_scripted restarting 5353 --stop 0.5:6 --restart 0.5

start_client keeper --tcp 6881 --lifetime 6 --no-cleanup --gateway "$INSIDE:5351" --json
let_stop renewing keeper
for name in steady restarting; do
    port=$([[ $name == steady ]] && echo 5352 || echo 5353)
    start_blocking "$name" "$port" map 6883 run 1000 map 6884 run 13000 status
    let_stop "$name" "$name"
done

check "mapped" wait_for 3 event keeper mapped tcp
check "stopped with the answer in the socket" wait_for 8 logged renewing continue
check "the grant is taken" wait_for 2 event keeper renewed tcp
stopped=$(time_of renewing stop) resumed=$(time_of renewing continue)
check "stopped again, until the lease that is renewed has ended" wait_for 10 logged renewing continue 2
check "what was answered is not sent again" none_between renewing \
    "$(plus "$stopped" 0.1)" "$(plus "$resumed" 0.5)"
resumed=$(time_of renewing continue 2)
check "that grant is taken too" wait_for 2 event keeper renewed tcp 2
check "and the next renewal, which is due, goes out at once" wait_for 2 some_between renewing \
    "$resumed" "$(plus "$resumed" "$SLACK")"
check "renewals go on" wait_for 8 event keeper renewed tcp 4
show_gateway renewing
for trouble in lost renewal_failing error; do
    check "no $trouble event" no_event keeper "$trouble"
done
stop_client keeper
check "exit code 0 after SIGTERM" [ "$status" = 0 ]

for name in steady restarting; do
    await_exit "$name" 15
    show_gateway "$name"
    check "$name: the answer that was read late is a grant" says "$name" '^granted 6884'
done
resumed=$(time_of steady continue)
check "an old epoch is no restart of the gateway" says steady 'resets 0,'
check "nothing is asked for again" none_between steady "$(plus "$resumed" -5)" 99
check "a restart is one, read late too" says restarting 'resets 1,'
check "what it lost is asked for again" some_between restarting \
    "$(time_of restarting continue)" "$(plus "$(time_of restarting continue)" 5 "$SLACK")"
finish
