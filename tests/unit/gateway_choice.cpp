// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Which default route wins, and which local address faces its gateway.

#include "support/catch.hpp"

#include <natpmp/detail/platform/route.hpp>

#include <string>

namespace gateway_choice_test {
namespace net = natpmp::net;
using natpmp::detail::default_route;
using natpmp::detail::interface_address;
using natpmp::detail::route_table;

net::ip::address_v4 v4(const std::string& text)
{
    return net::ip::make_address_v4(text);
}

default_route through(const std::string& gateway, std::uint32_t interface_index,
                      std::uint32_t metric = 0)
{
    default_route result;
    result.gateway = v4(gateway);
    result.interface_index = interface_index;
    result.metric = metric;
    return result;
}

interface_address has(std::uint32_t interface_index, const std::string& address,
                      std::uint8_t prefix_length)
{
    return {interface_index, v4(address), v4(address), prefix_length};
}

natpmp::gateway chosen(const route_table& table,
                       const net::ip::address& local = net::ip::address_v4{})
{
    natpmp::error_code error = natpmp::errc::closed;
    auto result = natpmp::detail::choose_gateway(table, local, error);
    CHECK_FALSE(error);
    return result;
}

natpmp::error_code refused(const route_table& table, const std::string& local = "0.0.0.0")
{
    natpmp::error_code error;
    const auto result = natpmp::detail::choose_gateway(table, net::ip::make_address(local), error);
    CHECK(result == natpmp::gateway{});
    return error;
}

TEST_CASE("gateway_choice: no route, no gateway", "[gateway]")
{
    CHECK(refused({}) == natpmp::errc::no_gateway);
    CHECK(refused({{}, {has(2, "192.168.1.7", 24)}}) == natpmp::errc::no_gateway);
}

TEST_CASE("gateway_choice: the gateway is the route's, not a guess", "[gateway]")
{
    const auto found = chosen({{through("192.168.7.254", 2)}, {has(2, "192.168.7.3", 24)}});
    CHECK(found == natpmp::gateway{v4("192.168.7.254"), v4("192.168.7.3"), 2});
}

TEST_CASE("gateway_choice: the lowest metric, the first on a tie", "[gateway]")
{
    const route_table table{{through("192.168.2.1", 3, 600), through("192.168.1.1", 2, 50),
                             through("192.168.3.1", 4, 50)},
                            {has(2, "192.168.1.7", 24)}};
    CHECK(chosen(table) == natpmp::gateway{v4("192.168.1.1"), v4("192.168.1.7"), 2});

    const route_table extreme{{through("10.0.0.1", 2, 0xFFFFFFFF), through("10.0.0.2", 2, 0)}, {}};
    CHECK(chosen(extreme).address == v4("10.0.0.2"));
}

TEST_CASE("gateway_choice: a table that only rules lead to is a last resort", "[gateway]")
{
    auto android = through("10.0.0.1", 3, 0);
    android.policy = true;
    auto other = through("10.0.0.2", 3, 5);
    other.policy = true;
    CHECK(chosen({{android, through("192.168.1.1", 2, 600)}, {}}).address == v4("192.168.1.1"));
    CHECK(chosen({{other, android}, {}}).address == v4("10.0.0.1"));
}

TEST_CASE("gateway_choice: the local address faces the gateway", "[gateway]")
{
    route_table table{{through("192.168.1.1", 2)},
                      {has(3, "192.168.1.99", 24), has(2, "10.9.9.9", 8), has(2, "192.168.1.7", 24),
                       has(2, "192.168.1.8", 24)}};

    SECTION("the first one whose network has the gateway in it, on its interface")
    {
        CHECK(chosen(table).local_address == v4("192.168.1.7"));
    }
    SECTION("the route's preferred source before all")
    {
        table.routes[0].preferred_source = v4("192.168.1.8");
        CHECK(chosen(table).local_address == v4("192.168.1.8"));
    }
    SECTION("else the interface's first one")
    {
        table.routes[0].gateway = v4("172.16.0.1");
        CHECK(chosen(table).local_address == v4("10.9.9.9"));
    }
    SECTION("else none")
    {
        table.routes[0].interface_index = 4;
        CHECK(chosen(table).local_address == net::ip::address_v4{});
    }
    SECTION("point-to-point: the prefix length belongs to the peer's address")
    {
        table.addresses.push_back({2, v4("172.16.0.9"), v4("172.16.0.1"), 32});
        table.routes[0].gateway = v4("172.16.0.1");
        CHECK(chosen(table).local_address == v4("172.16.0.9"));
    }
}

TEST_CASE("gateway_choice: a local address admits only its interface's routes", "[gateway]")
{
    route_table table{{through("192.168.1.1", 2, 50), through("192.168.2.1", 3, 600)},
                      {has(2, "192.168.1.7", 24), has(3, "192.168.2.7", 24),
                       has(3, "192.168.2.8", 24), has(4, "192.168.4.7", 24)}};
    table.routes[1].preferred_source = v4("192.168.2.7");

    CHECK(chosen(table, v4("192.168.2.8")) ==
          natpmp::gateway{v4("192.168.2.1"), v4("192.168.2.8"), 3});
    CHECK(refused(table, "192.168.4.7") == natpmp::errc::no_gateway);
    CHECK(refused(table, "192.168.1.1") == natpmp::errc::no_gateway);
    CHECK(refused(table, "fe80::1") == natpmp::errc::no_gateway);
    CHECK(chosen(table, net::ip::address_v6{}).address == v4("192.168.1.1"));
}

TEST_CASE("gateway_choice: every prefix length", "[gateway]")
{
    using natpmp::detail::network_contains;
    for (unsigned length = 0; length <= 32; ++length) {
        CAPTURE(length);
        const auto network = v4("170.170.170.170");
        CHECK(network_contains(network, length, network));
        if (length > 0) {
            const net::ip::address_v4 outside(network.to_uint() ^ 1U << (32 - length));
            CHECK_FALSE(network_contains(network, length, outside));
        }
        if (length < 32) {
            const net::ip::address_v4 inside(network.to_uint() ^ 0x80000000U >> length);
            CHECK(network_contains(network, length, inside));
        }
    }
    CHECK(network_contains(v4("10.0.0.1"), 255, v4("10.0.0.1")));
    CHECK_FALSE(network_contains(v4("10.0.0.1"), 255, v4("10.0.0.0")));
}

} // namespace gateway_choice_test
