# shellcheck shell=bash
# What the tests of other clients share: they run on host A, and tests/clients/gateway.cpp, which is
# a fake_gateway, on the gateway G.
#
# FAKE_GATEWAY names that binary. The scripts read globals that are set here, so:
# shellcheck disable=SC2034

export MAP_PORT=/bin/false ECHO_SERVER=/bin/false # which lib.sh asks for
# shellcheck source=../gateway/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../gateway/lib.sh"
: "${FAKE_GATEWAY:?the client_gateway binary}"

need() { # PROGRAM...
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || skip "no $program"
    done
}

start_fake() { # LIFETIME
    build_network
    : >"$WORK/gateway.log"
    ip netns exec "$G" "$FAKE_GATEWAY" "$INSIDE" "$1" >"$WORK/gateway.log" 2>&1 &
    fake=$!
    check "the gateway is there" wait_for 5 grep -q '^ready' "$WORK/gateway.log"
}

move_ports() { # once in a script: the gateway moves each mapping to the next external port
    kill -USR1 "$fake"
    wait_for 5 grep -q '^moved' "$WORK/gateway.log"
}

# A request as "BYTES what they say", whenever it came; a retransmission right after it is the same.
sent() {
    grep -E '^[0-9]' "$WORK/gateway.log" | cut -d ' ' -f 2- | uniq
}

map_bytes() { # PROTOCOL PORT EXTERNAL LIFETIME: a request (RFC 6886, section 3.3)
    local opcode=1
    [[ $1 == udp ]] || opcode=2
    printf '00%02x0000%04x%04x%08x' "$opcode" "$2" "$3" "$4"
}

requested() { # BYTES [TIMES]: whether it came so often, retransmissions counted
    (($(awk -v bytes="$1" '$2 == bytes { ++n } END { print n + 0 }' "$WORK/gateway.log") >= ${2:-1}))
}

holds() { # N: how many mappings the gateway has now
    [[ $(awk '$1 == "holds" { n = $2 } END { print n + 0 }' "$WORK/gateway.log") == "$1" ]]
}

apart() { # SECONDS BYTES: whether the first and the last of these are so far apart, or further
    awk -v bytes="$2" -v least="$1" '$2 == bytes { if (!n++) first = $1; last = $1 }
        END { exit !(n && last - first >= least) }' "$WORK/gateway.log"
}

show_requests() {
    sed 's/^/#   /' "$WORK/gateway.log"
}
