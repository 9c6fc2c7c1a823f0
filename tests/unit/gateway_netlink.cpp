// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The kernel's answers to routes: dumps in one and several datagrams, and what is no gateway.

#include "support/catch.hpp"

#if defined(__linux__)

#include "unit/gateway_netlink_support.hpp"

namespace gateway_netlink_test {
using namespace gateway_netlink_test;

/// Reads a whole dump: all datagrams but the last say that there are more.
std::vector<detail::default_route> routes_of(const std::vector<buffer>& datagrams)
{
    std::vector<detail::default_route> routes;
    detail::dump_reader reader{routes};
    for (std::size_t i = 0; i < datagrams.size(); ++i) {
        natpmp::error_code error = natpmp::errc::closed;
        CAPTURE(i);
        CHECK(reader.read(datagrams[i], error) == (i + 1 < datagrams.size()));
        CHECK_FALSE(error);
    }
    CHECK_FALSE(reader.interrupted);
    return routes;
}

natpmp::gateway chosen(const std::vector<buffer>& messages, std::uint32_t interface_index = 0)
{
    auto routes = routes_of({joined(messages), done()});
    detail::keep_used_tables(routes, false);
    natpmp::error_code error;
    auto result = detail::choose_gateway(routes, interface_index, error);
    CHECK((error ? error == natpmp::errc::no_gateway : !result.address.is_unspecified()));
    return result;
}

natpmp::gateway chosen_route(const rtmsg& fixed, const std::vector<buffer>& attributes)
{
    return chosen({route(fixed, attributes)});
}

const auto lan = fixed_route();
const natpmp::gateway nothing{};

TEST_CASE("gateway_netlink: a dump of several messages over several datagrams", "[gateway]")
{
    const std::vector<buffer> messages{route(lan, via("192.168.2.1", 3, 600)),
                                       route(lan, via("192.168.1.1", 2, 50)), done()};
    natpmp::error_code error;
    for (const auto& datagrams :
         {messages, std::vector<buffer>{joined(messages)},
          std::vector<buffer>{messages[0], joined({messages[1], messages[2]})}}) {
        const auto routes = routes_of(datagrams);
        CHECK(routes.size() == 2);
        CHECK(detail::choose_gateway(routes, 0, error) ==
              natpmp::gateway{v4("192.168.1.1"), v4("0.0.0.0"), 2});
    }
}

TEST_CASE("gateway_netlink: half-routes of a VPN beside the default", "[gateway]")
{
    auto half = lan;
    half.rtm_dst_len = 1;
    auto attributes = via("10.8.0.1", 5);
    attributes.insert(attributes.begin(), attribute(RTA_DST, "0.0.0.0"));
    auto upper = via("10.8.0.1", 5);
    upper.insert(upper.begin(), attribute(RTA_DST, "128.0.0.0"));

    CHECK(chosen(
              {route(half, attributes), route(lan, via("192.168.1.1", 2, 100)), route(half, upper)})
              .address == v4("192.168.1.1"));
    CHECK(chosen({route(half, attributes), route(half, upper)}) == nothing);
}

TEST_CASE("gateway_netlink: two defaults with metrics", "[gateway]")
{
    const auto wired = route(lan, via("192.168.1.1", 2, 50));
    const auto wireless = route(lan, via("192.168.2.1", 3, 600));
    const auto none = route(lan, via("192.168.3.1", 4));
    CHECK(chosen({wired, wireless}).address == v4("192.168.1.1"));
    CHECK(chosen({wireless, wired}).address == v4("192.168.1.1"));
    CHECK(chosen({wireless, wired, none}).address == v4("192.168.3.1"));
}

TEST_CASE("gateway_netlink: a default route without a gateway does not end the search", "[gateway]")
{
    auto link = lan;
    link.rtm_scope = RT_SCOPE_LINK;
    const auto tunnel = route(link, {attribute(RTA_OIF, 9), attribute(RTA_PRIORITY, 10)});
    const auto zero = route(lan, via("0.0.0.0", 9, 10));
    const auto real = route(lan, via("192.168.1.1", 2, 100));
    CHECK(chosen({tunnel, zero, real}).address == v4("192.168.1.1"));
    CHECK(chosen({tunnel, zero}) == nothing);
}

TEST_CASE("gateway_netlink: routes that cannot be used", "[gateway]")
{
    auto fixed = lan;
    auto attributes = via("192.168.1.1", 2);
    CHECK(chosen_route(fixed, attributes).address == v4("192.168.1.1"));

    SECTION("dead")
    {
        fixed.rtm_flags = RTNH_F_DEAD;
    }
    SECTION("no carrier")
    {
        fixed.rtm_flags = RTNH_F_LINKDOWN;
    }
    SECTION("not unicast")
    {
        fixed.rtm_type = GENERATE(as<unsigned char>{}, RTN_UNREACHABLE, RTN_BLACKHOLE, RTN_PROHIBIT,
                                  RTN_THROW, RTN_LOCAL, RTN_UNSPEC);
    }
    SECTION("IPv6")
    {
        fixed.rtm_family = AF_INET6;
    }
    SECTION("for one type of service only")
    {
        fixed.rtm_tos = 0x10;
    }
    SECTION("of another table")
    {
        fixed.rtm_table = GENERATE(as<unsigned char>{}, RT_TABLE_LOCAL, RT_TABLE_DEFAULT,
                                   RT_TABLE_UNSPEC, 1, 100, 251);
        attributes[0] = attribute(RTA_TABLE, fixed.rtm_table);
    }
    SECTION("gateway of another family")
    {
        attributes = {attribute(RTA_VIA, buffer(18)), attribute(RTA_OIF, 2)};
    }
    SECTION("gateway of another length")
    {
        attributes[1] = attribute(RTA_GATEWAY, buffer(GENERATE(0U, 3U, 5U, 16U), std::byte{9}));
    }
    CHECK(chosen_route(fixed, attributes) == nothing);
}

TEST_CASE("gateway_netlink: the best default route lets nothing out", "[gateway]")
{
    auto fixed = lan;
    fixed.rtm_type = GENERATE(as<unsigned char>{}, RTN_UNREACHABLE, RTN_BLACKHOLE, RTN_PROHIBIT);
    const auto at = [&](std::uint32_t metric) {
        return route(fixed,
                     {attribute(RTA_TABLE, fixed.rtm_table), attribute(RTA_PRIORITY, metric)});
    };
    const auto real = route(lan, via("192.168.1.1", 2, 100));
    CHECK(chosen({at(99), real}) == nothing);
    CHECK(chosen({real, at(99)}) == nothing);
    CHECK(chosen({real, route(fixed, {})}) == nothing); // no metric: 0
    CHECK(chosen({at(101), real}).address == v4("192.168.1.1"));
    CHECK(chosen({real, at(100)}).address == v4("192.168.1.1"));
    CHECK(chosen({at(100), real}) == nothing);

    SECTION("not for who insists on an interface")
    {
        CHECK(chosen({at(0), real}, 2).address == v4("192.168.1.1"));
    }
    SECTION("in another table it comes after the main one's routes")
    {
        fixed.rtm_table = RT_TABLE_COMPAT;
        CHECK(chosen({at(0), real}).address == v4("192.168.1.1"));
        auto other = lan;
        other.rtm_table = RT_TABLE_COMPAT;
        auto attributes = via("192.168.1.1", 2, 100);
        attributes[0] = attribute(RTA_TABLE, 1000);
        const auto blocked = route(fixed, {attribute(RTA_TABLE, 1000)});
        CHECK(chosen({route(other, attributes), blocked}) == nothing);
    }
    SECTION("one that only ends the search in its table is passed over")
    {
        fixed.rtm_type = RTN_THROW;
        CHECK(chosen({at(0), real}).address == v4("192.168.1.1"));
    }
}

TEST_CASE("gateway_netlink: padding between attributes, and none after the last", "[gateway]")
{
    const auto size = GENERATE(range(std::size_t{0}, std::size_t{6}));
    CAPTURE(size);
    const auto metrics = attribute(RTA_METRICS, buffer(size));
    auto odd = joined({metrics, joined(via("192.168.1.1", 2)), metrics});
    odd.resize(odd.size() - (4 - size % 4) % 4);
    CHECK(chosen({route(lan, {odd})}).address == v4("192.168.1.1"));
}

TEST_CASE("gateway_netlink: flags that do no harm", "[gateway]")
{
    auto fixed = lan;
    fixed.rtm_flags = RTNH_F_ONLINK | RTNH_F_OFFLOAD;
    CHECK(chosen_route(fixed, via("192.168.1.1", 2)).address == v4("192.168.1.1"));
}

TEST_CASE("gateway_netlink: tables above 255 come after the main one", "[gateway]")
{
    auto compat = lan;
    compat.rtm_table = RT_TABLE_COMPAT;
    auto attributes = via("10.0.0.1", 3);
    attributes[0] = attribute(RTA_TABLE, 1003);
    const auto android = route(compat, attributes);
    CHECK(chosen({android}).address == v4("10.0.0.1"));
    CHECK(chosen({android, route(lan, via("192.168.1.1", 2, 600))}).address == v4("192.168.1.1"));
}

TEST_CASE("gateway_netlink: multipath", "[gateway]")
{
    auto hops = joined({next_hop("192.168.1.1", 2, RTNH_F_DEAD), next_hop("0.0.0.0", 7),
                        next_hop("192.168.2.1", 3), next_hop("192.168.3.1", 4)});
    const auto with = [&](const buffer& last) {
        return route(lan, {attribute(RTA_MULTIPATH, hops), attribute(RTA_PRIORITY, 100), last});
    };

    CHECK(chosen({with({})}) == natpmp::gateway{v4("192.168.2.1"), v4("0.0.0.0"), 3});
    CHECK(chosen({with({})}, 4) == natpmp::gateway{v4("192.168.3.1"), v4("0.0.0.0"), 4});
    CHECK(chosen({with(attribute(RTA_PREFSRC, "10.1.1.1"))}).local_address == v4("10.1.1.1"));
    CHECK(chosen({with({}), route(lan, via("192.168.9.1", 9, 99))}).address == v4("192.168.9.1"));
    CHECK(chosen({with({}), route(lan, via("192.168.9.1", 9, 101))}).address == v4("192.168.2.1"));

    SECTION("a hop without a gateway does not take the one before it")
    {
        rtnexthop bare{};
        bare.rtnh_len = sizeof bare;
        bare.rtnh_ifindex = 7;
        hops = joined({next_hop("192.168.1.1", 2, RTNH_F_DEAD), raw(bare)});
        CHECK(chosen({with({})}) == nothing);
    }
    SECTION("a hop whose lengths cannot be true ends the route")
    {
        const auto size = next_hop("192.168.1.1", 2).size();
        put(hops, 2 * size, GENERATE(as<unsigned short>{}, 0, 7, 0xFFFF));
        CHECK(chosen({with({})}) == nothing);
    }
    SECTION("one whose gateway has another length, or none that can be true, is passed over")
    {
        const auto size = next_hop("192.168.1.1", 2).size();
        put(hops, 2 * size + sizeof(rtnexthop), GENERATE(as<unsigned short>{}, 0, 3, 7, 9));
        CHECK(chosen({with({})}).address == v4("192.168.3.1"));
    }
}

TEST_CASE("gateway_netlink: the preferred source", "[gateway]")
{
    auto attributes = via("192.168.1.1", 2);
    attributes.push_back(attribute(RTA_PREFSRC, "192.168.1.8"));
    CHECK(chosen_route(lan, attributes).local_address == v4("192.168.1.8"));
}

TEST_CASE("gateway_netlink: what concerns the gateway", "[gateway]")
{
    const auto concerns = [](std::uint16_t type, const buffer& body) {
        return detail::concerns_gateway(message(type, body, 0));
    };
    CHECK(concerns(RTM_NEWADDR, {}));
    CHECK(concerns(RTM_DELADDR, {}));
    CHECK(concerns(RTM_NEWLINK, {}));
    CHECK(concerns(RTM_DELLINK, {}));
    CHECK(concerns(RTM_NEWRULE, {}));
    CHECK(concerns(RTM_DELRULE, {}));
    CHECK_FALSE(detail::concerns_gateway({}));

    const auto type = GENERATE(as<std::uint16_t>{}, RTM_NEWROUTE, RTM_DELROUTE);
    auto fixed = lan;
    CHECK(concerns(type, raw(fixed)));
    CHECK(concerns(type, buffer(sizeof fixed - 1)));
    for (const int other : {int{RT_TABLE_COMPAT}, int{RT_TABLE_DEFAULT}, 1, 100}) {
        fixed.rtm_table = static_cast<unsigned char>(other);
        CHECK(concerns(type, raw(fixed)));
    }
    fixed = lan;
    fixed.rtm_dst_len = 1;
    CHECK_FALSE(concerns(type, raw(fixed)));

    const auto harmless = message(type, raw(fixed), 0);
    CHECK(detail::concerns_gateway(joined({harmless, message(RTM_NEWADDR, {}, 0)})));
    for (std::size_t size = 1; size < harmless.size(); ++size)
        CHECK(detail::concerns_gateway(buffer(harmless.begin(), harmless.begin() + long(size))));
}

} // namespace gateway_netlink_test

#endif // defined(__linux__)
