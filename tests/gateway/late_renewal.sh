#!/usr/bin/env bash
# A gateway is silent for a while: renewals keep to their plan, though every timer is late, and a
# lease that ends is asked for again at once, also by a client that was stopped meanwhile.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

build_network
# The lease is up until 8 s. Renewals at half of it, and at half of what is left.
start_scripted short 5351 --lease 8 --silent 3:6.6
# The last renewal that is not answered, at 8.75 s, is in flight when the lease ends.
start_scripted long 5352 --lease 9 --silent 3:11.5
# The fourth transmission of the renewal, at 6.75 s, is in flight when the client is stopped.
start_scripted stopping 5353 --lease 10 --silent 4:9 --stop 6.5:6.5

start_client stopped --tcp 6883 --lifetime 10 --gateway "$INSIDE:5353" --json
let_stop stopping stopped
start_client kept --tcp 6881 --lifetime 8 --gateway "$INSIDE:5351" --json
start_client dropped --tcp 6882 --lifetime 9 --gateway "$INSIDE:5352" --json
for name in kept dropped stopped; do
    check "$name: mapped" wait_for 3 event "$name" mapped tcp
done

check "the client is stopped, and goes on" wait_for 15 logged stopping continue
resumed=$(time_of stopping continue)
check "stopped when the lease ended: restored" wait_for 5 event stopped restored tcp
show_gateway stopping
check "the loss was told once" [ "$(count stopped '"event":"lost"')" = 1 ]
check "asked for at once" some_between stopping "$resumed" "$(plus "$resumed" 1 "$SLACK")"

check "silent for longer than the lease: restored" wait_for 8 event dropped restored tcp
show_gateway long
check "the loss was told once" [ "$(count dropped '"event":"lost"')" = 1 ]
check "asked for within 1 s after the lease ended" some_between long 9.2 "$(plus 10 "$SLACK")"

check "silent for 3.6 s: renewed, and renewed again" wait_for 8 event kept renewed tcp 2
show_gateway short
check "the first attempt sends four times" as_planned short 3 1 4 4.25 4.75 5.75
check "the next one follows 1 s after it, and is answered" as_planned short 3 5 6.75 10.75
check "nothing is lost" no_event kept lost

for name in kept dropped stopped; do
    stop_client "$name"
    check "$name: exit code 0 after SIGTERM" [ "$status" = 0 ]
done
finish
