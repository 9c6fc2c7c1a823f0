// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Routing tables of macOS and the BSDs to default routes: what is one, and what is none.

#include "support/catch.hpp"

#include "unit/gateway_routing_support.hpp"

namespace gateway_routing_socket_test {
using namespace gateway_routing_test;

std::vector<detail::default_route> routes_of(const detail::routing_format& format,
                                             const std::vector<route>& messages)
{
    buffer dump;
    for (const auto& one : messages)
        dump = joined({dump, message(format, one)});
    std::vector<detail::default_route> routes;
    CHECK(detail::read_route_dump(dump, format, routes));
    return routes;
}

natpmp::gateway chosen(const detail::routing_format& format, const std::vector<route>& messages)
{
    natpmp::error_code error;
    const auto result = detail::choose_gateway(routes_of(format, messages), 0, error);
    CHECK((error ? error == natpmp::errc::no_gateway : !result.address.is_unspecified()));
    return result;
}

natpmp::gateway through(const std::string& gateway, std::uint32_t index = 2)
{
    return {.address = v4(gateway), .interface_index = index};
}

const natpmp::gateway nothing{};

/// Each system in turn.
detail::routing_format each_format()
{
    return GENERATE(macos, freebsd, openbsd, netbsd);
}

TEST_CASE("gateway_routing: a table with one default route among others", "[gateway]")
{
    const auto format = each_format();
    auto lan = via("192.168.1.0", 3);
    lan.flags = up;
    lan.addresses = {ipv4("192.168.1.0"), link_address(), ipv4("255.255.255.0", 7)};
    auto neighbour = lan;
    neighbour.flags = up | to_host;
    neighbour.present = 3;
    neighbour.addresses = {ipv4("192.168.1.1"), link_address()};
    auto network = via("192.168.1.9");
    network.addresses[0] = ipv4("10.0.0.0");
    network.addresses[2] = ipv4("255.0.0.0", 5);
    CHECK(chosen(format, {lan, via("192.168.1.1", 3), network, neighbour}) ==
          through("192.168.1.1", 3));
    CHECK(routes_of(format, {lan, network, neighbour}).empty());
    CHECK(routes_of(format, {}).empty());
}

TEST_CASE("gateway_routing: the netmask of a default route", "[gateway]")
{
    const auto format = each_format();
    auto one = via("192.168.1.1");

    SECTION("of length 0")
    {
        one.addresses[2] = {};
    }
    SECTION("short, of any family")
    {
        one.addresses[2] = any_address(GENERATE(1U, 2U, 3U, 4U, 5U, 8U), GENERATE(0U, 2U, 255U));
    }
    SECTION("whole, followed by something")
    {
        one.addresses[2] = ipv4("0.0.0.0", 16, 255);
        for (std::size_t i = 8; i < 16; ++i)
            one.addresses[2][i] = std::byte{0xFF};
    }
    SECTION("not there")
    {
        one.present = 3;
        one.addresses.resize(2);
    }
    SECTION("followed by other addresses")
    {
        one.present = 0x37;
        one.addresses.push_back(link_address());
        one.addresses.push_back(ipv4("192.168.1.7"));
    }
    CHECK(chosen(format, {one}) == through("192.168.1.1"));
}

TEST_CASE("gateway_routing: half-routes of a VPN are none", "[gateway]")
{
    const auto format = each_format();
    auto lower = via("10.8.0.1", 9);
    lower.addresses[2] = ipv4("128.0.0.0", GENERATE(5U, 8U, 16U), GENERATE(0U, 2U, 255U));
    auto upper = lower;
    upper.addresses[0] = ipv4("128.0.0.0");
    CHECK(chosen(format, {lower, via("192.168.1.1"), upper}) == through("192.168.1.1"));
    CHECK(chosen(format, {lower, upper}) == nothing);

    auto last_bit = via("10.8.0.1", 9);
    last_bit.addresses[2] = ipv4("0.0.0.1");
    CHECK(chosen(format, {last_bit}) == nothing);
}

TEST_CASE("gateway_routing: routes that are no way out", "[gateway]")
{
    const auto format = each_format();
    auto one = via("192.168.1.1");
    CHECK(chosen(format, {one}) == through("192.168.1.1"));

    SECTION("down")
    {
        one.flags &= ~up;
    }
    SECTION("without a gateway, whatever address is in its place")
    {
        one.flags &= ~through_gateway;
    }
    SECTION("rejected, or dropped")
    {
        one.flags |= GENERATE(0x8U, 0x1000U);
    }
    SECTION("to the host 0.0.0.0")
    {
        one.flags |= to_host;
        one.present = 3;
        one.addresses.resize(2);
    }
    SECTION("a gateway on the link")
    {
        one.addresses[1] = link_address();
    }
    SECTION("a gateway of IPv6")
    {
        one.addresses[1] = any_address(28, GENERATE(24U, 28U, 30U));
        one.addresses[1][5] = std::byte{1};
    }
    SECTION("a gateway that is 0.0.0.0, cut off, or not there")
    {
        one.addresses[1] = GENERATE(ipv4("0.0.0.0"), ipv4("192.168.1.1", 7), buffer{});
    }
    SECTION("no gateway at all")
    {
        one.present = 5;
        one.addresses.erase(one.addresses.begin() + 1);
    }
    SECTION("a destination of IPv6, or of length 0")
    {
        one.addresses[0] = GENERATE(any_address(28, 30), buffer{});
    }
    SECTION("no destination")
    {
        one.present = 6;
        one.addresses.erase(one.addresses.begin());
    }
    SECTION("a message that is none of the table's")
    {
        one.type = GENERATE(as<std::uint8_t>{}, 0, 1, 2, 3, 5, 0xC, 0x14, 255);
    }
    CHECK(chosen(format, {one}) == nothing);
}

TEST_CASE("gateway_routing: the best default route lets nothing out", "[gateway]")
{
    const auto format = each_format();
    auto blocked = via("127.0.0.1", 1);
    blocked.flags |= GENERATE(0x8U, 0x1000U);
    CHECK(chosen(format, {blocked, via("192.168.1.1")}) == nothing);
    blocked.flags &= ~up;
    CHECK(chosen(format, {blocked, via("192.168.1.1")}) == through("192.168.1.1"));
}

TEST_CASE("gateway_routing: several default routes, in the system's order", "[gateway]")
{
    const auto format = each_format();
    CHECK(chosen(format, {via("192.168.1.1", 2), via("192.168.2.1", 3)}) ==
          through("192.168.1.1", 2));
    CHECK(chosen(format, {via("192.168.2.1", 3), via("192.168.1.1", 2)}) ==
          through("192.168.2.1", 3));
}

TEST_CASE("gateway_routing: macOS: scoped routes come last", "[gateway]")
{
    auto scoped = via("192.168.2.1", 3);
    scoped.flags |= 0x1000000;
    CHECK(chosen(macos, {scoped, via("192.168.1.1")}) == through("192.168.1.1"));
    CHECK(chosen(macos, {via("192.168.1.1"), scoped}) == through("192.168.1.1"));
    CHECK(chosen(macos, {scoped}) == through("192.168.2.1", 3));
    CHECK(chosen(freebsd, {scoped, via("192.168.1.1")}) == through("192.168.2.1", 3));
}

TEST_CASE("gateway_routing: messages of another version are skipped", "[gateway]")
{
    const auto format = each_format();
    auto other = format;
    other.version = 3;
    const auto dump = joined({message(other, via("10.0.0.1")), message(format, via("10.0.0.2"))});
    std::vector<detail::default_route> routes;
    CHECK(detail::read_route_dump(dump, format, routes));
    REQUIRE(routes.size() == 1);
    CHECK(routes[0].gateway == v4("10.0.0.2"));
    CHECK_FALSE(detail::concerns_gateway(message(other, 0xC), format));
    auto added = via("10.0.0.1");
    added.type = 1;
    CHECK_FALSE(detail::concerns_gateway(message(other, added), format));
}

TEST_CASE("gateway_routing: what concerns the gateway", "[gateway]")
{
    const auto format = each_format();
    const auto concerns = [&](const buffer& notice) {
        return detail::concerns_gateway(notice, format);
    };
    CHECK_FALSE(concerns({}));
    for (unsigned type = 0; type < 256; ++type) {
        CAPTURE(type);
        auto one = via("192.168.1.1");
        one.type = static_cast<std::uint8_t>(type);
        const bool route = type >= 1 && type <= 3;
        const bool index = type < 32 && (format.interface_types >> type & 1) != 0;
        CHECK(concerns(message(format, one)) == (route || index));
        if (!route)
            CHECK(concerns(message(format, one.type)) == index);
    }

    auto one = via("192.168.1.1");
    one.type = GENERATE(as<std::uint8_t>{}, 1, 2, 3);
    SECTION("a default route that is down, or has no gateway")
    {
        one.flags = 0;
        one.addresses[1] = link_address();
        CHECK(concerns(message(format, one)));
    }
    SECTION("other routes")
    {
        one.addresses[2] = ipv4("128.0.0.0", 5);
        const auto half = message(format, one);
        one.addresses[0] = any_address(28, 30);
        one.addresses[2] = {};
        CHECK_FALSE(concerns(half));
        CHECK_FALSE(concerns(message(format, one)));
        CHECK(concerns(joined({half, message(format, via("192.168.1.1")), half, buffer(1)})));
        CHECK_FALSE(concerns(joined({half, message(format, 5), half})));
    }
    SECTION("another route, whose gateway is of length 0")
    {
        one.addresses[1] = {};
        CHECK(concerns(message(format, one)));
        one.addresses[2] = ipv4("128.0.0.0", 5);
        CHECK_FALSE(concerns(message(format, one)));
    }
    SECTION("what cannot be read")
    {
        one.addresses[0] = ipv4("10.0.0.0");
        const auto whole = message(format, one);
        for (std::size_t size = 1; size < whole.size(); ++size)
            CHECK(concerns(buffer(whole.begin(), whole.begin() + long(size))));
        auto short_one = whole;
        short_one.resize(format.header_size);
        put(short_one, 0, static_cast<std::uint16_t>(short_one.size()));
        CHECK(concerns(short_one));
    }
}

} // namespace gateway_routing_socket_test
