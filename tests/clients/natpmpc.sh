#!/usr/bin/env bash
# natpmpc, of libnatpmp: what it sends for a mapping, for a renewal and for the end of it, and what it
# makes of the fake gateway's answers.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
need natpmpc
start_fake 60

natpmpc_says() { # TEXT
    grep -qF "$1" "$WORK/natpmpc.out"
}

natpmpc() { # EXTERNAL INTERNAL PROTOCOL LIFETIME
    ip netns exec "$A" timeout 10 natpmpc -a "$@" >"$WORK/natpmpc.out" 2>&1
}

check "it finds the gateway and maps" natpmpc 6881 6881 tcp 3600
check "the address is the gateway's" natpmpc_says "Public IP address : 203.0.113.7"
check "it is told the lifetime granted, not the one it asked for" \
    natpmpc_says "Mapped public port 6881 protocol TCP to local port 6881 liftime 60"
check "the gateway has the mapping" wait_for 2 holds 1
check "it renews, as another process" natpmpc 6881 6881 tcp 3600
check "the same mapping" natpmpc_says "Mapped public port 6881 protocol TCP to local port 6881"
check "it maps UDP too" natpmpc 6881 6881 udp 3600
check "the gateway has two mappings" wait_for 2 holds 2

check "the gateway moves both ports" move_ports
check "a moved port is told" natpmpc 6881 6881 tcp 3600
check "the next one up" natpmpc_says "Mapped public port 6882 protocol TCP to local port 6881"

check "it deletes TCP" natpmpc 0 6881 tcp 0
check "which is confirmed" natpmpc_says "Mapped public port 0 protocol TCP to local port 6881 liftime 0"
check "the gateway has one mapping" wait_for 2 holds 1
# What some routers refuse: RFC 6886 wants 0 there.
check "it deletes UDP, and names the external port" natpmpc 6881 6881 udp 0
check "the gateway has none" wait_for 2 holds 0

wanted() {
    local each
    for each in "tcp 6881 6881 3600" "tcp 6881 6881 3600" "udp 6881 6881 3600" "tcp 6881 6881 3600" \
        "tcp 6881 0 0" "udp 6881 6881 0"; do
        echo 0000
        # shellcheck disable=SC2086
        map_bytes $each
        echo
    done
}
show_requests
check "nothing else was sent, byte for byte" [ "$(sent | cut -d ' ' -f 1)" = "$(wanted)" ]
finish
