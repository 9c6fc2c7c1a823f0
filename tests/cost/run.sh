#!/usr/bin/env bash
# What it costs a program to include the library: compile time and size against the same program
# with Asio alone. Where there is a limit on the time, that is a median of three runs taken in turn.
# Fails where a limit is missed: 1.35 times the compile time where the library is compiled once
# (NATPMP_SEPARATE_COMPILATION), and 150 KiB more in either case. CXX names the compiler, g++ by
# default.
set -euo pipefail
cd "$(dirname "$0")"
compiler=${CXX:-g++}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

compile() { # OUTPUT SOURCE OPTION...: adds the processor time in ms to OUTPUT.times
    local output=$work/$1 source=$2 TIMEFORMAT='%U %S' times
    shift 2
    times=$({ time "$compiler" -std=c++20 "$@" -I../../include -c "$source.cpp" -o "$output.o"; } 2>&1)
    awk '{ printf "%d\n", ($1 + $2) * 1000 }' <<<"$times" >>"$output.times"
}

median() { # OUTPUT
    sort -n "$work/$1.times" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}

compare() { # WHAT OUTPUT LIMIT
    awk -v what="$1" -v base="$(median base)" -v with="$(median "$2")" -v limit="$3" 'BEGIN {
        times = with / base
        missed = limit && times > limit
        printf "  %-32s %6d ms, %.2f times", what, with, times
        if (limit) printf " (limit %.2f)%s", limit, missed ? ": MISSED" : ""
        print ""
        exit missed }' || status=1
}

for option in -O0 -O2; do
    rm -f "$work"/*.times
    for round in 1 2 3; do
        compile base base "$option"
        compile separate with "$option" -DNATPMP_SEPARATE_COMPILATION
        [ $round = 1 ] || continue # these have no limit
        compile header_only with "$option"
        compile source source "$option" -DNATPMP_SEPARATE_COMPILATION
    done
    echo "compile time, $option:"
    printf '  %-32s %6d ms\n' "Asio alone" "$(median base)"
    compare "the library, compiled elsewhere" separate 1.35
    compare "the library, header-only" header_only 0
    printf '  %-32s %6d ms\n' "its code, once for a program" "$(median source)"
done

link() { # PROGRAM OBJECT...: prints its stripped size
    local program=$work/$1
    shift
    "$compiler" "${@/#/$work/}" -o "$program" -pthread
    strip "$program"
    stat -c %s "$program"
}

compare_size() { # WHAT BYTES
    local limit=$((150 * 1024)) missed=""
    [ "$2" -le "$limit" ] || missed=": MISSED" status=1
    printf '  %-32s %6d bytes more (limit %d)%s\n' "$1" "$2" "$limit" "$missed"
}

base=$(link base base.o)
separate=$(link separate separate.o source.o)
header_only=$(link header_only header_only.o)
echo "size, -O2, stripped:"
printf '  %-32s %6d bytes\n' "Asio alone" "$base"
compare_size "the library, compiled elsewhere" $((separate - base))
compare_size "the library, header-only" $((header_only - base))
exit "$status"
