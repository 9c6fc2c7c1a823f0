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

/// Two connected sockets: what the library reads and writes, and the stand-in's end.
struct socket_pair
{
    socket_pair()
    {
        REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
        const timeval limit{0, 20'000};
        ::setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }

    socket_pair(const socket_pair&) = delete;
    socket_pair& operator=(const socket_pair&) = delete;

    ~socket_pair()
    {
        ::close(ends[0]);
        ::close(ends[1]);
    }

    void answer(const buffer& datagram) const
    {
        REQUIRE(::send(ends[1], datagram.data(), datagram.size(), 0) == ssize_t(datagram.size()));
    }

    buffer request() const
    {
        buffer result(256);
        const auto size = ::recv(ends[1], result.data(), result.size(), MSG_DONTWAIT);
        result.resize(size > 0 ? std::size_t(size) : 0);
        return result;
    }

    int ends[2];
};

const auto good_route = route(fixed_route(), via("192.168.1.1", 2));
const auto other_route = [] {
    auto fixed = fixed_route();
    fixed.rtm_dst_len = 24;
    return route(fixed, via("192.168.1.1", 2));
}();

TEST_CASE("gateway_system: a dump from a socket", "[gateway]")
{
    const socket_pair sockets;
    detail::route_table table;
    natpmp::error_code error = natpmp::errc::closed;
    const auto dump = [&] {
        return detail::dump_table(sockets.ends[0], RTM_GETROUTE, sequence, table, error);
    };

    SECTION("the request, and an answer of three datagrams")
    {
        sockets.answer(good_route);
        sockets.answer(good_route);
        sockets.answer(done());
        CHECK_FALSE(dump());
        CHECK_FALSE(error);
        CHECK(table.routes.size() == 2);

        const auto request = sockets.request();
        nlmsghdr header{};
        REQUIRE(request.size() == sizeof header + 4);
        REQUIRE(detail::peek(request, header));
        CHECK(header.nlmsg_len == request.size());
        CHECK(header.nlmsg_type == RTM_GETROUTE);
        CHECK(header.nlmsg_flags == (NLM_F_REQUEST | NLM_F_DUMP));
        CHECK(header.nlmsg_seq == sequence);
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
        CHECK(error == net::error::timed_out);
    }
    SECTION("a datagram longer than the buffer")
    {
        sockets.answer(joined({good_route, message(NLMSG_NOOP, buffer(40'000))}));
        sockets.answer(done());
        CHECK_FALSE(dump());
        CHECK(error == net::error::message_size);
    }
    SECTION("a refusal")
    {
        sockets.answer(failure(-EPERM));
        CHECK_FALSE(dump());
        CHECK(error == natpmp::error_code(EPERM, net::error::get_system_category()));
    }
    SECTION("no one there")
    {
        CHECK_FALSE(detail::dump_table(-1, RTM_GETROUTE, sequence, table, error));
        CHECK(error == net::error::bad_descriptor);
    }
}

TEST_CASE("gateway_system: dumps interrupted by a change are asked for again", "[gateway]")
{
    const socket_pair sockets;
    const auto answer = [&](std::uint32_t number, const std::string& gateway, bool interrupted) {
        const auto body = joined({raw(fixed_route()), joined(via(gateway, 2))});
        const std::uint16_t flags = interrupted ? NLM_F_MULTI | NLM_F_DUMP_INTR : NLM_F_MULTI;
        sockets.answer(joined({message(RTM_NEWROUTE, body, number, NLM_F_MULTI),
                               message(NLMSG_DONE, raw(0), number, flags)}));
    };
    const auto requests = [&] {
        unsigned count = 0;
        while (!sockets.request().empty())
            ++count;
        return count;
    };
    const auto answer_rules = [&] { sockets.answer(message(NLMSG_DONE, raw(0), 11)); };
    natpmp::error_code error = natpmp::errc::closed;

    SECTION("not interrupted")
    {
        answer(1, "10.0.0.1", false);
        answer(2, "10.0.0.2", false);
        answer_rules();
        CHECK(detail::read_route_table(sockets.ends[0], error).routes.size() == 2);
        CHECK(requests() == 3);
    }
    SECTION("the routes, then the addresses")
    {
        answer(1, "10.0.0.1", true);
        answer(2, "10.0.0.2", false);
        answer(3, "10.0.0.3", false);
        answer(4, "10.0.0.4", true);
        answer(5, "10.0.0.5", false);
        answer(6, "10.0.0.6", false);
        answer_rules();
        const auto table = detail::read_route_table(sockets.ends[0], error);
        REQUIRE(table.routes.size() == 2);
        CHECK(table.routes[0].gateway == v4("10.0.0.5"));
        CHECK(requests() == 7);
    }
    SECTION("always: the fifth attempt has to do")
    {
        for (std::uint32_t number = 1; number <= 10; ++number)
            answer(number, "10.0.0." + std::to_string(number), true);
        const auto table = detail::read_route_table(sockets.ends[0], error);
        REQUIRE(table.routes.size() == 2);
        CHECK(table.routes[0].gateway == v4("10.0.0.9"));
        CHECK(requests() == 11);
    }
    SECTION("an error ends it")
    {
        answer(1, "10.0.0.1", true);
        sockets.answer(failure(-EPERM, 2));
        CHECK(detail::read_route_table(sockets.ends[0], error).routes.empty());
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
    natpmp::error_code error = natpmp::errc::closed;
    const int descriptor = detail::open_change_notices(error);
    REQUIRE(descriptor >= 0);
    const detail::descriptor_guard guard(descriptor);
    CHECK_FALSE(error);
    static_cast<void>(detail::drain_change_notices(descriptor));
    std::byte one{};
    CHECK(::recv(descriptor, &one, 1, 0) < 0); // non-blocking
}

TEST_CASE("gateway_system: routes of a real kernel", "[gateway]")
{
    const auto result = in_own_network([](int control) {
        std::string text = found();
        for (const std::string own : {"192.168.1.7", "10.0.0.7"}) {
            ifaddrmsg fixed{};
            fixed.ifa_family = AF_INET;
            fixed.ifa_prefixlen = 32;
            fixed.ifa_index = 1;
            change(control, RTM_NEWADDR, joined({raw(fixed), attribute(IFA_LOCAL, own)}));
        }
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
                        "192.168.1.1 from 127.0.0.1;192.168.1.2 from 127.0.0.1;"
                        "192.168.1.2 from 10.0.0.7;no IPv4 default route;"
                        "192.168.1.1 from 127.0.0.1;");
}

TEST_CASE("gateway_system: a real kernel's default route that lets nothing out", "[gateway]")
{
    const auto blocked = [](unsigned char type, std::uint32_t metric) {
        auto fixed = fixed_route();
        fixed.rtm_type = type;
        return joined({raw(fixed), attribute(RTA_PRIORITY, metric)});
    };
    const auto result = in_own_network([&](int control) {
        change(control, RTM_NEWROUTE, loopback_route(0, "", "192.168.1.1", 600));
        std::string text;
        for (const auto type : {RTN_UNREACHABLE, RTN_BLACKHOLE, RTN_PROHIBIT}) {
            change(control, RTM_NEWROUTE, blocked(type, 700));
            text += found();
            change(control, RTM_NEWROUTE, blocked(type, 50));
            text += found() + found("127.0.0.1");
            change(control, RTM_DELROUTE, blocked(type, 50));
            change(control, RTM_DELROUTE, blocked(type, 700));
        }
        return text + found();
    });
    const std::string real = "192.168.1.1 from 127.0.0.1;";
    const std::string each = real + "no IPv4 default route;" + real;
    if (result != "skipped")
        CHECK(result == each + each + each + real);
}

TEST_CASE("gateway_system: change notices of a real kernel", "[gateway]")
{
    const auto result = in_own_network([](int control) {
        natpmp::error_code error;
        const int notices = detail::open_change_notices(error);
        const auto drained = [&] {
            return detail::drain_change_notices(notices) ? std::string("changed;")
                                                         : std::string("same;");
        };
        std::string text = drained();
        change(control, RTM_NEWROUTE, loopback_route(8, "11.0.0.0", "", 0));
        text += drained();
        change(control, RTM_NEWROUTE, loopback_route(0, "", "192.168.1.1", 0));
        text += drained();
        text += drained();
        // Another process may send here too, if it is privileged; only the kernel counts.
        sockaddr_nl to{};
        socklen_t size = sizeof to;
        ::getsockname(notices, reinterpret_cast<sockaddr*>(&to), &size);
        to.nl_groups = 0;
        if (::sendto(control, good_route.data(), good_route.size(), 0,
                     reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0)
            throw std::runtime_error("sendto");
        text += drained();
        // Routes of no concern, but more than fit: something may be among those that were lost.
        for (unsigned i = 0; i < 3000; ++i)
            change(control, RTM_NEWROUTE,
                   loopback_route(32, net::ip::address_v4(0x0C000000U + i).to_string(), "", 0));
        text += drained();
        text += drained();
        return text;
    });
    if (result != "skipped")
        CHECK(result == "same;same;changed;same;same;changed;same;");
}

} // namespace gateway_system_test

#endif // defined(__linux__)
