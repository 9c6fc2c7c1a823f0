#!/usr/bin/env bash
# Two clients on one host: both hear the gateway's announcements, neither believes a stranger, and
# neither harms the other's mapping.
# shellcheck source=lib.sh disable=SC2317
source "$(dirname "$0")/lib.sh"

announce() { # NAMESPACE SOURCE HEXADECIMAL-BYTES [TIMES]
    ip netns exec "$1" python3 - "$2" "$3" "${4:-1}" <<'END'
import socket
import sys

source, datagram, times = sys.argv[1], bytes.fromhex(sys.argv[2]), int(sys.argv[3])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.bind((source, 0))
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
    for _ in range(times):
        sender.sendto(datagram, ("224.0.0.1", 5350))
END
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
announce "$S" 192.168.77.66 '00 80 00 00 00 00 00 00 0b 16 21 42'
# Epoch 0x10000: ahead of the daemon's clock, so no state was lost.
announce "$G" "$INSIDE" '00 80 00 00 00 01 00 00 0b 16 21 4d'
check "both hear the gateway's announcement" wait_for 3 both_told 77
check "neither believes the stranger" nobody_told 66
check "a steady epoch is no reason to ask again" [ "$(asked 6881)$(asked 6882)" = 00 ]

# Epoch 0: the gateway's state is lost. Ten times, as the standard has it, but all at once: the daemon
# knows nothing of it, and tells its real epoch to a client that asks in between.
mark
announce "$G" "$INSIDE" '00 80 00 00 00 00 00 00 0b 16 21 01' 10
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
