// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Routing tables that only rules lead to: the rules of a real kernel, and messages built by hand.

#include "support/catch.hpp"

#if defined(__linux__)

#include "unit/gateway_network_support.hpp"

namespace gateway_rules_test {
using namespace gateway_network_test;

/// The message body of a default route over loopback in a table.
buffer route_in(std::uint32_t table, const std::string& gateway, std::uint32_t metric = 0)
{
    return joined({loopback_route(0, "", gateway, metric), attribute(RTA_TABLE, table)});
}

/// Which of some tables' routes rules lead to: the numbers, each with a space after it.
std::string ruled(const std::vector<buffer>& bodies)
{
    std::vector<detail::default_route> routes;
    for (const auto number : {254U, 100U, 101U, 1000U, 0xFFFFFFFFU})
        routes.emplace_back().table = number;
    detail::dump_reader reader{routes};
    natpmp::error_code error;
    for (const auto& body : bodies)
        CHECK(reader.read(message(RTM_NEWRULE, body), error));
    CHECK_FALSE(error);
    std::string result;
    for (const auto& route : routes)
        if (route.ruled)
            result += std::to_string(route.table) + ' ';
    return result;
}

TEST_CASE("gateway_rules: each leads to its table", "[gateway]")
{
    CHECK(ruled({}).empty());
    CHECK(ruled({rule_to(RT_TABLE_LOCAL), rule_to(1000), rule_to(100), rule_to(1000)}) ==
          "100 1000 ");
    CHECK(ruled({rule_to(RT_TABLE_MAIN), rule_to(0xFFFFFFFF)}) == "254 4294967295 ");
    CHECK(ruled({rule_to(100), joined({rule_to(100), attribute(FRA_SUPPRESS_PREFIXLEN, 0U)})}) ==
          "100 ");
}

TEST_CASE("gateway_rules: what leads to no default route", "[gateway]")
{
    auto body = rule_to(1000);
    const auto with = [&](unsigned short type, std::uint32_t value) {
        return joined({body, attribute(type, value)});
    };
    CHECK(ruled({with(FRA_PRIORITY, 5), with(FRA_SUPPRESS_PREFIXLEN, 0xFFFFFFFF)}) == "1000 ");

    SECTION("one that suppresses them")
    {
        body = with(FRA_SUPPRESS_PREFIXLEN, GENERATE(as<std::uint32_t>{}, 0, 1, 32, 0x7FFFFFFF));
    }
    SECTION("one that leads to no table")
    {
        fib_rule_hdr fixed{};
        REQUIRE(detail::peek(body, fixed));
        fixed.action = GENERATE(as<unsigned char>{}, FR_ACT_UNSPEC, FR_ACT_GOTO, FR_ACT_NOP,
                                FR_ACT_BLACKHOLE, FR_ACT_UNREACHABLE, FR_ACT_PROHIBIT, 255);
        put(body, 0, fixed);
    }
    SECTION("one that leaves the table to the interface")
    {
        body = rule_to(RT_TABLE_UNSPEC);
    }
    SECTION("one of IPv6")
    {
        body[0] = std::byte{AF_INET6};
    }
    SECTION("one cut off")
    {
        const auto size = body.size();
        body.resize(GENERATE(0U, 11U, 13U, 15U));
        REQUIRE(body.size() < size);
    }
    CHECK(ruled({body}).empty());
}

TEST_CASE("gateway_rules: a rule without FRA_TABLE has its table in a byte", "[gateway]")
{
    auto body = rule_to(100);
    body.resize(sizeof(fib_rule_hdr));
    CHECK(ruled({body}) == "100 ");
}

TEST_CASE("gateway_rules: which tables' routes are kept", "[gateway]")
{
    const auto kept = [](bool rules_known) {
        std::vector<detail::default_route> routes;
        for (const auto number : {254U, 100U, 101U, 253U, 1000U, 1001U}) {
            auto& route = routes.emplace_back();
            route.table = number;
            route.policy = number != RT_TABLE_MAIN;
            route.ruled = number == 100 || number == 253 || number == 1001;
        }
        detail::keep_used_tables(routes, rules_known);
        std::string result;
        for (const auto& route : routes)
            result += std::to_string(route.table) + ' ';
        return result;
    };
    CHECK(kept(true) == "254 100 253 1001 ");
    CHECK(kept(false) == "254 1000 1001 ");
}

TEST_CASE("gateway_rules: the local table's routes are none of the host's", "[gateway]")
{
    std::vector<detail::default_route> routes;
    detail::dump_reader reader{routes};
    natpmp::error_code error;
    auto fixed = fixed_route();
    fixed.rtm_table = GENERATE(as<unsigned char>{}, RT_TABLE_LOCAL, RT_TABLE_MAIN, 100);
    auto attributes = via("192.168.1.1", 2);
    attributes[0] = attribute(RTA_TABLE, RT_TABLE_LOCAL);
    CHECK(reader.read(route(fixed, attributes), error));
    CHECK(routes.empty());
}

/// What a kernel tells that answers the request for rules so, the second one.
std::string with_rules(const std::vector<buffer>& answer)
{
    const socket_pair sockets;
    for (const auto number : {100U, 1000U})
        sockets.answer(
            message(RTM_NEWROUTE, route_in(number, "192.168.1." + std::to_string(number % 99))));
    sockets.answer(done());
    for (const auto& datagram : answer)
        sockets.answer(datagram);
    natpmp::error_code error;
    const auto routes = detail::read_netlink_routes(sockets.ends[0], error);
    if (error)
        return error.message();
    std::string result;
    for (const auto& route : routes)
        result += std::to_string(route.table) + ' ';
    return result;
}

TEST_CASE("gateway_rules: without the rules, tables above 255 count", "[gateway]")
{
    const auto some = message(RTM_NEWRULE, rule_to(100));
    CHECK(with_rules({some, done()}) == "100 ");
    CHECK(with_rules({done()}).empty());

    CHECK(with_rules({}) == "1000 "); // silence
    CHECK(with_rules({some}) == "1000 ");
    CHECK(with_rules({failure(-EOPNOTSUPP)}) == "1000 ");
    CHECK(with_rules({some, failure(-EPERM)}) == "1000 ");
    CHECK(with_rules({some, done(-EAFNOSUPPORT)}) == "1000 ");
    CHECK(with_rules({some, buffer(7)}) == "1000 ");
    CHECK(with_rules({failure(-ENOBUFS)}) ==
          natpmp::error_code(ENOBUFS, net::error::get_system_category()).message());
}

TEST_CASE("gateway_rules: tables that rules of a real kernel lead to", "[gateway]")
{
    const auto result = in_own_network([](int control) {
        add_address(control, 1, "192.168.1.7", 32);
        change(control, RTM_NEWROUTE, route_in(100, "192.168.1.1", 10));
        change(control, RTM_NEWROUTE, route_in(1000, "192.168.1.2", 20));
        std::string text = found();
        change(control, RTM_NEWRULE, rule_to(1000));
        text += found();
        change(control, RTM_NEWRULE, rule_to(100));
        text += found();
        change(control, RTM_DELRULE, rule_to(100));
        change(control, RTM_NEWRULE, joined({rule_to(100), attribute(FRA_SUPPRESS_PREFIXLEN, 0U)}));
        text += found();
        change(control, RTM_NEWROUTE, loopback_route(0, "", "192.168.1.3", 600));
        text += found();
        change(control, RTM_NEWRULE,
               joined({rule_to(RT_TABLE_MAIN), attribute(FRA_SUPPRESS_PREFIXLEN, 0U)}));
        text += found();
        return text;
    });
    if (result != "skipped")
        CHECK(result == "no IPv4 default route;192.168.1.2 from 192.168.1.7;"
                        "192.168.1.1 from 192.168.1.7;192.168.1.2 from 192.168.1.7;"
                        "192.168.1.3 from 192.168.1.7;192.168.1.3 from 192.168.1.7;");
}

TEST_CASE("gateway_rules: change notices of rules and of other tables", "[gateway]")
{
    const auto result = in_own_network([](int control) {
        const int notices = detail::open_change_notices();
        std::string text = drained(notices);
        change(control, RTM_NEWRULE, rule_to(100));
        text += drained(notices);
        change(control, RTM_NEWROUTE, route_in(100, "192.168.1.1"));
        text += drained(notices);
        change(control, RTM_DELRULE, rule_to(100));
        text += drained(notices);
        return text + drained(notices);
    });
    if (result != "skipped")
        CHECK(result == "same;changed;changed;changed;same;");
}

} // namespace gateway_rules_test

#endif // defined(__linux__)
