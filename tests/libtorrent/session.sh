#!/usr/bin/env bash
# examples/libtorrent at the real gateway: a peer from outside reaches the session, and when the
# gateway has given the port away, the tracker hears of the next one at once and peers come in there.
# LIBTORRENT_SESSION names the program.
export MAP_PORT=/bin/false ECHO_SERVER=/bin/false # which lib.sh asks for
# shellcheck source=../gateway/lib.sh
source "$(dirname "$0")/../gateway/lib.sh"
: "${LIBTORRENT_SESSION:?the libtorrent_session binary}"
command -v python3 >/dev/null || skip "no python3"
here=$(cd "$(dirname "$0")" && pwd)
cd "$WORK" # which the session saves to

hash=6e61742d706d7020746573742d746f7272656e74
tracker="http://$FAR:8000/announce"

announced() { # EVENT PORT; a session that listens on another port starts with it
    grep -qxE "announced ($1) $2" "$WORK/tracker.log"
}

shakes_hands() { # PORT: with a peer on host B
    ip netns exec "$B" python3 "$here/handshake.py" "$OUTSIDE" "$1" "$hash" \
        >"$WORK/handshake.out" 2>&1
}

no_handshake() { ! shakes_hands "$@"; }

build_network
start_daemon "$G" "$OUTSIDE"
: >"$WORK/tracker.log"
ip netns exec "$B" python3 "$here/tracker.py" "$FAR" 8000 >"$WORK/tracker.log" 2>&1 &
check "the tracker is there" wait_for 10 grep -q ready "$WORK/tracker.log"
check "before: no handshake" no_handshake 6881

MAP_PORT=$LIBTORRENT_SESSION
start_client session --port 6881 --lifetime 60 "magnet:?xt=urn:btih:$hash&tr=$tracker"
check "libtorrent listens" wait_for 10 says session '^libtorrent .* listens on port 6881$'
check "TCP is mapped" wait_for 5 says session '^router: mapped tcp 6881 -> 6881$'
check "UDP is mapped" wait_for 5 says session '^router: mapped udp 6881 -> 6881$'
check "the tracker hears of the port" wait_for 10 announced started 6881
check "a peer from outside reaches the session" wait_for 5 shakes_hands 6881
note "$(sed 's/ listens.*//;q' "$WORK/session.out"), which calls itself $(cat "$WORK/handshake.out")"

# The next daemon must not give that port to anybody.
check "the daemon has run for a while" wait_for 6 daemon_is_old "$G"
kill_daemon "$G"
DENIED=6881
mark
start_daemon "$G" "$OUTSIDE"
check "the session says where peers reach it" \
    wait_for 20 says session '^tracker: peers reach us at port 6882$'
check "the tracker hears of the next port" wait_for 20 announced 'none|started' 6882
note "$(took) ms after the restart of the gateway"
check "UDP has the same port" \
    wait_for 10 says session '^router: (mapped|endpoint_changed) udp 688[12] -> 6882$'
check "a peer reaches the session there" wait_for 10 shakes_hands 6882
check "but not on the port of before" no_handshake 6881

mark
kill -TERM "${client[session]}"
await_exit session 10
check "exit code 0 after SIGTERM ($elapsed ms)" [ "$status" = 0 ]
check "the tracker hears that it is gone" wait_for 5 announced stopped 6882
check "the ruleset has no mapping any more" no_rules
check "no announcement named another port" \
    [ "$(grep announced "$WORK/tracker.log" | cut -d ' ' -f 3 | sort -u | xargs)" = "6881 6882" ]
sed 's/^/#   /' "$WORK/tracker.log" "$WORK/session.out"
finish
