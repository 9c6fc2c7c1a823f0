# shellcheck shell=bash
# What the gateway tests share: host A, gateway G and host B in network
# namespaces of their own, miniupnpd on G, and checks that print a line each.
#
#   A 192.168.77.2 --[lan]-- 192.168.77.1 G 11.22.33.1 --[wan]-- 11.22.33.2 B
#
# MAP_PORT and ECHO_SERVER name the binaries to run. The scripts read globals
# that are set here, so:
# shellcheck disable=SC2034

set -euo pipefail
export LC_ALL=C # tools speak English and write decimals with a point
finished=no

skip() {
    echo "SKIPPED: gateway tests need root, network namespaces and nftables: $*"
    finished=yes
    [[ ${CI:-} == true ]] && exit 1
    exit 77
}

[[ $EUID -eq 0 ]] || skip "not root"
PATH=$PATH:/usr/sbin:/sbin
for tool in ip nft ss miniupnpd dumpcap tshark socat; do
    command -v "$tool" >/dev/null || skip "no $tool"
done
: "${MAP_PORT:?the map_port binary}" "${ECHO_SERVER:?the echo_server binary}"

# miniupnpd refuses to serve an address that is private or reserved, those for
# documentation among them. These look public and never leave the namespaces.
OUTSIDE=11.22.33.1
FAR=11.22.33.2
INSIDE=192.168.77.1
HOST=192.168.77.2

S=natpmp-$$-s A=natpmp-$$-a G=natpmp-$$-g B=natpmp-$$-b
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
WORK=$(mktemp -d)
namespaces=()
declare -A daemon=() daemon_start=() client=() capture=()
cables=0
failures=0

# ---- checks ----------------------------------------------------------------

check() { # DESCRIPTION COMMAND...
    local what=$1
    shift
    if "$@"; then
        echo "ok - $what"
    else
        echo "not ok - $what"
        failures=$((failures + 1))
    fi
}

note() { echo "# $*"; }

now() { # in ms
    echo $((${EPOCHREALTIME/./} / 1000))
}

# Measured from the last start or signal of a client, or from mark.
mark() { since=$(now); }
took() { echo $(($(now) - since)); }

wait_for() { # SECONDS COMMAND...: until it is true, asked every 0.1 s
    local tries=$(($1 * 10))
    shift
    while ! "$@"; do
        ((tries-- > 0)) || return 1
        sleep 0.1
    done
}

finish() {
    finished=yes
    ((failures == 0)) || show_state
    exit $((failures > 0))
}

show_state() {
    local file
    for file in "$WORK"/*.out "$WORK"/*.log; do
        [[ -s $file ]] || continue
        echo "--- ${file##*/}"
        tail -n 40 "$file"
    done
    ip netns exec "$G" nft list table inet gate || true
}

cleanup() {
    local status=$? space
    if [[ $finished == no ]]; then
        echo "not ok - the script stopped early with status $status"
        show_state
    fi
    for space in "${namespaces[@]}"; do
        ip netns pids "$space" | xargs -r kill -9
        ip netns del "$space"
    done
    wait
    rm -rf "$WORK"
} 2>/dev/null
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- the network -----------------------------------------------------------

add_namespace() { # NAME
    ip netns add "$1" || return
    namespaces+=("$1")
    ip -n "$1" link set lo up
}

plug() { # NAMESPACE INTERFACE SWITCH ADDRESS
    local port=port$((++cables))
    ip -n "$1" link add "$2" type veth peer name "$port" netns "$S"
    ip -n "$S" link set "$port" master "$3" up
    ip -n "$1" addr add "$4/24" dev "$2"
    ip -n "$1" link set "$2" up
}

add_gateway() { # NAMESPACE INSIDE OUTSIDE
    add_namespace "$1"
    plug "$1" lan lan "$2"
    plug "$1" wan wan "$3"
    # With notices to the neighbours when an address moves, as routers send them.
    ip netns exec "$1" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
        echo 1 >/proc/sys/net/ipv4/conf/all/arp_notify'
    ip netns exec "$1" nft -f - <<'RULES'
table inet gate {
    chain input { type filter hook input priority 0; }
    chain output { type filter hook output priority 0; }
    chain forward {
        type filter hook forward priority 0; policy drop;
        ct state established,related accept
        iifname "lan" oifname "wan" accept
        jump upnp_forward
    }
    chain prerouting {
        type nat hook prerouting priority -100;
        jump upnp_prerouting
    }
    chain postrouting {
        type nat hook postrouting priority 100;
        jump upnp_postrouting
        oifname "wan" masquerade
    }
    chain upnp_forward { }
    chain upnp_prerouting { }
    chain upnp_postrouting { }
}
RULES
}

build_network() {
    add_namespace "$S" || skip "no network namespaces"
    local switch
    for switch in lan wan; do
        ip -n "$S" link add "$switch" type bridge mcast_snooping 0 ||
            skip "no bridges"
        ip -n "$S" link set "$switch" up
    done
    ip netns exec "$S" nft add table inet probe || skip "no nftables"
    add_namespace "$A"
    add_namespace "$B"
    plug "$A" eth0 lan "$HOST"
    plug "$B" eth0 wan "$FAR"
    ip -n "$A" route add default via "$INSIDE"
    add_gateway "$G" "$INSIDE" "$OUTSIDE"
}

# ---- the gateway's daemon --------------------------------------------------

DENIED= # a port that the daemon must not give to anybody
start_daemon() { # NAMESPACE [EXTERNAL ADDRESS]; without: the interface's own
    local conf=$WORK/$1.conf
    cat >"$conf" <<CONF
ext_ifname=wan
${2:+ext_ip=$2}
listening_ip=lan
enable_natpmp=yes
enable_upnp=no
secure_mode=yes
system_uptime=no
uuid=8d1ac4e2-6d1f-4a54-9a3c-7a9f8a1a4c11
upnp_table_name=gate
upnp_nat_table_name=gate
upnp_forward_chain=upnp_forward
upnp_nat_chain=upnp_prerouting
upnp_nat_postrouting_chain=upnp_postrouting
${DENIED:+deny $DENIED 192.168.77.0/24 1024-65535}
allow 1024-65535 192.168.77.0/24 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
CONF
    ip netns exec "$1" miniupnpd -d -f "$conf" -P "$WORK/$1.pid" \
        >>"$WORK/$1.log" 2>&1 &
    daemon[$1]=$!
    daemon_start[$1]=$(now)
    wait_for 3 daemon_listens "$1"
}

daemon_listens() { # NAMESPACE
    ip netns exec "$1" ss -Hlun 'sport = :5351' | grep -q .
}

# A restart shows as a step back of the daemon's clock only when it ran for
# more than the two seconds of grace that the protocol gives.
daemon_is_old() { # NAMESPACE
    (($(now) - ${daemon_start[$1]} > 5000))
}

kill_daemon() { # NAMESPACE: as a power failure does, the mappings too
    local chain
    kill -9 "${daemon[$1]}"
    wait "${daemon[$1]}" 2>/dev/null || true
    for chain in upnp_forward upnp_prerouting upnp_postrouting; do
        ip netns exec "$1" nft flush chain inet gate "$chain"
    done
}

drop_requests() { # NAMESPACE
    ip netns exec "$1" nft add rule inet gate input udp dport 5351 counter drop
}

drop_announcements() { # NAMESPACE
    ip netns exec "$1" nft add rule inet gate output udp dport 5350 drop
}

dropped_some() { # NAMESPACE
    ip netns exec "$1" nft list chain inet gate input |
        grep -q 'counter packets [1-9]'
}

dropped_none() { ! dropped_some "$@"; }

drop_nothing() { # NAMESPACE
    ip netns exec "$1" nft flush chain inet gate input
    ip netns exec "$1" nft flush chain inet gate output
}

has_rule() { # PROTOCOL PORT [NAMESPACE]: in both chains
    local number chain
    [[ $1 == tcp ]] && number=0x6 || number=0x11
    for chain in upnp_prerouting upnp_forward; do
        # nft prints the daemon's rules by offset or by name.
        ip netns exec "${3:-$G}" nft list chain inet gate "$chain" |
            grep -E "($number|$1) " | grep -qw "dport $2" || return 1
    done
}

no_rules() { # [NAMESPACE]
    ! ip netns exec "${1:-$G}" nft list table inet gate | grep -qE 'dnat|iif .* accept'
}

# ---- the scripted gateway, where time is what is tested ---------------------

# On G, beside or instead of the daemon, on a port of its own.
start_scripted() { # NAME PORT OPTION...: those of scripted_gateway.py
    local name=$1 port=$2
    shift 2
    command -v python3 >/dev/null || skip "no python3"
    : >"$WORK/$name.log"
    ip netns exec "$G" python3 "$HERE/scripted_gateway.py" --address "$INSIDE" --port "$port" \
        --pid-file "$WORK/$name.pid" "$@" >"$WORK/$name.log" 2>&1 &
    wait_for 5 grep -q '^ready' "$WORK/$name.log"
}

# The client that the gateway stops at the times it was given.
let_stop() { # GATEWAY CLIENT
    echo "${client[$2]}" >"$WORK/$1.pid"
}

# Lines of a gateway's log from its first grant on, of all that match, answered or not:
# "requests gate map" or "requests gate delete tcp 6881".
requests() { # GATEWAY KIND [PROTOCOL PORT]: their times
    awk -v kind="$2" -v protocol="${3:-}" -v port="${4:-}" '
        $1 != "-" && ($3 == "request" || $3 == "dropped") && $4 == kind &&
        (protocol == "" || ($5 == protocol && $6 == port)) { print $1 }' "$WORK/$1.log"
}

time_of() { # GATEWAY WHAT [N]: when that was logged for the N-th time
    awk -v what="$2" -v n="${3:-1}" '$3 == what && ++seen == n { print $1 }' "$WORK/$1.log"
}

logged() { # GATEWAY WHAT [N]: at least N times
    [[ -n $(time_of "$@") ]]
}

# How far from its planned time something may be seen: what a busy machine may take to wake up.
SLACK=0.3

between() { # GATEWAY FROM TO: the times of its map requests in between
    requests "$1" map | awk -v from="$2" -v to="$3" '$1 >= from && $1 <= to'
}

some_between() { [[ -n $(between "$@") ]]; }

none_between() { [[ -z $(between "$@") ]]; }

# Whether the map requests from a time on are those that were planned, from the N-th one on.
as_planned() { # GATEWAY FROM N TIME...
    local gateway=$1 from=$2 first=$3
    shift 3
    between "$gateway" "$from" 1e9 | tail -n "+$first" | awk -v slack="$SLACK" -v plan="$*" '
        BEGIN { planned = split(plan, at, " ") }
        NR <= planned && ($1 < at[NR] - slack || $1 > at[NR] + slack) { wrong = 1 }
        END { exit wrong || NR < planned }'
}

plus() { # TERM...: the sum
    awk -v terms="$*" 'BEGIN { n = split(terms, term, " ")
        for (i = 1; i <= n; ++i) sum += term[i]
        printf "%.3f\n", sum }'
}

show_gateway() { # NAME: its log, shorter
    note "$1: seconds since the first grant"
    awk '$1 != "ready" && $3 != "answer" { $2 = ""; print "#   " $0 }' "$WORK/$1.log"
}

# ---- traffic ---------------------------------------------------------------

start_listener() { # PORT, on host A
    ip netns exec "$A" "$ECHO_SERVER" "$1" >"$WORK/echo-$1.out" 2>&1 &
    wait_for 3 listens "$1"
}

listens() { # PORT
    (($(ip netns exec "$A" ss -Hltun "sport = :$1" | wc -l) >= 2))
}

knows_host() { # NAMESPACE: its way to host A works, and host A has its MAC
    ip netns exec "$1" timeout 1 bash -c "exec 3<>/dev/tcp/$HOST/6881" 2>/dev/null
}

exchange() { # PROTOCOL ADDRESS PORT: from host B, a line there and back
    local line="hello $1 $RANDOM" answer
    # shellcheck disable=SC2016
    answer=$(ip netns exec "$B" timeout 2 bash -c \
        'exec 3<>"/dev/$0/$1/$2" && echo "$3" >&3 && timeout 1 head -n 1 <&3' \
        "$1" "$2" "$3" "$line" 2>"$WORK/exchange.err") || return 1
    [[ $answer == "$line" ]]
}

# miniupnpd 2.3.1 replaces a TCP rule by taking away the forward rule of UDP on the same port, and
# the other way round. Between the two renewals of a pair one of them is cut off: hence twice.
exchange_both() { # ADDRESS PORT
    { exchange tcp "$1" "$2" || exchange tcp "$1" "$2"; } &&
        { exchange udp "$1" "$2" || exchange udp "$1" "$2"; }
}

refused() { # PROTOCOL ADDRESS PORT: an active refusal, not silence
    ! exchange "$@" && grep -q 'refused' "$WORK/exchange.err"
}

# ---- the client under test, on host A --------------------------------------

start_client() { # NAME ARGUMENT...
    local name=$1
    shift
    : >"$WORK/$name.out"
    ip netns exec "$A" "$MAP_PORT" "$@" >"$WORK/$name.out" 2>&1 &
    client[$name]=$!
    mark
}

kill_client() { # NAME: it can clean up nothing
    kill -9 "${client[$1]}"
    wait "${client[$1]}" 2>/dev/null || true
}

client_gone() { # NAME
    ! kill -0 "${client[$1]}" 2>/dev/null
}

# Sets status and elapsed (ms). A client that stays is killed: status "hung".
await_exit() { # NAME SECONDS
    if wait_for "$2" client_gone "$1"; then
        elapsed=$(took)
        status=0
        wait "${client[$1]}" 2>/dev/null || status=$?
    else
        elapsed=$(took)
        kill_client "$1"
        status=hung
    fi
}

stop_client() { # NAME
    mark
    kill -TERM "${client[$1]}"
    await_exit "$1" 5
}

count() { # NAME REGEX: lines that the client printed
    grep -cE "$2" "$WORK/$1.out" || true
}

says() { # NAME REGEX [TIMES]
    (($(count "$1" "$2") >= ${3:-1}))
}

event() { # NAME EVENT [PROTOCOL [TIMES]], of a client with --json
    says "$1" "\"event\":\"$2\"${3:+.*\"protocol\":\"$3\"}" "${4:-1}"
}

both_events() { # NAME EVENT [TIMES]
    event "$1" "$2" tcp "${3:-1}" && event "$1" "$2" udp "${3:-1}"
}

no_event() { ! event "$@"; }

# ---- captures --------------------------------------------------------------

start_capture() { # NAME NAMESPACE INTERFACE
    : >"$WORK/$1.log"
    ip netns exec "$2" dumpcap -q -i "$3" -w "$WORK/$1.pcapng" \
        -f 'ip and (udp port 5350 or udp port 5351)' 2>"$WORK/$1.log" &
    capture[$1]=$!
    wait_for 5 grep -q '^File:' "$WORK/$1.log"
}

# Leaves NAME.txt: a packet a line, fields in the order of FIELDS, "-" where
# a packet has no such field.
FIELDS=(frame.time_relative ip.src udp.srcport ip.dst udp.dstport
    nat-pmp.version nat-pmp.opcode nat-pmp.reserved nat-pmp.result_code
    nat-pmp.sssoe nat-pmp.internal_port nat-pmp.external_port nat-pmp.pml
    nat-pmp.external_ip _ws.col.Info)
stop_capture() { # NAME
    sleep 0.5 # the kernel hands packets over in batches, 0.25 s old at most
    kill -INT "${capture[$1]}"
    wait "${capture[$1]}" || true
    tshark -r "$WORK/$1.pcapng" -T fields "${FIELDS[@]/#/-e}" 2>/dev/null |
        awk -F'\t' -v OFS='\t' '{ for (i = 1; i <= NF; i++) if ($i == "") $i = "-"
            $1 = sprintf("%.3f", $1); print }' >"$WORK/$1.txt"
}

show_capture() { # NAME
    local format='%8s  %-20s %-20s %3s %3s %4s %6s %5s %8s %8s %8s  %-11s %s\n'
    # shellcheck disable=SC2059
    printf "$format" time source destination ver op rsvd result epoch internal external \
        lifetime address decoded
    awk -F'\t' -v format="$format" '{ printf format,
        $1, $2 ":" $3, $4 ":" $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15 }' "$WORK/$1.txt"
}
