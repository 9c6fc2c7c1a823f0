// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The routing socket: with a stand-in for the kernel, with this host's kernel, and with a network
// namespace of its own where that is allowed.

#include "support/catch.hpp"

#include <natpmp/gateway.hpp>

TEST_CASE("gateway_system: default_gateway on this host", "[gateway]")
{
    natpmp::error_code error = natpmp::errc::closed;
    const auto found = natpmp::default_gateway(error);
    if (error) {
        CHECK(found == natpmp::gateway{});
        CHECK_THROWS_AS(natpmp::default_gateway(), natpmp::system_error);
    } else {
        CHECK(found.address.is_v4());
        CHECK_FALSE(found.address.is_unspecified());
        CHECK(found.interface_index != 0);
        CHECK(natpmp::default_gateway() == found);
    }
}

#if defined(__linux__)

#include "unit/gateway_network_support.hpp"

namespace gateway_system_test {
using namespace gateway_network_test;

const auto good_route = route(fixed_route(), via("192.168.1.1", 2));
const auto other_route = [] {
    auto fixed = fixed_route();
    fixed.rtm_dst_len = 24;
    return route(fixed, via("192.168.1.1", 2));
}();

TEST_CASE("gateway_system: a dump from a socket", "[gateway]")
{
    const socket_pair sockets;
    std::vector<detail::default_route> routes;
    natpmp::error_code error = natpmp::errc::closed;
    const auto dump = [&] {
        return detail::dump_table(sockets.ends[0], RTM_GETROUTE, routes, error);
    };

    SECTION("the request, and an answer of three datagrams")
    {
        sockets.answer(good_route);
        sockets.answer(good_route);
        sockets.answer(done());
        CHECK_FALSE(dump());
        CHECK_FALSE(error);
        CHECK(routes.size() == 2);

        const auto request = sockets.request();
        nlmsghdr header{};
        REQUIRE(request.size() == sizeof header + 4);
        REQUIRE(detail::peek(request, header));
        CHECK(header.nlmsg_len == request.size());
        CHECK(header.nlmsg_type == RTM_GETROUTE);
        CHECK(header.nlmsg_flags == (NLM_F_REQUEST | NLM_F_DUMP));
        CHECK(request[sizeof header] == std::byte{AF_INET});
        CHECK(sockets.request().empty());
    }
    SECTION("interrupted by a change")
    {
        sockets.answer(done(0, NLM_F_MULTI | NLM_F_DUMP_INTR));
        CHECK(dump());
        CHECK_FALSE(error);
    }
    SECTION("silence")
    {
        sockets.answer(good_route);
        CHECK_FALSE(dump());
        CHECK(error == net::error::try_again);
    }
    SECTION("a datagram longer than the buffer")
    {
        sockets.answer(joined({good_route, message(NLMSG_NOOP, buffer(40'000))}));
        sockets.answer(done());
        CHECK_FALSE(dump());
        CHECK(error == natpmp::error_code(EBADMSG, net::error::get_system_category()));
    }
    SECTION("a refusal")
    {
        sockets.answer(failure(-EPERM));
        CHECK_FALSE(dump());
        CHECK(error == natpmp::error_code(EPERM, net::error::get_system_category()));
    }
    SECTION("the other end is closed")
    {
        REQUIRE(::shutdown(sockets.ends[1], SHUT_WR) == 0);
        CHECK_FALSE(dump());
        CHECK(error == net::error::eof);
    }
    SECTION("no one there")
    {
        CHECK_FALSE(detail::dump_table(-1, RTM_GETROUTE, routes, error));
        CHECK(error == net::error::bad_descriptor);
    }
}

TEST_CASE("gateway_system: dumps interrupted by a change are asked for again", "[gateway]")
{
    const socket_pair sockets;
    const auto answer = [&](const std::string& gateway, bool interrupted) {
        const std::uint16_t flags = interrupted ? NLM_F_MULTI | NLM_F_DUMP_INTR : NLM_F_MULTI;
        sockets.answer(joined({route(fixed_route(), via(gateway, 2)), done(0, flags)}));
    };
    const auto requests = [&] {
        unsigned count = 0;
        while (!sockets.request().empty())
            ++count;
        return count;
    };
    natpmp::error_code error;
    const auto read = [&] { return detail::read_netlink_routes(sockets.ends[0], error); };

    SECTION("once")
    {
        answer("10.0.0.1", true);
        answer("10.0.0.2", false);
        sockets.answer(done());
        const auto routes = read();
        REQUIRE(routes.size() == 1);
        CHECK(routes[0].gateway == v4("10.0.0.2"));
        CHECK(requests() == 3);
    }
    SECTION("always: the fifth attempt has to do")
    {
        for (int number = 1; number <= 6; ++number)
            answer("10.0.0." + std::to_string(number), true);
        const auto routes = read();
        REQUIRE(routes.size() >= 1);
        CHECK(routes[0].gateway == v4("10.0.0.5"));
        CHECK(requests() == 6);
    }
    SECTION("an error ends it")
    {
        answer("10.0.0.1", true);
        sockets.answer(failure(-EPERM));
        CHECK(read().empty());
        CHECK(error == natpmp::error_code(EPERM, net::error::get_system_category()));
        CHECK(requests() == 2);
        error.clear();
    }
    CHECK_FALSE(error);
}

TEST_CASE("gateway_system: change notices are read until there are none", "[gateway]")
{
    const socket_pair sockets;
    const auto drain = [&] { return detail::drain_change_notices(sockets.ends[0]); };
    CHECK_FALSE(drain());
    sockets.answer(other_route);
    CHECK_FALSE(drain());

    SECTION("a default route, then another")
    {
        sockets.answer(good_route);
        sockets.answer(other_route);
        CHECK(drain());
    }
    SECTION("too long to be read")
    {
        sockets.answer(message(NLMSG_NOOP, buffer(10'000)));
        CHECK(drain());
    }
    CHECK_FALSE(drain());
}

TEST_CASE("gateway_system: change notices of this host can be had", "[gateway]")
{
    const int descriptor = detail::open_change_notices();
    REQUIRE(descriptor >= 0);
    const detail::descriptor_guard guard(descriptor);
    static_cast<void>(detail::drain_change_notices(descriptor)); // does not wait
}

TEST_CASE("gateway_system: routes of a real kernel", "[gateway]")
{
    const auto result = in_own_network([](int control) {
        std::string text = found();
        add_address(control, 1, "192.168.1.7", 32);
        add_address(control, 1, "10.0.0.7", 32);
        change(control, RTM_NEWROUTE, loopback_route(0, "", "", 1));
        change(control, RTM_NEWROUTE, loopback_route(1, "0.0.0.0", "10.8.0.1", 0));
        change(control, RTM_NEWROUTE, loopback_route(1, "128.0.0.0", "10.8.0.1", 0));
        text += found();
        change(control, RTM_NEWROUTE, loopback_route(0, "", "192.168.1.1", 600));
        text += found();
        change(control, RTM_NEWROUTE, loopback_route(0, "", "192.168.1.2", 50));
        text += found();
        text += found("10.0.0.7");
        text += found("10.0.0.8");
        change(control, RTM_DELROUTE, loopback_route(0, "", "192.168.1.2", 50));
        return text + found();
    });
    if (result != "skipped")
        CHECK(result == "no IPv4 default route;no IPv4 default route;"
                        "192.168.1.1 from 192.168.1.7;192.168.1.2 from 192.168.1.7;"
                        "192.168.1.2 from 10.0.0.7;no interface of this ;"
                        "192.168.1.1 from 192.168.1.7;");
}

TEST_CASE("gateway_system: a real kernel's default route that lets nothing out", "[gateway]")
{
    const auto blocked = [](unsigned char type, std::uint32_t metric) {
        auto fixed = fixed_route();
        fixed.rtm_type = type;
        return joined({raw(fixed), attribute(RTA_PRIORITY, metric)});
    };
    const auto result = in_own_network([&](int control) {
        add_address(control, 1, "192.168.1.7", 32);
        change(control, RTM_NEWROUTE, loopback_route(0, "", "192.168.1.1", 600));
        std::string text;
        for (const auto type : {RTN_UNREACHABLE, RTN_BLACKHOLE, RTN_PROHIBIT}) {
            change(control, RTM_NEWROUTE, blocked(type, 700));
            text += found();
            change(control, RTM_NEWROUTE, blocked(type, 50));
            text += found() + found("192.168.1.7");
            change(control, RTM_DELROUTE, blocked(type, 50));
            change(control, RTM_DELROUTE, blocked(type, 700));
        }
        return text + found();
    });
    const std::string real = "192.168.1.1 from 192.168.1.7;";
    const std::string each = real + "no IPv4 default route;" + real;
    if (result != "skipped")
        CHECK(result == each + each + each + real);
}

TEST_CASE("gateway_system: change notices of a real kernel", "[gateway]")
{
    const auto result = in_own_network([](int control) {
        const int notices = detail::open_change_notices();
        std::string text = drained(notices);
        change(control, RTM_NEWROUTE, loopback_route(8, "11.0.0.0", "", 0));
        text += drained(notices);
        change(control, RTM_NEWROUTE, loopback_route(0, "", "192.168.1.1", 0));
        text += drained(notices);
        text += drained(notices);
        // Routes of no concern, but more than fit: something may be among those that were lost.
        for (unsigned i = 0; i < 3000; ++i)
            change(control, RTM_NEWROUTE,
                   loopback_route(32, net::ip::address_v4(0x0C000000U + i).to_string(), "", 0));
        text += drained(notices);
        return text + drained(notices);
    });
    if (result != "skipped")
        CHECK(result == "same;same;changed;same;changed;same;");
}

} // namespace gateway_system_test

#endif // defined(__linux__)
