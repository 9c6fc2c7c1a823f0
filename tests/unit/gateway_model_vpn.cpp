// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The model gateway as a VPN that assigns a port to each host.

#include "unit/gateway_model_support.hpp"

namespace gateway_model_vpn_test {
using namespace gateway_model_test;
using natpmp::testing::port_forwarding_vpn;

TEST_CASE("port_forwarding_vpn: the bytes of an assigned port", "[gateway_model]")
{
    bench vpn{port_forwarding_vpn()};
    CHECK(vpn.ask(hex("00 01 00 00 00 00 00 01 00 00 00 3c")) ==
          hex("00 81 00 00 00 00 00 00 00 00 c0 00 00 00 00 3c"));
    // Suggestion 0: the port stands in both places.
    CHECK(vpn.ask(hex("00 01 00 00 00 00 00 00 00 00 00 3c")) ==
          hex("00 81 00 00 00 00 00 00 c0 00 c0 00 00 00 00 3c"));
    CHECK(vpn.model.table.size(vpn.now) == 1); // and it is the same mapping
}

TEST_CASE("port_forwarding_vpn: one port for both protocols of a host", "[gateway_model]")
{
    bench vpn{port_forwarding_vpn()};
    const auto port = vpn.map(protocol::udp, 0, 1).external_port;
    CHECK(vpn.map(protocol::tcp, 0, 1).external_port == port);
    CHECK(vpn.map(protocol::tcp, 0, 1, 7200, other).external_port == port + 1);
    CHECK(vpn.map(protocol::udp, 0, 1, 7200, other).external_port == port + 1);

    // Asked again, it stays, whatever is suggested.
    CHECK(vpn.map(protocol::udp, 0, 1).external_port == port);
    CHECK(vpn.map(protocol::tcp, 0, 7000).external_port == port);
    CHECK(vpn.model.table.size(vpn.now) == 4);
}

TEST_CASE("port_forwarding_vpn: every lifetime is 60 s", "[gateway_model]")
{
    bench vpn{port_forwarding_vpn()};
    for (const std::uint32_t asked : {1u, 60u, 7200u, 0xFFFFFFFFu})
        CHECK(vpn.map(protocol::tcp, 0, 1, asked).lifetime == 60);
    CHECK(vpn.map(protocol::udp, 6881, 6881).lifetime == 60); // as of ordinary requests

    const auto before = vpn.map(protocol::tcp, 0, 1).external_port;
    vpn.now += 59s;
    CHECK(vpn.map(protocol::tcp, 0, 1).external_port == before);
    vpn.now += 60s;
    CHECK(vpn.model.table.size(vpn.now) == 0);
    CHECK(vpn.map(protocol::tcp, 0, 1).external_port != before); // it let the port go
}

TEST_CASE("port_forwarding_vpn: another port on demand, for both protocols", "[gateway_model]")
{
    bench vpn{port_forwarding_vpn()};
    const std::uint16_t before = 49152;
    CHECK(vpn.map(protocol::tcp, 0, 1).external_port == before);
    CHECK(vpn.map(protocol::udp, 0, 1).external_port == before);
    vpn.map(protocol::tcp, 0, 1, 7200, other);

    vpn.model.faults.move_ports = fault_switch::times(1);
    const auto after = vpn.map(protocol::tcp, 0, 1).external_port;
    CHECK(after != before);
    CHECK(vpn.map(protocol::udp, 0, 1).external_port == after);
    CHECK_FALSE(vpn.model.table.find_external(protocol::tcp, before, vpn.now));
    CHECK_FALSE(vpn.model.table.find_external(protocol::udp, before, vpn.now));

    CHECK(vpn.map(protocol::tcp, 0, 1).external_port == after); // once
    CHECK(vpn.model.table.count_of(other, vpn.now) == 1);       // the other host's stayed
}

TEST_CASE("port_forwarding_vpn: a delete of port 0 is that of all", "[gateway_model]")
{
    bench vpn{port_forwarding_vpn()};
    vpn.map(protocol::tcp, 0, 1);
    vpn.map(protocol::tcp, 6881, 6881);
    CHECK(vpn.unmap(protocol::tcp, 0).code == 0);
    CHECK(vpn.model.table.size(vpn.now) == 0);
}

TEST_CASE("gateway_model: internal port 0 is refused where no ports are assigned",
          "[gateway_model]")
{
    bench gateway;
    CHECK(gateway.map(protocol::tcp, 0, 1).code == 2);
    CHECK(gateway.model.table.size(gateway.now) == 0);
}

} // namespace gateway_model_vpn_test
