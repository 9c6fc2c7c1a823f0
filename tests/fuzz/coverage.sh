#!/usr/bin/env bash
# Which lines of the library's headers the fuzzers reach: replays each corpus and what earlier runs of
# the fuzzers found, goes on for SECONDS (20; 0: replays only), and prints a line for each header.
#
#   tests/fuzz/coverage.sh [SECONDS] [HEADER...]   with a header (netlink.hpp): also its lines that
#                                                  were never reached
#
# Takes clang-19, libclang-rt-19-dev and llvm-19 of Debian 12.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-20}
shift || true

root=${BUILD_ROOT:-.build}
build=$root/fuzz-coverage
cmake -C cmake/fuzz.cmake -G Ninja -S . -B "$build" \
    -DCMAKE_CXX_FLAGS="-fprofile-instr-generate -fcoverage-mapping" >/dev/null
cmake --build "$build" --parallel "$(nproc)" >/dev/null

objects=() profiles=()
for corpus in tests/fuzz/corpus/*/; do
    name=$(basename "$corpus")
    fuzzer=$build/tests/fuzz/fuzz_$name
    inputs=("$corpus")
    [ ! -d "$root/fuzz/tests/fuzz/$name/found" ] || inputs+=("$root/fuzz/tests/fuzz/$name/found")
    found=$(mktemp -d)
    limit=(-runs=0)
    [ "$seconds" = 0 ] || limit=("-max_total_time=$seconds")
    LLVM_PROFILE_FILE=$build/$name.profraw "$fuzzer" -seed=1 -max_len=1500 "${limit[@]}" \
        -artifact_prefix="$build/" "$found" "${inputs[@]}" 2>&1 | grep -E 'DONE|BROKEN|Test unit'
    rm -r "$found"
    objects+=(${objects[0]+-object} "$fuzzer")
    profiles+=("$build/$name.profraw")
done
llvm-profdata-19 merge -sparse "${profiles[@]}" -o "$build/all.profdata"
quiet() { # each fuzzer has a function of its own that is named as the others'
    "$@" 2> >(grep -v 'functions have mismatched data' >&2)
}
quiet llvm-cov-19 report "${objects[@]}" -instr-profile="$build/all.profdata" -show-branch-summary=false \
    -show-region-summary=false include/natpmp
for header in "$@"; do
    echo "== never reached in $header"
    quiet llvm-cov-19 show "${objects[@]}" -instr-profile="$build/all.profdata" \
        "$(find include/natpmp -name "$header")" | grep -E '^ *[0-9]+\| *0\|' || true
done
