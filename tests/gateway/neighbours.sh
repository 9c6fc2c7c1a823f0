#!/usr/bin/env bash
# Two clients on one host: both hear the gateway's announcements, neither believes a stranger, and
# neither harms the other's mapping.
# shellcheck source=lib.sh disable=SC2317
source "$(dirname "$0")/lib.sh"

announce() { # NAMESPACE SOURCE BYTES: as printf writes them
    printf '%b' "$3" |
        ip netns exec "$1" socat -u - "UDP-SENDTO:224.0.0.1:5350,bind=$2,ip-multicast-if=$2"
}

told() { # NAME LAST-BYTE-OF-ADDRESS
    says "$1" "\"event\":\"address_changed\".*\"external_address\":\"11.22.33.$2\""
}

both_told() { told one "$1" && told two "$1"; }

nobody_told() { ! told one "$1" && ! told two "$1"; }

both_asked_again() {
    (($(asked 6881) >= 1 && $(asked 6882) >= 1))
}

asked() { # PORT: mapping requests that the gateway's daemon has seen since log_start
    tail -n +"$log_start" "$WORK/$G.log" |
        grep -c "mapping request : .*:$1 tcp lifetime=600s" || true
}

both_talk() { exchange tcp "$OUTSIDE" 6881 && exchange tcp "$OUTSIDE" 6882; }

build_network
start_daemon "$G" "$OUTSIDE"
start_listener 6881
start_listener 6882
start_client one --tcp 6881 --lifetime 600 --json
start_client two --tcp 6882 --lifetime 600 --json
check "the first is mapped" wait_for 3 event one mapped tcp
check "the second is mapped" wait_for 3 event two mapped tcp
check "B and A talk on both ports" both_talk
check "the daemon has run for a while" wait_for 6 daemon_is_old "$G"

# An address nobody has, told by a neighbour and then another by the gateway.
ip -n "$S" addr add 192.168.77.66/24 dev lan
log_start=$(($(wc -l <"$WORK/$G.log") + 1))
announce "$S" 192.168.77.66 '\x00\x80\x00\x00\x00\x00\x00\x00\x0b\x16\x21\x42'
# Epoch 0x10000: ahead of the daemon's clock, so no state was lost.
announce "$G" "$INSIDE" '\x00\x80\x00\x00\x00\x01\x00\x00\x0b\x16\x21\x4d'
check "both hear the gateway's announcement" wait_for 3 both_told 77
check "neither believes the stranger" nobody_told 66
check "a steady epoch is no reason to ask again" [ "$(asked 6881)$(asked 6882)" = 00 ]

# Epoch 0: the gateway's state is lost. Ten times, as the standard has it, but faster.
mark
for _ in 1 2 3 4 5 6 7 8 9 10; do
    announce "$G" "$INSIDE" '\x00\x80\x00\x00\x00\x00\x00\x00\x0b\x16\x21\x01'
done
check "both ask for their mappings again" wait_for 8 both_asked_again
elapsed=$(took)
note "both have asked again after $elapsed ms"
check "within 6 s" [ "$elapsed" -lt 6000 ]
check "once each, for ten announcements" [ "$(asked 6881)$(asked 6882)" = 11 ]
check "B and A talk on both ports" both_talk

stop_client one
check "the first leaves with exit code 0" [ "$status" = 0 ]
check "B is refused on its port" refused tcp "$OUTSIDE" 6881
check "B and A still talk on the other's" exchange tcp "$OUTSIDE" 6882
stop_client two
check "the second leaves with exit code 0" [ "$status" = 0 ]
check "the ruleset has no mapping any more" no_rules
finish
