#!/usr/bin/env bash
# With --keep-trying a client may be there before the gateway, and before the network.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

build_network
start_listener 6881

# A network, but no daemon yet: its start is announced.
start_client early --tcp 6881 --lifetime 60 --keep-trying --json
check "no daemon: the failure is told" wait_for 3 says early '"event":"(error|lost)"'
check "no daemon: the client stays" kill -0 "${client[early]}"
mark
start_daemon "$G" "$OUTSIDE"
check "daemon started: mapped" wait_for 8 event early mapped tcp
note "daemon started: mapped after $(took) ms"
check "B and A talk" exchange tcp "$OUTSIDE" 6881
stop_client early
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
check "the ruleset has no mapping any more" no_rules

# No network at all, and then it comes.
ip -n "$A" route del default
start_client offline --tcp 6881 --lifetime 60
await_exit offline 3
check "no route: exit code 1" [ "$status" = 1 ]
check "at once ($elapsed ms)" [ "$elapsed" -lt 1000 ]
start_client earlier --tcp 6881 --lifetime 60 --keep-trying --json
check "no route: the failure is told" wait_for 3 says earlier '"event":"(error|lost)"'
mark
ip -n "$A" route add default via "$INSIDE"
check "route added: mapped" wait_for 8 event earlier mapped tcp
elapsed=$(took)
note "route added: mapped after $elapsed ms"
check "at once, not by a later attempt" [ "$elapsed" -lt 2000 ]
check "B and A talk" exchange tcp "$OUTSIDE" 6881
stop_client earlier
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
check "the ruleset has no mapping any more" no_rules
finish
