#!/usr/bin/env bash
# What it costs a program to include the library: compile time and size against the same program
# with Asio alone. Prints medians of five runs. CXX names the compiler, g++ by default.
set -euo pipefail
cd "$(dirname "$0")"
compiler=${CXX:-g++}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() { # PROGRAM OPTION: prints the processor time in ms
    local TIMEFORMAT='%U %S' times
    times=$({ time "$compiler" -std=c++20 "$2" -I../../include "$1.cpp" -o "$work/$1" -pthread; } 2>&1)
    awk '{ printf "%d\n", ($1 + $2) * 1000 }' <<<"$times"
}

median() { sort -n | sed -n 3p; }

for option in -O0 -O2; do
    base=$(for _ in 1 2 3 4 5; do build base "$option"; done | median)
    with=$(for _ in 1 2 3 4 5; do build with "$option"; done | median)
    awk -v o="$option" -v b="$base" -v w="$with" 'BEGIN {
        printf "%s: %d ms with Asio alone, %d ms with the library: %.2f times\n", o, b, w, w / b }'
done
strip "$work/base" "$work/with"
base=$(stat -c %s "$work/base")
with=$(stat -c %s "$work/with")
echo "-O2, stripped: $base bytes with Asio alone, $with with the library: $(((with - base) / 1024)) KiB more"
