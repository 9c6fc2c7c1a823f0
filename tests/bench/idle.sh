#!/usr/bin/env bash
# idle.sh PROGRAM [ARGUMENT...]: runs it under strace, and counts the system calls of the client while
# nothing is due. Prints those of the renewal after that too.
set -euo pipefail
command -v strace >/dev/null || { echo "SKIPPED: no strace"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
strace -f -ff -ttt -T -o "$work/calls" "${@:?the idle program}" | tee "$work/out" || status=$?
read -r process from to < <(sed -n 's/.*process \([0-9]*\) from \([0-9.]*\) to \([0-9.]*\)$/\1 \2 \3/p' "$work/out")

# One call must have begun before and ended after; none may begin meanwhile.
awk -v from="$from" -v to="$to" '
    { name = $2; sub(/\(.*/, "", name); took = $NF; gsub(/[<>]/, "", took) }
    $1 < from { last = name; ends = $1 + took }
    $1 >= from && $1 <= to { calls++ }
    $1 > to && name ~ /^[a-z0-9_]+$/ { list = list " " name; woken = 1 }
    END {
        kept = calls == 0 && last ~ /^epoll_p?wait/ && ends > to && woken
        printf "%s  system calls in that time but the %s that waits: %d, limit 0\n",
            kept ? "PASS" : "MISS", last, calls
        print "  those of the renewal, and of telling it:" list
        exit !kept
    }' "$work/calls.$process" || status=$?
exit "$status"
