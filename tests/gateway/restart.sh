#!/usr/bin/env bash
# A client that was killed leaves its mapping behind; the next one removes that first.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

build_network
start_daemon "$G" "$OUTSIDE"
start_listener 6881

start_client first --tcp 6881 --lifetime 600 --json
check "mapped" wait_for 3 event first mapped tcp
kill_client first
check "the killed client left its rule behind" has_rule tcp 6881

start_capture wire "$A" eth0
start_client second --tcp 6881 --lifetime 600 --json
check "mapped again" wait_for 3 event second mapped tcp
check "the gateway has the rule" has_rule tcp 6881
check "B and A talk" exchange tcp "$OUTSIDE" 6881
stop_capture wire
show_capture wire

# opcode, internal port, external port, lifetime of the requests, in order
requests=$(awk -F'\t' '$5 == 5351 { print $7, $11, $12, $13 }' "$WORK/wire.txt")
check "the first request is the delete" [ "$(sed -n 1p <<<"$requests")" = "2 6881 0 0" ]
check "the second is the mapping" [ "$(sed -n 2p <<<"$requests")" = "2 6881 6881 600" ]

stop_client second
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
check "the rule is gone" no_rules
check "B is refused" refused tcp "$OUTSIDE" 6881
finish
