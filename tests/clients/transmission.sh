#!/usr/bin/env bash
# transmission-daemon maps its port, renews it and deletes it at the end.
#
# Transmission 3.00 looks at its mapping every 20 minutes only, and renews it then if half of its
# lifetime is over. So its clock, and no other, goes 300 times as fast once the port is mapped. Before
# that it would give up after half a second; and it takes an answer that comes after a millisecond for
# lost then, and asks again. Since libnatpmp takes the second answer for that to its next request, a
# moved port would be noticed late: none is moved here.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
need transmission-daemon
fast_clock=$(find /usr/lib -name libfaketime.so.1 -print -quit)
[[ -n $fast_clock ]] || skip "no libfaketime"
start_fake 1200

mkdir "$WORK/transmission"
cat >"$WORK/transmission/settings.json" <<'JSON'
{
    "peer-port": 6881, "peer-port-random-on-start": false, "port-forwarding-enabled": true,
    "dht-enabled": false, "lpd-enabled": false, "pex-enabled": false, "utp-enabled": false,
    "rpc-enabled": false, "watch-dir-enabled": false
}
JSON
: >"$WORK/transmission.out"
speed() { echo "+0 x$1" >"$WORK/clock"; }
speed 1
LD_PRELOAD=$fast_clock FAKETIME_TIMESTAMP_FILE=$WORK/clock FAKETIME_NO_CACHE=1 TRANSMISSION_HOME=$WORK/transmission \
    ip netns exec "$A" transmission-daemon --foreground --log-debug \
    --download-dir "$WORK/transmission" >"$WORK/transmission.out" 2>&1 &
client[transmission]=$!

map=$(map_bytes tcp 6881 6881 3600)
# What some routers refuse: RFC 6886 wants external port 0 there.
delete=$(map_bytes tcp 6881 6881 0)
check "it asks for the address" wait_for 10 requested 0000
# It looks for a UPnP router first, for eight seconds.
check "it learns the address" wait_for 30 says transmission 'public address "203.0.113.7"'
check "it maps its port" wait_for 10 requested "$map"
check "the gateway has the mapping" wait_for 2 holds 1
check "it knows that its port is forwarded" wait_for 5 says transmission "6881 forwarded successfully"
speed 300 # which also moves its clock ahead, so that the first renewal is due now
for round in 1 2; do
    check "renewal $round" wait_for 30 says transmission "forwarded successfully" $((round + 1))
done
check "a renewal came 20 minutes of its clock after another" wait_for 2 apart 3.8 "$map"
check "the gateway has the one mapping" holds 1

# Transmission sends nothing for eight seconds of its clock after a request, nor a delete then.
sleep 1
stop_client transmission
check "it ends when it is told to" [ "$status" = 0 ]
check "it has deleted its mapping" wait_for 2 requested "$delete"
check "the gateway has none" wait_for 2 holds 0
show_requests
check "nothing else was sent, byte for byte" \
    [ "$(sent | cut -d ' ' -f 1 | uniq | xargs)" = "0000 $map $delete" ]
finish
