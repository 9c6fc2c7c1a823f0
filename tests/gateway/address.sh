#!/usr/bin/env bash
# The gateway's outer address changes: first as a DHCP client's hook tells the daemon (SIGUSR1),
# then with a daemon started again for the new address.
# shellcheck source=lib.sh disable=SC2317
source "$(dirname "$0")/lib.sh"

move_outside() { # OLD NEW
    ip -n "$G" addr del "$1/24" dev wan
    ip -n "$G" addr add "$2/24" dev wan
}

told() { # ADDRESS
    says client "\"event\":\"address_changed\".*\"external_address\":\"$1\""
}

build_network
start_daemon "$G"
start_listener 6881
start_client client --tcp 6881 --udp 6881 --lifetime 600 --json
check "mapped" wait_for 3 both_events client mapped
check "B and A talk" exchange_both "$OUTSIDE" 6881

move_outside "$OUTSIDE" 11.22.33.9
mark
kill -USR1 "${daemon[$G]}"
check "the client tells the new address" wait_for 8 told 11.22.33.9
note "address changed and announced: told after $(took) ms"
check "B and A talk through the new address" wait_for 3 exchange_both 11.22.33.9 6881

check "the daemon has run for a while" wait_for 6 daemon_is_old "$G"
kill_daemon "$G"
move_outside 11.22.33.9 11.22.33.10
mark
start_daemon "$G" 11.22.33.10
check "B and A talk through the third address" wait_for 10 exchange_both 11.22.33.10 6881
elapsed=$(took)
note "daemon started again with another address: reachable after $elapsed ms"
check "within 6 s" [ "$elapsed" -lt 6000 ]
check "the client tells the third address" wait_for 3 told 11.22.33.10

stop_client client
check "exit code 0 after SIGTERM" [ "$status" = 0 ]
check "the ruleset has no mapping any more" no_rules
finish
