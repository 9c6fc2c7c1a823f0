#!/usr/bin/env bash
# map_port.exe under Wine, whose clock that counts sleep ticks at 64 Hz or coarser, at a gateway
# that is silent for a while: renewals and retransmissions keep to their plan on the wire. MAP_PORT
# is map_port.exe.
# shellcheck source=../lib.sh disable=SC2016
source "$(dirname "$0")/../lib.sh"

export WINEDEBUG=-all WINEPREFIX=$WORK/wine
program=$MAP_PORT
# The sockets belong to Wine's server, which therefore has to run on host A.
MAP_PORT=wine
build_network
ip -n "$A" link set lo up
start_client prefix wineboot --init
await_exit prefix 120
check "Wine has made its prefix" [ "$status" = 0 ]

start_scripted short 5351 --lease 8 --silent 3:6.6
start_client kept "$program" --tcp 6881 --lifetime 8 --gateway "$INSIDE:5351" --json
check "mapped" wait_for 20 event kept mapped tcp
check "silent for 3.6 s: renewed, and renewed again" wait_for 14 event kept renewed tcp 2
show_gateway short
check "the first attempt sends four times" as_planned short 3 1 4 4.25 4.75 5.75
check "the next one follows 1 s after it, and is answered" as_planned short 3 5 6.75 10.75
check "nothing is lost" no_event kept lost

kill_client kept
ip netns exec "$A" wineserver -k || true
finish
