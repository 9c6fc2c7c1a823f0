// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Linux: bytes from the kernel's routing socket (rtnetlink) to routes, addresses and the tables
/// that rules lead to, without I/O.

#ifndef NATPMP_DETAIL_NETLINK_HPP
#define NATPMP_DETAIL_NETLINK_HPP

#include <natpmp/detail/raw_bytes.hpp>
#include <natpmp/detail/route.hpp>

#if defined(__linux__)

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <sys/socket.h>

#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

[[nodiscard]] inline std::size_t record_length(const nlmsghdr& header) noexcept
{
    return header.nlmsg_len;
}

[[nodiscard]] inline std::size_t record_length(const rtattr& header) noexcept
{
    return header.rta_len;
}

[[nodiscard]] inline std::size_t record_length(const rtnexthop& header) noexcept
{
    return header.rtnh_len;
}

/// Cuts the first record off `rest`: messages, attributes and next hops are all a header that tells
/// the length of both, a body, and padding to four bytes. False at the end, and also where a length
/// cannot be true; `rest` is empty only in the first case.
template <class Header>
[[nodiscard]] bool next_record(raw_bytes& rest, Header& header, raw_bytes& body) noexcept
{
    if (!peek(rest, header))
        return false;
    const std::size_t length = record_length(header);
    if (length < sizeof header || length > rest.size())
        return false;
    body = rest.subspan(sizeof header, length - sizeof header);
    rest = rest.subspan(std::min(rest.size(), (length + 3) & ~std::size_t{3}));
    return true;
}

/// Reads an attribute that is an IPv4 address. False if it has another length.
[[nodiscard]] inline bool read_address(raw_bytes body, net::ip::address_v4& address) noexcept
{
    net::ip::address_v4::bytes_type octets;
    if (body.size() != octets.size() || !peek(body, octets))
        return false;
    address = net::ip::address_v4(octets);
    return true;
}

/// Whether a route is an IPv4 default route for all types of service, in any table but the local
/// one, which has the host's own addresses.
[[nodiscard]] inline bool is_default_route(const rtmsg& message) noexcept
{
    return message.rtm_family == AF_INET && message.rtm_dst_len == 0 && message.rtm_tos == 0 &&
           message.rtm_table != RT_TABLE_LOCAL;
}

inline void add_route(const default_route& route, unsigned flags, route_table& table)
{
    const bool down = (flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) != 0;
    if (route.blocked || (!route.gateway.is_unspecified() && !down))
        table.routes.push_back(route);
}

/// Adds the usable next hops of a multipath route; `route` has what they share.
inline void add_next_hops(raw_bytes hops, unsigned flags, default_route route, route_table& table)
{
    rtnexthop hop;
    raw_bytes attributes;
    while (next_record(hops, hop, attributes)) {
        route.gateway = {};
        route.interface_index = static_cast<std::uint32_t>(hop.rtnh_ifindex);
        rtattr attribute;
        raw_bytes body;
        while (next_record(attributes, attribute, body))
            if (attribute.rta_type == RTA_GATEWAY && !read_address(body, route.gateway))
                return;
        if (!attributes.empty())
            return;
        add_route(route, flags | hop.rtnh_flags, table);
    }
}

/// Whether a route of this type lets nothing out. One of type "throw" is not among them: it only
/// ends the search in its table.
[[nodiscard]] inline bool is_blocked(unsigned char type) noexcept
{
    return type == RTN_UNREACHABLE || type == RTN_BLACKHOLE || type == RTN_PROHIBIT;
}

/// Adds what an RTM_NEWROUTE message says, if it is a default route through an IPv4 gateway, or one
/// that lets nothing out. Others are dropped here already: a router may have a million of them.
NATPMP_COLD inline void read_route(raw_bytes message, route_table& table)
{
    rtmsg fixed;
    if (!peek(message, fixed) || !is_default_route(fixed))
        return;
    default_route route;
    route.blocked = is_blocked(fixed.rtm_type);
    if (!route.blocked && fixed.rtm_type != RTN_UNICAST)
        return;
    route.table = fixed.rtm_table; // a number above 255 is in an attribute
    raw_bytes hops;
    raw_bytes rest = message.subspan(sizeof fixed);
    rtattr attribute;
    raw_bytes body;
    while (next_record(rest, attribute, body)) {
        bool good = true;
        if (attribute.rta_type == RTA_GATEWAY)
            good = read_address(body, route.gateway);
        else if (attribute.rta_type == RTA_PREFSRC)
            good = read_address(body, route.preferred_source);
        else if (attribute.rta_type == RTA_OIF)
            good = peek(body, route.interface_index);
        else if (attribute.rta_type == RTA_PRIORITY)
            good = peek(body, route.metric);
        else if (attribute.rta_type == RTA_TABLE)
            good = peek(body, route.table);
        else if (attribute.rta_type == RTA_MULTIPATH)
            hops = body;
        if (!good)
            return;
    }
    if (!rest.empty() || route.table == RT_TABLE_LOCAL)
        return;
    route.policy = route.table != RT_TABLE_MAIN;
    add_route(route, fixed.rtm_flags, table);
    add_next_hops(hops, fixed.rtm_flags, route, table);
}

/// Adds what an RTM_NEWADDR message says, if it is about IPv4.
inline void read_interface_address(raw_bytes message, route_table& table)
{
    ifaddrmsg fixed;
    if (!peek(message, fixed) || fixed.ifa_family != AF_INET)
        return;
    interface_address entry;
    entry.interface_index = fixed.ifa_index;
    entry.prefix_length = fixed.ifa_prefixlen;
    raw_bytes rest = message.subspan(sizeof fixed);
    rtattr attribute;
    raw_bytes body;
    while (next_record(rest, attribute, body)) {
        if (attribute.rta_type == IFA_LOCAL && !read_address(body, entry.address))
            return;
        if (attribute.rta_type == IFA_ADDRESS && !read_address(body, entry.network))
            return;
    }
    if (entry.address.is_unspecified())
        entry.address = entry.network;
    if (rest.empty() && !entry.address.is_unspecified())
        table.addresses.push_back(entry);
}

/// Marks the routes of the table that an RTM_NEWRULE message leads to, if it leads to default
/// routes there. WireGuard has a rule that suppresses those of the main table.
NATPMP_COLD inline void read_rule(raw_bytes message, route_table& table)
{
    fib_rule_hdr fixed;
    if (!peek(message, fixed) || fixed.family != AF_INET || fixed.action != FR_ACT_TO_TBL)
        return;
    std::uint32_t number = fixed.table;
    std::int32_t longest_suppressed = -1; // of the prefix lengths; -1: none
    raw_bytes rest = message.subspan(sizeof fixed);
    rtattr attribute;
    raw_bytes body;
    while (next_record(rest, attribute, body)) {
        if (attribute.rta_type == FRA_TABLE && !peek(body, number))
            return;
        if (attribute.rta_type == FRA_SUPPRESS_PREFIXLEN && !peek(body, longest_suppressed))
            return;
    }
    if (!rest.empty() || longest_suppressed >= 0)
        return;
    for (default_route& route : table.routes)
        route.ruled = route.ruled || route.table == number;
}

/// Drops the routes of tables that traffic is not led to: the main one always counts, others if a
/// rule leads there or, where the rules cannot be read, if numbered above 255, as on Android.
NATPMP_COLD inline void keep_used_tables(route_table& table, bool rules_known)
{
    constexpr std::uint32_t most_in_a_byte = 255;
    auto kept = table.routes.begin();
    for (const default_route& route : table.routes)
        if (!route.policy || (rules_known ? route.ruled : route.table > most_in_a_byte))
            *kept++ = route;
    table.routes.erase(kept, table.routes.end());
}

/// The answer to one dump request, put together from its datagrams.
class dump_reader
{
public:
    /// Adds to `table` what the messages with this sequence number say.
    dump_reader(route_table& table, std::uint32_t sequence) noexcept
        : table_(table), sequence_(sequence)
    {}

    /// Takes the next datagram. True: there are more to come. An error ends the dump.
    [[nodiscard]] bool read(raw_bytes datagram, error_code& error)
    {
        error.clear();
        nlmsghdr header;
        raw_bytes body;
        while (next_record(datagram, header, body)) {
            if (header.nlmsg_seq != sequence_)
                continue;
            interrupted_ = interrupted_ || (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
            if (header.nlmsg_type == RTM_NEWROUTE)
                read_route(body, table_);
            else if (header.nlmsg_type == RTM_NEWADDR)
                read_interface_address(body, table_);
            else if (header.nlmsg_type == RTM_NEWRULE)
                read_rule(body, table_);
            else if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
                std::int32_t status = 0; // a DONE without a body is a success
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

    /// Whether the tables changed during the dump, so that it may have gaps.
    [[nodiscard]] bool interrupted() const noexcept
    {
        return interrupted_;
    }

private:
    route_table& table_;
    std::uint32_t sequence_;
    bool interrupted_ = false;
};

/// Whether a change notice may concern the choice of a gateway. If it cannot be read, it may.
[[nodiscard]] inline bool concerns_gateway(raw_bytes datagram) noexcept
{
    nlmsghdr header;
    raw_bytes body;
    while (next_record(datagram, header, body)) {
        rtmsg route;
        switch (header.nlmsg_type) {
        case RTM_NEWADDR:
        case RTM_DELADDR:
        case RTM_NEWLINK:
        case RTM_DELLINK:
        case RTM_NEWRULE:
        case RTM_DELRULE:
            return true;
        case RTM_NEWROUTE:
        case RTM_DELROUTE:
            if (!peek(body, route) || is_default_route(route))
                return true;
            break;
        default:
            break;
        }
    }
    return !datagram.empty();
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // defined(__linux__)

#endif // NATPMP_DETAIL_NETLINK_HPP
