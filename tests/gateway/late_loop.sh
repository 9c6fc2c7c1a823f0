#!/usr/bin/env bash
# A program blocks its loop just after it has asked for mappings: the answer to the clean-up, read
# late, is not taken for one to the map request.
# shellcheck source=lib.sh disable=SC2317
source "$(dirname "$0")/lib.sh"
: "${BLOCKING_CLIENT:?the blocking_client binary}"

start_blocking() { # NAME PORT MS: the clean-up of the first port is sent, and then nothing is read
    MAP_PORT=$BLOCKING_CLIENT start_client "$1" --gateway "$INSIDE:$2" \
        map 6881 sent 1 block 300 map 6882 block "$3" run 4000 status
}

deletes_come_first() { # GATEWAY PORT: and there is a map request
    awk -v port="$2" '$3 != "request" || $6 != port { next }
        $4 == "map" { mapped = 1 }
        $4 == "delete" && mapped { wrong = 1 }
        END { exit wrong || !mapped }' "$WORK/$1.log"
}

captured_deletes_come_first() { # PORT: the same, of the capture
    awk -F'\t' -v port="$1" '$5 != 5351 || $11 != port { next }
        $13 != 0 { mapped = 1 }
        $13 == 0 && mapped { wrong = 1 }
        END { exit wrong || !mapped }' "$WORK/wire.txt"
}

build_network
start_daemon "$G" "$OUTSIDE"
start_scripted accepting 5352
start_scripted refusing 5353 --refuse-absent
start_capture wire "$A" eth0
start_blocking real 5351 11000
start_blocking accepted 5352 11000
start_blocking refused 5353 1500

await_exit refused 12
show_gateway refusing
for port in 6881 6882; do
    check "1.5 s, and deletes of what is absent are refused: $port is granted" says refused "^granted $port"
    check "$port is not deleted once it was asked for" deletes_come_first refusing "$port"
done

await_exit real 20
stop_capture wire
show_capture wire
for port in 6881 6882; do
    check "11 s, miniupnpd: $port is granted" says real "^granted $port"
    check "$port is not deleted once it was asked for" captured_deletes_come_first "$port"
    check "the ruleset has $port" has_rule tcp "$port"
done

await_exit accepted 20
show_gateway accepting
for port in 6881 6882; do
    check "11 s, and deletes of what is absent succeed: $port is granted" says accepted "^granted $port"
    check "$port is not deleted once it was asked for" deletes_come_first accepting "$port"
done
finish
