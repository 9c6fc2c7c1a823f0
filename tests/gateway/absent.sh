#!/usr/bin/env bash
# No answer, or only an ICMP one: how long the client waits and how it ends.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

build_network

# No daemon: the gateway's ICMP tells at once.
start_client closed --tcp 6881
await_exit closed 5
check "without a daemon: exit code 1" [ "$status" = 1 ]
check "in under a second ($elapsed ms)" [ "$elapsed" -lt 1000 ]
check "the line begins with error" says closed '^error'
start_client closed-json --tcp 6881 --json
await_exit closed-json 5
check "with --json: exit code 1" [ "$status" = 1 ]
for field in operation code category message; do
    check "an error event with its $field" says closed-json "\"event\":\"error\".*\"$field\":"
done

# Silence: --timeout is kept.
start_daemon "$G" "$OUTSIDE"
drop_requests "$G"
start_client usage --tcp 70000
await_exit usage 3
check "bad usage: exit code 2" [ "$status" = 2 ]
check "and nothing was sent" dropped_none "$G"
start_client silent --tcp 6881 --timeout 2
await_exit silent 5
check "silence: exit code 1" [ "$status" = 1 ]
check "not before the timeout ($elapsed ms of 2000)" [ "$elapsed" -ge 1900 ]
check "not long after it" [ "$elapsed" -lt 2500 ]
check "the line begins with error" says silent '^error'

# Silence and a signal during the first attempt: --shutdown-limit is kept.
drop_nothing "$G"
drop_requests "$G"
start_client early --tcp 6881 --shutdown-limit 1
check "the first attempt is under way" wait_for 3 dropped_some "$G"
stop_client early
check "SIGTERM then ends it (exit code $status)" grep -qx "[013]" <<<"$status"
check "within the shutdown limit ($elapsed ms of 1000)" [ "$elapsed" -lt 1500 ]

# Silence after the mapping was made: the unmapping cannot be confirmed.
drop_nothing "$G"
start_client mapped --tcp 6881 --shutdown-limit 1 --json
check "mapped" wait_for 3 event mapped mapped tcp
drop_requests "$G"
stop_client mapped
check "an unmapping without an answer: exit code 3" [ "$status" = 3 ]
check "within the shutdown limit ($elapsed ms of 1000)" [ "$elapsed" -lt 1500 ]
check "the rule is indeed still there" has_rule tcp 6881
finish
