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
#include <type_traits>

#include <sys/time.h>

#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

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

/// The bodies of attributes, by type; of two of one type, the last one's. RTA_TABLE and FRA_TABLE,
/// the highest types that are asked for, are 15.
using attribute_bodies = std::array<raw_bytes, 16>;

/// Reads the attributes of a message or next hop, those of all types: the kernel adds new ones.
/// False if something there is none.
[[nodiscard]] inline bool read_attributes(raw_bytes rest, attribute_bodies& found) noexcept
{
    rtattr header;
    raw_bytes body;
    while (next_record<&rtattr::rta_len>(rest, header, body))
        if (header.rta_type < found.size())
            found[header.rta_type] = body;
    return rest.empty();
}

/// Reads the value of an attribute, if it is there. False if it is too short, or of another size
/// than an IPv4 address where one is wanted.
template <class Value>
[[nodiscard]] bool read_value(raw_bytes body, Value& value) noexcept
{
    if constexpr (std::is_same_v<Value, net::ip::address_v4>) {
        auto octets = value.to_bytes();
        const bool good = !body.data() || (body.size() == octets.size() && peek(body, octets));
        value = net::ip::address_v4(octets);
        return good;
    } else {
        return !body.data() || peek(body, value);
    }
}

/// Whether a route is an IPv4 default route for all types of service, in any table but the local
/// one, which has the host's own addresses.
[[nodiscard]] inline bool is_default_route(const rtmsg& message) noexcept
{
    return message.rtm_family == AF_INET && message.rtm_dst_len == 0 && message.rtm_tos == 0 &&
           message.rtm_table != RT_TABLE_LOCAL;
}

/// Adds a route, or one of its next hops, unless its interface is down or it has no IPv4 gateway: a
/// VPN's tunnel has none, and an IPv6 one (RTA_VIA) answers no NAT-PMP.
inline void add_route(const default_route& route, unsigned flags,
                      std::vector<default_route>& routes)
{
    // RTNH_F_LINKDOWN: the cable was pulled. The kernel keeps the route until somebody deletes it.
    const bool down = (flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) != 0;
    if (route.blocked || (!route.gateway.is_unspecified() && !down))
        routes.push_back(route);
}

/// Adds what an RTM_NEWROUTE message says, if it is a default route through an IPv4 gateway, or one
/// that lets nothing out. Others are dropped here already: a router may have a million of them.
inline void read_route(raw_bytes message, std::vector<default_route>& routes)
{
    rtmsg fixed;
    if (!peek(message, fixed) || !is_default_route(fixed))
        return;
    default_route route;
    // RTN_THROW is not blocked: it only ends the search in its table.
    route.blocked = fixed.rtm_type == RTN_UNREACHABLE || fixed.rtm_type == RTN_BLACKHOLE ||
                    fixed.rtm_type == RTN_PROHIBIT;
    if (!route.blocked && fixed.rtm_type != RTN_UNICAST)
        return;
    route.table = fixed.rtm_table; // a number above 255 is in RTA_TABLE
    attribute_bodies found;
    if (!read_attributes(message.subspan(sizeof fixed), found) ||
        !read_value(found[RTA_GATEWAY], route.gateway) ||
        !read_value(found[RTA_PREFSRC], route.preferred_source) ||
        !read_value(found[RTA_OIF], route.interface_index) ||
        !read_value(found[RTA_PRIORITY], route.metric) ||
        !read_value(found[RTA_TABLE], route.table) || route.table == RT_TABLE_LOCAL)
        return;
    route.policy = route.table != RT_TABLE_MAIN;
    add_route(route, fixed.rtm_flags, routes);

    // The next hops of a multipath route share all but the gateway and the interface.
    raw_bytes hops = found[RTA_MULTIPATH];
    rtnexthop hop;
    raw_bytes body;
    while (next_record<&rtnexthop::rtnh_len>(hops, hop, body)) {
        attribute_bodies of_hop;
        route.gateway = {};
        route.interface_index = static_cast<std::uint32_t>(hop.rtnh_ifindex);
        if (!read_attributes(body, of_hop) || !read_value(of_hop[RTA_GATEWAY], route.gateway))
            return;
        add_route(route, fixed.rtm_flags | hop.rtnh_flags, routes);
    }
}

/// Marks the routes of the table that an RTM_NEWRULE message leads to, whatever traffic the rule is
/// for. A rule that suppresses default routes leads to none: wg-quick has one for the main table.
inline void read_rule(raw_bytes message, std::vector<default_route>& routes)
{
    fib_rule_hdr fixed;
    if (!peek(message, fixed) || fixed.family != AF_INET || fixed.action != FR_ACT_TO_TBL)
        return;
    std::uint32_t number = fixed.table;
    // Routes with at most this prefix length are not taken from the table; -1: all are.
    std::int32_t longest_suppressed = -1;
    attribute_bodies found;
    if (!read_attributes(message.subspan(sizeof fixed), found) ||
        !read_value(found[FRA_TABLE], number) ||
        !read_value(found[FRA_SUPPRESS_PREFIXLEN], longest_suppressed) || longest_suppressed >= 0)
        return;
    for (default_route& route : routes)
        route.ruled = route.ruled || route.table == number;
}

/// Drops the routes of tables that traffic is not led to. The main one always counts, others if a
/// rule leads there. Where the rules cannot be read, tables numbered above 255 count: Android has
/// its default routes there.
inline void keep_used_tables(std::vector<default_route>& routes, bool rules_known)
{
    constexpr std::uint32_t most_in_a_byte = 255;
    std::erase_if(routes, [&](const default_route& route) {
        return route.policy && !(rules_known ? route.ruled : route.table > most_in_a_byte);
    });
}

/// The answer to one dump request, put together from its datagrams. The routes come first, then the
/// rules, which mark the routes that are there.
struct dump_reader
{
    /// Gets what the messages say.
    std::vector<default_route>& routes;

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
                std::int32_t status = 0;
                if (!peek(body, status) && header.nlmsg_type == NLMSG_ERROR)
                    status = -EBADMSG;
                constexpr std::int32_t lowest = -4095; // the kernel's own limit
                if (status < 0)
                    error.assign(-std::max(status, lowest), net::error::get_system_category());
                return false;
            }
        }
        if (!datagram.empty())
            error.assign(EBADMSG, net::error::get_system_category());
        return datagram.empty();
    }
};

/// Whether a change notice may concern the choice of a gateway. Those of other than default routes
/// do not; what cannot be read may. All notices of links count: Linux drops the routes of an
/// interface that goes down without a notice of each.
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

/// Asks for all routes (RTM_GETROUTE), which are added to `routes`, or all rules (RTM_GETRULE),
/// which mark them. Returns whether a change interrupted the dump. Errors: what the kernel or a
/// sandbox says; timed_out if the answer stops.
inline bool dump_table(int descriptor, std::uint16_t request_type,
                       std::vector<default_route>& routes, error_code& error)
{
    struct
    {
        nlmsghdr header;
        rtgenmsg body;
    } request{{sizeof request, request_type, NLM_F_REQUEST | NLM_F_DUMP, 0, 0}, {AF_INET}};
    // MSG_NOSIGNAL: a sandbox may have closed the other end.
    if (::send(descriptor, &request, sizeof request, MSG_NOSIGNAL) < 0) {
        error = last_system_error();
        return false;
    }

    dump_reader reader{routes};
    // The kernel puts at most 32 KiB into a datagram of a dump. A longer one would be cut off, and
    // its last message could not be read.
    std::vector<std::byte> buffer(32768);
    for (;;) {
        const ssize_t size = ::recv(descriptor, buffer.data(), buffer.size(), 0);
        if (size <= 0) {
            error = size < 0 ? last_system_error() : error_code(net::error::eof);
            if (error == net::error::interrupted)
                continue;
            if (error == net::error::would_block || error == net::error::try_again)
                error = net::error::timed_out; // SO_RCVTIMEO
            return false;
        }
        if (!reader.read(raw_bytes(buffer).first(static_cast<std::size_t>(size)), error))
            return reader.interrupted;
    }
}

/// Asks a netlink socket for the default routes of the tables in use. A dump that a change
/// interrupted is asked for again; where routes change all the time, the fifth has to do.
[[nodiscard]] inline std::vector<default_route> read_netlink_routes(int descriptor,
                                                                    error_code& error)
{
    std::vector<default_route> routes;
    bool interrupted = true;
    for (int attempt = 0; interrupted && attempt < 5; ++attempt) {
        routes.clear();
        interrupted = dump_table(descriptor, RTM_GETROUTE, routes, error);
        if (error)
            return {};
    }
    error_code untold;
    dump_table(descriptor, RTM_GETRULE, routes, untold);
    if (is_shortage(untold)) { // not the same as a kernel without rules: the next attempt may do
        error = untold;
        return {};
    }
    keep_used_tables(routes, !untold);
    return routes;
}

/// Asks netlink for the default routes. Errors: what the system says.
[[nodiscard]] inline std::vector<default_route> read_netlink_routes(error_code& error)
{
    const descriptor_guard socket(open_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    // The kernel answers at once; the limit is for sandboxes that take requests and answer none.
    const timeval limit{1, 0};
    if (socket.descriptor < 0 ||
        ::setsockopt(socket.descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0) {
        error = last_system_error();
        return {};
    }
    return read_netlink_routes(socket.descriptor, error);
}

/// See gateway.hpp. A seccomp filter may forbid netlink sockets, and leave /proc/net/route.
[[nodiscard]] inline std::vector<default_route> read_system_routes(error_code& error)
{
    std::vector<default_route> routes = read_netlink_routes(error);
    if (error && !is_shortage(error))
        routes = read_proc_routes(proc_route_file, error);
    return routes;
}

/// See gateway.hpp.
[[nodiscard]] inline int open_change_notices(error_code& error) noexcept
{
    error.clear();
    descriptor_guard socket(open_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    constexpr std::uint32_t groups =
        RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE | RTMGRP_IPV4_IFADDR | RTMGRP_LINK;
    const sockaddr_nl local{AF_NETLINK, 0, 0, groups};
    if (socket.descriptor < 0 ||
        ::bind(socket.descriptor, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0)
        error = last_system_error();
    return error ? -1 : std::exchange(socket.descriptor, -1);
}

/// See gateway.hpp.
[[nodiscard]] inline bool drain_change_notices(int descriptor) noexcept
{
    const auto receive = [=](std::span<std::byte> buffer) {
        return ::recv(descriptor, buffer.data(), buffer.size(), MSG_DONTWAIT);
    };
    return drain_notices(receive, concerns_gateway);
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // defined(__linux__)

#endif // NATPMP_DETAIL_PLATFORM_NETLINK_HPP
