#!/usr/bin/env bash
# What it costs a program to include the library, against the same program with Asio alone: its size
# against one that uses Asio's narrow headers, its lines against one that includes all of Asio.
#
#   tests/cost/run.sh          the lines that the compiler reads and the size of the program, which no
#                              load of the machine changes; fails where a limit is missed
#   tests/cost/run.sh --time   the compile time, as medians of five runs taken in turn; no limit
#
# CXX names the compiler, g++ by default.
set -euo pipefail
cd "$(dirname "$0")"
compiler=${CXX:-g++}
most_lines=14000
most_bytes=$((125 * 1024))             # header-only
most_bytes_elsewhere=$((141 * 1024))   # compiled once: less is inlined across the two files
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

build() { # SOURCE OPTION...
    local source=$1
    shift
    "$compiler" -std=c++20 -I../../include "$@" "$source.cpp"
}

limited() { # WHAT NUMBER LIMIT
    local missed=""
    [ "$2" -le "$3" ] || missed=": MISSED" status=1
    printf '  %-32s %6d more (limit %d)%s\n' "$1" "$2" "$3" "$missed"
}

show_time() { # WHAT SOURCE OPTION...: against the same with Asio alone, in the processor's time
    local what=$1 source=$2 round TIMEFORMAT='%U %S'
    shift 2
    for round in 1 2 3 4 5; do
        { time build base -c -o "$work/base.o" "$@"; } 2>>"$work/base.times"
        { time build "$source" -c -o "$work/with.o" "$@"; } 2>>"$work/with.times"
    done
    paste <(median "$work/base.times") <(median "$work/with.times") |
        awk -v what="$what" '{ printf "  %-32s %.2f s, with Asio alone %.2f s: %.2f times\n", what, $2, $1, $2 / $1 }'
    rm "$work"/*.times
}

median() { # FILE
    awk '{ print $1 + $2 }' "$1" | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}

if [ "${1:-}" = --time ]; then
    for option in -O0 -O2; do
        echo "compile time, $option:"
        show_time "the library, header-only" with "$option"
        show_time "the library, compiled elsewhere" with "$option" -DNATPMP_SEPARATE_COMPILATION
        show_time "its code, once for a program" source "$option" -DNATPMP_SEPARATE_COMPILATION
    done
    exit
fi

count_lines() { # SOURCE OPTION...: with all of Asio included first
    build "$@" -include asio.hpp -E | grep -vcE '^(#|[[:space:]]*$)'
}

size() { # PROGRAM OBJECT...: stripped
    local program=$work/$1
    shift
    "$compiler" "${@/#/$work/}" -o "$program" -pthread
    strip "$program"
    stat -c %s "$program"
}

echo "lines after preprocessing, blank ones aside:"
base=$(count_lines base)
limited "the library, header-only" $(($(count_lines with) - base)) "$most_lines"
limited "the library, compiled elsewhere" \
    $(($(count_lines with -DNATPMP_SEPARATE_COMPILATION) - base)) "$most_lines"

build base -O2 -c -o "$work/base.o"
build with -O2 -c -o "$work/header_only.o"
build with -O2 -c -o "$work/with.o" -DNATPMP_SEPARATE_COMPILATION
build source -O2 -c -o "$work/source.o" -DNATPMP_SEPARATE_COMPILATION
echo "bytes, -O2, stripped:"
base=$(size base base.o)
limited "the library, header-only" $(($(size header_only header_only.o) - base)) "$most_bytes"
limited "the library, compiled elsewhere" $(($(size separate with.o source.o) - base)) "$most_bytes_elsewhere"
exit "$status"
