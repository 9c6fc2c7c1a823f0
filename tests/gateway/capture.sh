#!/usr/bin/env bash
# A whole exchange as tshark decodes it: the order, every field, nothing malformed.
# shellcheck source=lib.sh disable=SC2016
source "$(dirname "$0")/lib.sh"

build_network
start_daemon "$G" "$OUTSIDE"
start_capture wire "$G" lan
start_client client --tcp 6881 --udp 6881 --lifetime 4 --shutdown-limit 10 --json
check "mapped" wait_for 3 both_events client mapped
check "renewed" wait_for 4 both_events client renewed
stop_client client
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
stop_capture wire
show_capture wire

packets=$WORK/wire.txt
column() { awk -F'\t' "$1" "$packets" | sort -u; } # AWK PROGRAM: what it prints, once each
check "all packets are decoded as NAT-PMP" [ "$(column '{ print $6 }')" = 0 ]
odd=$(tshark -r "$WORK/wire.pcapng" -Y '!nat-pmp || _ws.malformed || _ws.expert' 2>/dev/null)
check "nothing is malformed" [ -z "$odd" ]

# Request: opcode, reserved, internal port, suggested port, lifetime; "-" is "no such field".
# Answer: opcode, result, internal port, granted port, lifetime. The address comes further down.
expected="\
request 2 0 6881 0 0
answer 130 0 6881 0 0
request 2 0 6881 6881 4
answer 130 0 6881 6881 4
request 1 0 6881 0 0
answer 129 0 6881 0 0
request 1 0 6881 6881 4
answer 129 0 6881 6881 4
request 2 0 6881 6881 4
answer 130 0 6881 6881 4
request 1 0 6881 6881 4
answer 129 0 6881 6881 4
request 2 0 6881 0 0
answer 130 0 6881 0 0
request 1 0 6881 0 0
answer 129 0 6881 0 0"
seen=$(awk -F'\t' '
    $7 % 128 == 0 { next }
    $7 < 128 { print "request", $7, $8, $11, $12, $13 }
    $7 > 128 { print "answer", $7, $9, $11, $12, $13 }' "$packets" |
    uniq) # a repeated request, on a busy machine, is one request
check "delete, map, delete, map, renewals, deletes, each answered" [ "$seen" = "$expected" ]
[ "$seen" = "$expected" ] || diff <(echo "$expected") <(echo "$seen") || true

check "the external address is asked once" [ "$(awk -F'\t' '$7 == 0' "$packets" | wc -l)" = 1 ]
check "and answered with result 0" [ "$(column '$7 == 128 { print $9, $14 }')" = "0 $OUTSIDE" ]
check "after the first mapping, before the first renewal" awk -F'\t' '
    $7 == 0 { right = granted >= 1 && granted <= 2 }
    $7 > 128 && $13 > 0 { granted++ }
    END { exit !right }' "$packets"

check "requests go to port 5351 of the gateway" \
    [ "$(column '$7 < 128 { print $2, $4, $5 }')" = "$HOST $INSIDE 5351" ]
check "from one source port" [ "$(column '$7 < 128 { print $3 }' | wc -l)" = 1 ]
check "answers come from there" \
    [ "$(column '$7 >= 128 { print $2, $3, $4 }')" = "$INSIDE 5351 $HOST" ]
check "the renewals come half a lease after the mapping" awk -F'\t' '
    $7 < 128 && $13 == 4 && made[$7] { late = $1 - made[$7]; if (late < 1.9 || late > 2.4) bad = 1 }
    $7 < 128 && $13 == 4 { made[$7] = $1; n++ }
    END { exit bad || n != 4 }' "$packets"
finish
