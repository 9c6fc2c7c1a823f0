#!/usr/bin/env bash
# The only default route is in a table of its own, which a routing rule leads to; the rule comes
# late, and goes away.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

lead_there() { ip -n "$A" rule add from all lookup 100 priority 1000; }

build_network
start_daemon "$G" "$OUTSIDE"
start_listener 6881
ip -n "$A" route del default
ip -n "$A" route add default via "$INSIDE" table 100

# A route that nothing leads to is no way out.
start_client none --tcp 6881 --json
await_exit none 3
check "without a rule: exit code 1" [ "$status" = 1 ]
check "without a rule there is no gateway" says none '"event":"error".*"code":4\b'

lead_there
start_client client --tcp 6881 --lifetime 4 --json
check "with a rule: mapped" wait_for 3 event client mapped tcp
check "B and A talk" exchange tcp "$OUTSIDE" 6881
check "renewed" wait_for 8 event client renewed tcp

# A change of the rules alone is noticed.
ip -n "$A" rule del priority 1000
check "rule gone: the client tells that the mapping is lost" wait_for 8 event client lost tcp
mark
lead_there
check "rule back: mapped again" wait_for 8 event client restored tcp
note "rule back: mapped after $(took) ms"
check "B and A talk" exchange tcp "$OUTSIDE" 6881

stop_client client
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
check "the ruleset has no mapping any more" no_rules
finish
