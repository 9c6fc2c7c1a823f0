// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Which default route wins.

#include "support/catch.hpp"

#include <natpmp/detail/platform/route.hpp>

#include <string>

namespace gateway_choice_test {
namespace net = natpmp::net;
using natpmp::detail::default_route;
using routes = std::vector<default_route>;

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

natpmp::gateway chosen(const routes& table, std::uint32_t interface_index = 0)
{
    natpmp::error_code error = natpmp::errc::closed;
    auto result = natpmp::detail::choose_gateway(table, interface_index, error);
    CHECK_FALSE(error);
    return result;
}

natpmp::error_code refused(const routes& table, std::uint32_t interface_index = 0)
{
    natpmp::error_code error;
    const auto result = natpmp::detail::choose_gateway(table, interface_index, error);
    CHECK(result == natpmp::gateway{});
    return error;
}

TEST_CASE("gateway_choice: no route, no gateway", "[gateway]")
{
    CHECK(refused({}) == natpmp::errc::no_gateway);
}

TEST_CASE("gateway_choice: the gateway is the route's, not a guess", "[gateway]")
{
    auto route = through("192.168.7.254", 2);
    CHECK(chosen({route}) == natpmp::gateway{v4("192.168.7.254"), net::ip::address_v4{}, 2});
    route.preferred_source = v4("192.168.7.3");
    CHECK(chosen({route}) == natpmp::gateway{v4("192.168.7.254"), v4("192.168.7.3"), 2});
}

TEST_CASE("gateway_choice: the lowest metric, the first on a tie", "[gateway]")
{
    CHECK(chosen({through("192.168.2.1", 3, 600), through("192.168.1.1", 2, 50),
                  through("192.168.3.1", 4, 50)})
              .address == v4("192.168.1.1"));
    CHECK(chosen({through("10.0.0.1", 2, 0xFFFFFFFF), through("10.0.0.2", 2, 0)}).address ==
          v4("10.0.0.2"));
}

TEST_CASE("gateway_choice: a table that only rules lead to is a last resort", "[gateway]")
{
    auto android = through("10.0.0.1", 3, 0);
    android.policy = true;
    auto other = through("10.0.0.2", 3, 5);
    other.policy = true;
    CHECK(chosen({android, through("192.168.1.1", 2, 600)}).address == v4("192.168.1.1"));
    CHECK(chosen({other, android}).address == v4("10.0.0.1"));
}

TEST_CASE("gateway_choice: an interface admits only its routes", "[gateway]")
{
    auto blocked = through("0.0.0.0", 3, 0);
    blocked.blocked = true;
    const routes table{through("192.168.1.1", 2, 50), blocked, through("192.168.2.1", 3, 600)};
    CHECK(refused(table) == natpmp::errc::no_gateway);
    CHECK(chosen(table, 2).address == v4("192.168.1.1"));
    CHECK(chosen(table, 3).address == v4("192.168.2.1"));
    CHECK(refused(table, 4) == natpmp::errc::no_gateway);
}

} // namespace gateway_choice_test
