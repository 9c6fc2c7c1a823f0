#!/usr/bin/env bash
# The same job by natpmpc, of libnatpmp, and by examples/map_port: a process starts, maps one TCP port
# and ends. At miniupnpd, and at a gateway on loopback that answers at once. ALTERNATE, MAP_PORT and
# MAP_PORT_STATIC name the programs; the last one has the C++ library linked in. DATA: a folder for
# the figures.
export ECHO_SERVER=/bin/true # which lib.sh asks for
# shellcheck source=../gateway/lib.sh
source "$(dirname "$0")/../gateway/lib.sh"
command -v natpmpc >/dev/null || skip "no natpmpc"

names=("natpmpc" "map_port without clean-up" "map_port" "static map_port without clean-up")
commands_for() { # GATEWAY: sets commands
    commands=(
        "natpmpc -g $1 -a 6881 6881 tcp 7200"
        "$MAP_PORT --gateway $1 --tcp 6881 --once --no-cleanup"
        "$MAP_PORT --gateway $1 --tcp 6881 --once"
        "$MAP_PORT_STATIC --gateway $1 --tcp 6881 --once --no-cleanup"
    )
}

compare() { # TITLE FILE GATEWAY-TO-START ROUNDS
    local contenders=() at
    for at in "${!names[@]}"; do
        contenders+=("${names[at]}" "${commands[at]}")
    done
    ip netns exec "$A" "$ALTERNATE" "$3" "$4" 25 "${contenders[@]}" >"$WORK/times"
    echo "$1, medians of $(cut -f 4 "$WORK/times" | head -n 1) rounds in turn"
    paste "$WORK/times" <(printf '%s\n' "${datagrams[@]}") | tee ${DATA:+"$DATA/$2.tsv"} |
        awk -F'\t' '{ printf "  %-33s %6.2f ms, CPU %5.2f ms, %d datagrams sent\n", $1, $2, $3, $5 }'
}

build_network
start_daemon "$G" "$OUTSIDE"
commands_for "$INSIDE"
datagrams=()
for at in "${!names[@]}"; do
    start_capture "$at" "$A" eth0
    # shellcheck disable=SC2086
    ip netns exec "$A" ${commands[at]} >"$WORK/once.out" 2>&1
    stop_capture "$at"
    datagrams+=("$(awk -F'\t' '$5 == 5351' "$WORK/$at.txt" | wc -l)")
done
has_rule tcp 6881 || { echo "the gateway has no mapping"; exit 1; }

compare "one TCP port mapped at miniupnpd by a whole process" miniupnpd none 40
commands_for 127.0.0.1
compare "the same at a gateway that answers at once" loopback 5351 200
finish
