#!/usr/bin/env bash
# run_one.sh FUZZER CORPUS WORK SECONDS SEED: runs a fuzzer on its corpus for so long, and tells what
# it did. What it finds is kept in WORK/found; with the seed 0, another one each time, the next run
# goes on from there, while with any other seed a run begins with the corpus alone, so that it can be
# repeated.
#
# Fails if a rule is broken, and also if there is no corpus, if nothing but the corpus was run, or if
# the run did not get to each of the places that the fuzzer names.
set -euo pipefail
fuzzer=$1 corpus=$2 work=$3 seconds=$4 seed=$5
name=$(basename "$corpus")

fail() {
    echo "$name: FAILED: $*"
    exit 1
}

files=$(find "$corpus" -type f 2>/dev/null | wc -l)
[ "$files" -gt 0 ] || fail "there is no corpus in $corpus"
[ "$seed" = 0 ] || rm -rf "$work/found"
mkdir -p "$work/found" "$work/crashes"

# A small quarantine is enough for what lives no longer than one input, and twice as fast.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:quarantine_size_mb=16:malloc_context_size=10
log=$work/log
status=0
"$fuzzer" "-seed=$seed" "-max_total_time=$seconds" -timeout=20 -max_len=1500 -print_final_stats=1 \
    "-artifact_prefix=$work/crashes/" "$work/found" "$corpus" >"$log" 2>&1 || status=$?
if [ "$status" != 0 ]; then
    grep -v -E '^#[0-9]+[[:space:]]|NEW_FUNC|^INFO' "$log" | head -100
    fail "exit code $status; again, and told step by step: FUZZ_TRACE=1 $fuzzer" \
        "$(sed -n 's/.*Test unit written to //p' "$log")"
fi

number() {
    sed -n "s/^stat::$1: *//p" "$log"
}
executed=$(number number_of_executed_units)
echo "$name: ${executed:-no} executions in $seconds s, $(number average_exec_per_sec) a second," \
    "$(sed -n 's/.*DONE *cov: \([0-9]*\) .*/\1/p' "$log") edges covered," \
    "seed $(sed -n 's/^INFO: Seed: //p' "$log"), corpus of $files files"
grep '^reached ' "$log" || true
[ "${executed:-0}" -gt $((files + 100)) ] || fail "nothing but the corpus was run"
grep -q '^reached ' "$log" || fail "the fuzzer did not tell what it reached"
missed=$(sed -n 's/^reached 0 times: //p' "$log" | paste -sd, -)
[ -z "$missed" ] || fail "never reached: $missed"
