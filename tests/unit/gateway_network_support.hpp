// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_UNIT_GATEWAY_NETWORK_SUPPORT_HPP
#define NATPMP_TESTS_UNIT_GATEWAY_NETWORK_SUPPORT_HPP

// A network namespace of the test's own, where that is allowed, and changes to it.

#include "support/catch.hpp"
#include "unit/gateway_netlink_support.hpp"

#include <natpmp/detail/platform/change_notices.hpp>
#include <natpmp/gateway.hpp>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>

#include <net/if.h>
#include <sched.h>
#include <sys/wait.h>

namespace gateway_network_test {
using namespace gateway_netlink_test;

/// Sends the kernel a change and throws unless it takes it.
inline void change(int descriptor, std::uint16_t type, const buffer& body)
{
    const auto request =
        message(type, body, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND);
    if (::send(descriptor, request.data(), request.size(), 0) < 0)
        throw std::runtime_error("send");
    buffer answer(4096);
    std::int32_t status = -1;
    const auto size = ::recv(descriptor, answer.data(), answer.size(), 0);
    if (size < ssize_t(sizeof(nlmsghdr) + sizeof status))
        throw std::runtime_error("recv");
    std::memcpy(&status, answer.data() + sizeof(nlmsghdr), sizeof status);
    if (status != 0)
        throw std::runtime_error(std::strerror(-status));
}

/// The message body of a route through an interface; no gateway: on the link.
inline buffer route_through(std::uint32_t interface_index, unsigned char length,
                            const std::string& destination, const std::string& gateway,
                            std::uint32_t metric)
{
    auto fixed = fixed_route();
    fixed.rtm_dst_len = length;
    auto attributes = joined({attribute(RTA_OIF, interface_index), attribute(RTA_PRIORITY, metric),
                              length > 0 ? attribute(RTA_DST, destination) : buffer{}});
    if (gateway.empty())
        fixed.rtm_scope = RT_SCOPE_LINK;
    else {
        fixed.rtm_flags = RTNH_F_ONLINK;
        attributes = joined({attributes, attribute(RTA_GATEWAY, gateway)});
    }
    return joined({raw(fixed), attributes});
}

inline buffer loopback_route(unsigned char length, const std::string& destination,
                             const std::string& gateway, std::uint32_t metric)
{
    return route_through(1, length, destination, gateway, metric);
}

inline void set_interface(int control, std::uint32_t interface_index, unsigned flags)
{
    ifinfomsg fixed{};
    fixed.ifi_index = static_cast<int>(interface_index);
    fixed.ifi_flags = flags;
    fixed.ifi_change = IFF_UP;
    change(control, RTM_NEWLINK, raw(fixed));
}

inline void add_address(int control, std::uint32_t interface_index, const std::string& own,
                        unsigned char prefix_length, const std::string& network = {},
                        const buffer& more = {})
{
    ifaddrmsg fixed{};
    fixed.ifa_family = AF_INET;
    fixed.ifa_prefixlen = prefix_length;
    fixed.ifa_index = interface_index;
    change(control, RTM_NEWADDR,
           joined({raw(fixed), attribute(IFA_LOCAL, own),
                   attribute(IFA_ADDRESS, network.empty() ? own : network), more}));
}

/// Adds two interfaces that are connected to each other, and up.
inline void add_cable(int control, const std::string& name)
{
    const auto text = [](const std::string& value) {
        buffer result(value.size() + 1);
        std::memcpy(result.data(), value.c_str(), result.size());
        return result;
    };
    change(control, RTM_NEWLINK,
           joined({raw(ifinfomsg{}), attribute(IFLA_IFNAME, text(name)),
                   attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, text("veth")))}));
    set_interface(control, ::if_nametoindex(name.c_str()), IFF_UP);
    set_interface(control, ::if_nametoindex("veth0"), IFF_UP); // so the kernel names the other
}

/// Runs `body` in a child process with its own network and returns what it returns; "skipped" where
/// the host does not allow that.
inline std::string in_own_network(const std::function<std::string(int)>& body)
{
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        std::string text = "skipped";
        if (::unshare(CLONE_NEWNET) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) {
            try {
                const int control = ::socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
                set_interface(control, 1, IFF_UP);
                text = body(control);
            } catch (const std::exception& failure) {
                text = failure.what();
            }
        }
        const bool written = ::write(ends[1], text.data(), text.size()) == ssize_t(text.size());
        ::_exit(written ? 0 : 1);
    }
    ::close(ends[1]);
    std::string result(4096, '\0');
    const auto size = ::read(ends[0], result.data(), result.size());
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    result.resize(size > 0 ? std::size_t(size) : 0);
    if (result == "skipped") {
        WARN("no network namespace to be had: not tested");
        CHECK(std::getenv("CI") == nullptr); // where a skipped test is a failure
    }
    return result;
}

/// Two connected sockets: what the library reads and writes, and the end of a stand-in for the
/// kernel.
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

/// Whether change notices that matter have come.
inline std::string drained(int notices)
{
    return detail::drain_change_notices(notices) ? "changed;" : "same;";
}

/// What find_default_gateway() finds, as text.
inline std::string found(const std::string& local = "0.0.0.0")
{
    natpmp::error_code error;
    const auto result = detail::find_default_gateway(net::ip::make_address(local), error);
    std::ostringstream text;
    if (error)
        text << error.message().substr(0, 21) << ';';
    else
        text << result.address << " from " << result.local_address << ';';
    return text.str();
}

} // namespace gateway_network_test

#endif // NATPMP_TESTS_UNIT_GATEWAY_NETWORK_SUPPORT_HPP
