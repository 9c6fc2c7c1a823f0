// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Linux: routes and the tables that rules lead to, from the kernel's routing socket (rtnetlink);
/// and the notices of their changes.

#ifndef NATPMP_DETAIL_PLATFORM_NETLINK_HPP
#define NATPMP_DETAIL_PLATFORM_NETLINK_HPP

#include <natpmp/detail/platform/proc_route.hpp>

#if defined(__linux__)

#include <algorithm>

#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/time.h>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Cuts the first record off `rest`: messages, attributes and next hops are all a header with the
/// length of both in the member `Length`, a body, and padding to four bytes. False at the end, and
/// also where a length cannot be true; `rest` is empty only in the first case.
template <auto Length, class Header>
[[nodiscard]] bool next_record(raw_bytes& rest, Header& header, raw_bytes& body) noexcept
{
    if (!peek(rest, header))
        return false;
    const std::size_t length = header.*Length;
    if (length < sizeof header || length > rest.size())
        return false;
    body = rest.subspan(sizeof header, length - sizeof header);
    rest = rest.subspan(std::min(rest.size(), (length + 3) & ~std::size_t{3}));
    return true;
}

/// The body of the first attribute of a type; nothing if there is none.
[[nodiscard]] inline raw_bytes find_attribute(raw_bytes rest, unsigned short type) noexcept
{
    rtattr header;
    raw_bytes body;
    while (next_record<&rtattr::rta_len>(rest, header, body))
        if (header.rta_type == type)
            return body;
    return {};
}

/// The number in an attribute of four bytes, as all that are asked for have them; `number` itself
/// if there is none of this type.
[[nodiscard]] inline std::uint32_t number_of(raw_bytes attributes, unsigned short type,
                                             std::uint32_t number = 0) noexcept
{
    const raw_bytes body = find_attribute(attributes, type);
    if (body.size() == sizeof number)
        std::memcpy(&number, body.data(), sizeof number);
    return number;
}

/// Whether a route is an IPv4 default route for all types of service.
[[nodiscard]] inline bool is_default_route(const rtmsg& message) noexcept
{
    return message.rtm_family == AF_INET && message.rtm_dst_len == 0 && message.rtm_tos == 0;
}

/// Adds a route by the gateway in its own attributes or in those of a next hop, unless that is down
/// or has no IPv4 gateway: a VPN's tunnel has none, and one of IPv6 (RTA_VIA) answers no NAT-PMP.
inline void add_route(default_route route, raw_bytes attributes, unsigned flags,
                      default_routes& routes)
{
    route.gateway = to_address(number_of(attributes, RTA_GATEWAY));
    // RTNH_F_LINKDOWN: the cable was pulled. The kernel keeps the route until somebody deletes it.
    const bool down = (flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) != 0;
    if (route.blocked || (!route.gateway.is_unspecified() && !down))
        routes.push_back(route);
}

/// Adds what an RTM_NEWROUTE message says, if it is a default route through an IPv4 gateway, or one
/// that lets nothing out, in any table but the local one, which has the host's own addresses.
/// Others are dropped here already: a router may have a million of them.
NATPMP_COLD inline void read_route(raw_bytes message, default_routes& routes)
{
    rtmsg fixed;
    if (!peek(message, fixed) || !is_default_route(fixed))
        return;
    const raw_bytes attributes = message.subspan(sizeof fixed);
    default_route route;
    route.preferred_source = to_address(number_of(attributes, RTA_PREFSRC));
    route.interface_index = number_of(attributes, RTA_OIF);
    route.metric = number_of(attributes, RTA_PRIORITY);
    route.table = number_of(attributes, RTA_TABLE, fixed.rtm_table); // the byte ends at 255
    route.policy = route.table != RT_TABLE_MAIN;
    // RTN_THROW is not blocked: it only ends the search in its table.
    route.blocked = fixed.rtm_type == RTN_UNREACHABLE || fixed.rtm_type == RTN_BLACKHOLE ||
                    fixed.rtm_type == RTN_PROHIBIT;
    if ((fixed.rtm_type != RTN_UNICAST && !route.blocked) || route.table == RT_TABLE_LOCAL)
        return;
    add_route(route, attributes, fixed.rtm_flags, routes);

    // The next hops of a multipath route share all but the gateway and the interface.
    raw_bytes hops = find_attribute(attributes, RTA_MULTIPATH);
    rtnexthop hop;
    raw_bytes of_hop;
    while (next_record<&rtnexthop::rtnh_len>(hops, hop, of_hop)) {
        route.interface_index = static_cast<std::uint32_t>(hop.rtnh_ifindex);
        add_route(route, of_hop, fixed.rtm_flags | hop.rtnh_flags, routes);
    }
}

/// Marks the routes of the table that an RTM_NEWRULE message leads to, whatever traffic the rule is
/// for. A rule that suppresses default routes leads to none: wg-quick has one for the main table.
inline void read_rule(raw_bytes message, default_routes& routes)
{
    fib_rule_hdr fixed;
    if (!peek(message, fixed) || fixed.family != AF_INET || fixed.action != FR_ACT_TO_TBL)
        return;
    const raw_bytes attributes = message.subspan(sizeof fixed);
    const std::uint32_t table = number_of(attributes, FRA_TABLE, fixed.table);
    // Routes with at most a certain prefix length are not taken from the table; -1: all are.
    constexpr std::uint32_t none = 0xFFFFFFFF;
    if (number_of(attributes, FRA_SUPPRESS_PREFIXLEN, none) == none)
        for (default_route& route : routes)
            route.ruled = route.ruled || route.table == table;
}

/// Drops the routes of tables that no rule leads to; those of the main one always stay. Where the
/// rules cannot be read, so do those of tables above 255: Android has its default routes there.
inline void keep_used_tables(default_routes& routes, bool rules_known)
{
    std::erase_if(routes, [=](const default_route& route) {
        return route.policy && !(rules_known ? route.ruled : route.table > 255);
    });
}

/// The answer to one dump request, put together from its datagrams. The routes come first, then the
/// rules, which mark the routes that are there.
struct dump_reader
{
    /// Gets what the messages say.
    default_routes& routes;
    /// Set by NLM_F_DUMP_INTR: the table changed during the dump, which may have gaps.
    bool interrupted = false;

    /// Takes the next datagram. True: there are more to come. An error ends the dump.
    [[nodiscard]] bool read(raw_bytes datagram, error_code& error)
    {
        error.clear();
        nlmsghdr header;
        raw_bytes body;
        while (next_record<&nlmsghdr::nlmsg_len>(datagram, header, body)) {
            interrupted = interrupted || (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
            if (header.nlmsg_type == RTM_NEWROUTE)
                read_route(body, routes);
            else if (header.nlmsg_type == RTM_NEWRULE)
                read_rule(body, routes);
            else if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
                // The status is 0 or a negated errno; a DONE without a body is a success.
                std::int32_t status = header.nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
                static_cast<void>(peek(body, status));
                if (status < 0) // no errno is above 4095
                    error = system_error_code(-std::max(status, -4095));
                return false;
            }
        }
        if (!datagram.empty())
            error = system_error_code(EBADMSG);
        return datagram.empty();
    }
};

/// Asks for all routes (RTM_GETROUTE), which are added to `routes`, or all rules (RTM_GETRULE),
/// which mark them. Returns whether a change interrupted the dump. Errors: what the kernel or a
/// sandbox says; would_block if the answer stops.
NATPMP_COLD inline bool dump_table(int descriptor, std::uint16_t request_type,
                                   default_routes& routes, error_code& error)
{
    const struct
    {
        nlmsghdr header;
        rtgenmsg body;
    } request{{sizeof request, request_type, NLM_F_REQUEST | NLM_F_DUMP, 0, 0}, {AF_INET}};
    dump_reader reader{routes};
    // The kernel puts at most 32 KiB into a datagram of a dump. A longer one would be cut off, and
    // its last message could not be read.
    std::vector<std::byte> buffer(32768);
    // MSG_NOSIGNAL: a sandbox may have closed the other end.
    ssize_t size = ::send(descriptor, &request, sizeof request, MSG_NOSIGNAL);
    while (size > 0) {
        size = ::recv(descriptor, buffer.data(), buffer.size(), 0);
        const raw_bytes received(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
        if (!reader.read(received, error))
            return reader.interrupted;
    }
    error = size < 0 ? last_system_error() : error_code(net::error::eof);
    return false;
}

/// Asks a netlink socket for the default routes of the tables in use. A dump that a change
/// interrupted is asked for again; where routes change all the time, the fifth has to do.
[[nodiscard]] inline default_routes read_netlink_routes(int descriptor, error_code& error)
{
    default_routes routes;
    bool interrupted = true;
    for (int attempt = 0; interrupted && attempt < 5; ++attempt) {
        routes.clear();
        interrupted = dump_table(descriptor, RTM_GETROUTE, routes, error);
        if (error)
            return {};
    }
    error_code untold;
    dump_table(descriptor, RTM_GETRULE, routes, untold);
    if (is_shortage(untold)) // not the same as a kernel without rules: the next attempt may do
        error = untold;
    keep_used_tables(routes, !untold);
    return routes;
}

/// See gateway.hpp. A seccomp filter may forbid netlink sockets, and leave /proc/net/route.
[[nodiscard]] NATPMP_COLD inline default_routes read_system_routes(error_code& error)
{
    const descriptor_guard socket(open_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    // The kernel answers at once; the limit is for sandboxes that take requests and answer none.
    const timeval limit{1, 0};
    default_routes routes;
    if (socket.descriptor < 0 ||
        ::setsockopt(socket.descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0)
        error = last_system_error();
    else
        routes = read_netlink_routes(socket.descriptor, error);
    if (error && !is_shortage(error))
        routes = read_proc_routes("/proc/net/route", error);
    return routes;
}

/// See gateway.hpp.
[[nodiscard]] inline int open_change_notices() noexcept
{
    descriptor_guard socket(open_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    constexpr std::uint32_t groups =
        RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE | RTMGRP_IPV4_IFADDR | RTMGRP_LINK;
    const sockaddr_nl local{AF_NETLINK, 0, 0, groups};
    if (socket.descriptor < 0 ||
        ::bind(socket.descriptor, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0)
        return -1;
    return std::exchange(socket.descriptor, -1);
}

/// See gateway.hpp. Notices of other than default routes are of no concern. All those of links are:
/// Linux drops the routes of an interface that goes down without a notice of each.
[[nodiscard]] inline bool concerns_gateway(raw_bytes datagram) noexcept
{
    nlmsghdr header;
    raw_bytes body;
    while (next_record<&nlmsghdr::nlmsg_len>(datagram, header, body)) {
        rtmsg route;
        const bool about_route =
            header.nlmsg_type == RTM_NEWROUTE || header.nlmsg_type == RTM_DELROUTE;
        if (!about_route || !peek(body, route) || is_default_route(route))
            return true;
    }
    return !datagram.empty();
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // defined(__linux__)

#endif // NATPMP_DETAIL_PLATFORM_NETLINK_HPP
