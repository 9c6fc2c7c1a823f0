#!/usr/bin/env bash
# Options that the other scripts do not use: another external port, no clean-up, the gateway and the
# local address by hand, every datagram shown.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

build_network
start_daemon "$G" "$OUTSIDE"
start_listener 6881
ip -n "$A" route del default # so that nothing but the option leads to the gateway

start_client plain --tcp 6881 --external 7000 --lifetime 60 --no-cleanup --trace \
    --gateway "$INSIDE" --local "$HOST"
check "mapped" wait_for 3 says plain "^mapped tcp 6881 -> $OUTSIDE:7000 for 60 s\$"
check "the map request is shown" says plain "sent to $INSIDE:5351: map tcp 6881, suggest 7000 for 60 s"
check "and its answer" says plain "received from $INSIDE:5351: tcp 6881 mapped to 7000 for 60 s"
check "no clean-up was sent" eval '! says plain "delete tcp"'
stop_client plain
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
check "the delete is shown" says plain "delete tcp 6881"
check "the ruleset has no mapping any more" no_rules

start_client once --tcp 6881 --once --gateway "$INSIDE:5351" --local "$HOST"
await_exit once 3
check "--once: exit code 0" [ "$status" = 0 ]
check "--once: the mapping stays" has_rule tcp 6881

# A local address that the host does not have.
start_client stranger --tcp 6881 --gateway "$INSIDE" --local 192.168.77.99
await_exit stranger 3
check "a wrong local address: exit code 1" [ "$status" = 1 ]
check "the line begins with error" says stranger '^error'
finish
