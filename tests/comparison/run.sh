#!/usr/bin/env bash
# What natpmpc (libnatpmp) and map_port (this library) make of the same gateways, side by side:
#
#   tests/comparison/run.sh MAP_PORT
#
# MAP_PORT is the program, .build/gcc/examples/map_port after tests/run.sh. It takes root, natpmpc,
# python3, iproute2 and strace, and uses a network namespace of its own. Nothing is checked: it shows
# what docs/coming-from-other-libraries.md says.
set -euo pipefail
cd "$(dirname "$0")"
map_port=$(realpath "${1:?the map_port binary}")
if [ "${2:-}" != inside ]; then
    exec unshare --net -- bash "$PWD/run.sh" "$map_port" inside
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ip link set lo up

now() { echo $((${EPOCHREALTIME/./} / 1000)); }

show() { # COMMAND...: its last lines, its exit code and its time; 4 s at most
    local start status=0
    start=$(now)
    timeout 4 "$@" >"$work/out" 2>&1 || status=$?
    grep -vE '^(initnatpmp|using|sendnew|sendpublic|readnatpmp)|^ *errno|^epoch' "$work/out" | tail -n 3 |
        sed 's/^/    /' || true
    local end="exit code $status"
    [ "$status" != 124 ] || end="was still waiting, and stopped by a signal,"
    echo "    $end after $(($(now) - start)) ms"
}

at() { # HABIT COMMAND...: against this gateway; its record of requests follows
    python3 gateway.py "$1" >"$work/gateway" &
    local gateway=$!
    until grep -q ready "$work/gateway"; do sleep 0.05; done
    show "${@:2}"
    kill "$gateway"
    wait "$gateway" 2>/dev/null || true
    sed 1d "$work/gateway"
}

ours=("$map_port" --gateway 127.0.0.1 --local 127.0.0.1 --tcp 6881 --lifetime 3600 --once --shutdown-limit 1)

for habit in good short stranger other zero private silent; do
    echo "== $habit: $(sed -n "s/^  $habit  *//p" gateway.py)"
    echo "  natpmpc -a 6881 6881 tcp 3600"
    at "$habit" natpmpc -g 127.0.0.1 -a 6881 6881 tcp 3600
    echo "  map_port --tcp 6881 --lifetime 3600 --once"
    at "$habit" "${ours[@]}"
done

echo "== nobody listens"
echo "  natpmpc"
show natpmpc -g 127.0.0.1 -a 6881 6881 tcp 3600
echo "  map_port"
show "${ours[@]}"

echo "== the gateway beside a VPN with half-routes: first without the VPN, then with it"
add_interface() { # NAME ADDRESS: with a cable to nobody
    ip link add "$1" type veth peer name "$1-end"
    ip addr add "$2/24" dev "$1"
    ip link set "$1" up
    ip link set "$1-end" up
}
add_interface lan 192.168.1.2
add_interface tun 10.8.0.2
ip route add default via 192.168.1.1
for vpn in without with; do
    [ "$vpn" = without ] || ip route add 0.0.0.0/1 via 10.8.0.1
    [ "$vpn" = without ] || ip route add 128.0.0.0/1 via 10.8.0.1
    for program in natpmpc "$map_port --tcp 6881 --timeout 1"; do
        # shellcheck disable=SC2086
        asked=$(timeout 3 strace -f -e trace=connect $program 2>&1 |
            sed -n 's/.*sin_port=htons(5351), sin_addr=inet_addr("\([^"]*\)").*/\1/p' | sort -u | xargs || true)
        echo "    $vpn VPN, $(basename "${program%% *}") asks $asked"
    done
done
