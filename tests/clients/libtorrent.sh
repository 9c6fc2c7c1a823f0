#!/usr/bin/env bash
# libtorrent's own client of NAT-PMP, in a session of python3-libtorrent: it maps TCP and UDP, renews
# after three quarters of the lifetime, follows to another port, and deletes at the end.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
python=/usr/bin/python3 # the one that Debian's packages are for
"$python" -c 'import libtorrent' 2>/dev/null || skip "no python3-libtorrent"
start_fake 6

mkfifo "$WORK/end"
: >"$WORK/libtorrent.out"
ip netns exec "$A" "$python" "$(dirname "$0")/torrent.py" 6881 <"$WORK/end" \
    >"$WORK/libtorrent.out" 2>&1 &
client[libtorrent]=$!
exec 4<>"$WORK/end" # for both, so that it breaks no pipe if the session is gone

told() { # PROTOCOL PORT [TIMES]: the session was told that this external port is its own
    says libtorrent "successfully mapped port using NAT-PMP.*external port: $1/$2\$" "${3:-1}"
}

both_told() { told TCP "$@" && told UDP "$@"; }

# It asks by PCP first, and the gateway does not know that version.
check "it maps both" wait_for 10 both_told 6881
check "it has tried PCP before" grep -qE '^[0-9.]+ 0201.{116} ' "$WORK/gateway.log"
check "it asks for the address" requested 0000
check "the gateway has both" wait_for 2 holds 2
check "it renews both" wait_for 10 both_told 6881 2
check "the gateway moves both" move_ports
check "it is told the next port up" wait_for 10 both_told 6882
check "which the next renewal suggests" wait_for 10 both_told 6882 2
check "a renewal is at least 4.3 s after the mapping" apart 4.3 "$(map_bytes tcp 6881 6881 3600)"

mark
echo end >&4
await_exit libtorrent 10
check "the session ends" [ "$status" = 0 ]
check "the gateway has none" wait_for 2 holds 0
show_requests
wanted() {
    local protocol external
    echo 0000
    for protocol in udp tcp; do
        for external in 6881 6882; do
            map_bytes "$protocol" 6881 "$external" 3600
            echo
        done
    done
}
deletes() { # What some routers refuse: RFC 6886 wants external port 0 there.
    map_bytes tcp 6881 6882 0
    echo
    map_bytes udp 6881 6882 0
    echo
}
check "nothing else was sent, byte for byte" \
    [ "$(sent | cut -d ' ' -f 1 | grep -v ^02 | head -n -2 | sort -u)" = "$(wanted | sort)" ]
check "at the end it deletes both, and names the moved port" \
    [ "$(sent | cut -d ' ' -f 1 | tail -n 2)" = "$(deletes)" ]
finish
