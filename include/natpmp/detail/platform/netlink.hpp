// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Linux: routes, addresses and the tables that rules lead to, from the kernel's routing socket
/// (rtnetlink); and the notices of their changes.

#ifndef NATPMP_DETAIL_PLATFORM_NETLINK_HPP
#define NATPMP_DETAIL_PLATFORM_NETLINK_HPP

#include <natpmp/detail/platform/proc_route.hpp>
#include <natpmp/detail/platform/route.hpp>

#if defined(__linux__)

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <sys/socket.h>
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

/// Reads an attribute's body. False if it is too short, or no IPv4 address where one is wanted.
template <class Value>
[[nodiscard]] bool read_body(raw_bytes body, Value& value) noexcept
{
    return peek(body, value);
}

[[nodiscard]] inline bool read_body(raw_bytes body, net::ip::address_v4& address) noexcept
{
    net::ip::address_v4::bytes_type octets;
    if (body.size() != octets.size() || !peek(body, octets))
        return false;
    address = net::ip::address_v4(octets);
    return true;
}

[[nodiscard]] inline bool read_body(raw_bytes body, raw_bytes& nested) noexcept
{
    nested = body;
    return true;
}

/// Where an attribute of some type goes.
template <class Value>
struct attribute
{
    unsigned type;
    Value& value;
};
template <class Value>
attribute(unsigned, Value&) -> attribute<Value>;

/// Reads the wanted ones of the attributes; of two of one type the last counts. False if one of
/// them cannot be read, or if something is there that is no attribute.
template <class... Value>
[[nodiscard]] bool read_attributes(raw_bytes rest, attribute<Value>... wanted) noexcept
{
    rtattr header;
    raw_bytes body;
    while (next_record<&rtattr::rta_len>(rest, header, body))
        if (!((header.rta_type != wanted.type || read_body(body, wanted.value)) && ...))
            return false;
    return rest.empty();
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
    while (next_record<&rtnexthop::rtnh_len>(hops, hop, attributes)) {
        route.gateway = {};
        route.interface_index = static_cast<std::uint32_t>(hop.rtnh_ifindex);
        if (!read_attributes(attributes, attribute{RTA_GATEWAY, route.gateway}))
            return;
        add_route(route, flags | hop.rtnh_flags, table);
    }
}

/// Adds what an RTM_NEWROUTE message says, if it is a default route through an IPv4 gateway, or one
/// that lets nothing out. Others are dropped here already: a router may have a million of them.
NATPMP_COLD inline void read_route(raw_bytes message, route_table& table)
{
    rtmsg fixed;
    if (!peek(message, fixed) || !is_default_route(fixed))
        return;
    default_route route;
    // A route of type "throw" is not blocked: it only ends the search in its table.
    route.blocked = fixed.rtm_type == RTN_UNREACHABLE || fixed.rtm_type == RTN_BLACKHOLE ||
                    fixed.rtm_type == RTN_PROHIBIT;
    if (!route.blocked && fixed.rtm_type != RTN_UNICAST)
        return;
    route.table = fixed.rtm_table; // a number above 255 is in an attribute
    raw_bytes hops;
    if (!read_attributes(message.subspan(sizeof fixed), attribute{RTA_GATEWAY, route.gateway},
                         attribute{RTA_PREFSRC, route.preferred_source},
                         attribute{RTA_OIF, route.interface_index},
                         attribute{RTA_PRIORITY, route.metric}, attribute{RTA_TABLE, route.table},
                         attribute{RTA_MULTIPATH, hops}) ||
        route.table == RT_TABLE_LOCAL)
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
    if (!read_attributes(message.subspan(sizeof fixed), attribute{IFA_LOCAL, entry.address},
                         attribute{IFA_ADDRESS, entry.network}))
        return;
    if (entry.address.is_unspecified()) // IFA_LOCAL may be missing where there is no peer
        entry.address = entry.network;
    if (!entry.address.is_unspecified())
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
    if (!read_attributes(message.subspan(sizeof fixed), attribute{FRA_TABLE, number},
                         attribute{FRA_SUPPRESS_PREFIXLEN, longest_suppressed}) ||
        longest_suppressed >= 0)
        return;
    for (default_route& route : table.routes)
        route.ruled = route.ruled || route.table == number;
}

/// Drops the routes of tables that traffic is not led to: the main one always counts, others if a
/// rule leads there or, where the rules cannot be read, if numbered above 255, as on Android.
NATPMP_COLD inline void keep_used_tables(route_table& table, bool rules_known)
{
    constexpr std::uint32_t most_in_a_byte = 255;
    std::erase_if(table.routes, [&](const default_route& route) {
        return route.policy && !(rules_known ? route.ruled : route.table > most_in_a_byte);
    });
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
        while (next_record<&nlmsghdr::nlmsg_len>(datagram, header, body)) {
            if (header.nlmsg_seq != sequence_)
                continue; // the rest of the answer to an earlier request
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

/// Whether a change notice may concern the choice of a gateway. If it cannot be read, it may. All
/// notices of links count: Linux drops the routes of one that goes down without a notice of each.
[[nodiscard]] inline bool concerns_gateway(raw_bytes datagram) noexcept
{
    nlmsghdr header;
    raw_bytes body;
    while (next_record<&nlmsghdr::nlmsg_len>(datagram, header, body)) {
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

/// Receives one datagram. Returns its whole size, which may be more than the buffer holds; 0 for
/// one that is not from the kernel: any program may send to the socket; -1 and errno on failure.
[[nodiscard]] inline ssize_t receive_from_kernel(int descriptor, std::span<std::byte> buffer,
                                                 int flags) noexcept
{
    sockaddr_nl sender{};
    socklen_t sender_size = sizeof sender;
    // MSG_TRUNC: the size is the datagram's, not that of the part that fits.
    const ssize_t size = ::recvfrom(descriptor, buffer.data(), buffer.size(), flags | MSG_TRUNC,
                                    reinterpret_cast<sockaddr*>(&sender), &sender_size);
    return size > 0 && sender.nl_pid != 0 ? 0 : size;
}

/// Asks for all routes (RTM_GETROUTE), all addresses (RTM_GETADDR) or all rules (RTM_GETRULE) and
/// adds the answer to `table`. Returns whether the dump was interrupted by a change, so that it may
/// have gaps.
NATPMP_COLD inline bool dump_table(int descriptor, std::uint16_t request_type,
                                   std::uint32_t sequence, route_table& table, error_code& error)
{
    struct
    {
        nlmsghdr header;
        rtgenmsg body;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = request_type;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.header.nlmsg_seq = sequence;
    request.body.rtgen_family = AF_INET;
    // MSG_NOSIGNAL: a sandbox may have closed the other end.
    while (::send(descriptor, &request, sizeof request, MSG_NOSIGNAL) < 0) {
        error = last_system_error();
        if (error != net::error::interrupted)
            return false;
    }

    dump_reader reader(table, sequence);
    std::vector<std::byte> buffer(32768); // the kernel fills no more than that with small messages
    // A dump of a million routes takes some thousand datagrams.
    constexpr int most_receives = 100'000;
    for (int count = 0; count < most_receives; ++count) {
        const ssize_t size = receive_from_kernel(descriptor, buffer, 0);
        if (size < 0) {
            error = last_system_error();
            if (error == net::error::interrupted)
                continue;
            if (error == net::error::would_block || error == net::error::try_again)
                error = net::error::timed_out;
            return false;
        }
        const auto length = static_cast<std::size_t>(size);
        if (length > buffer.size()) {
            error = net::error::message_size;
            return false;
        }
        if (!reader.read(raw_bytes(buffer).first(length), error))
            return reader.interrupted();
    }
    error = net::error::timed_out; // the answer has no end
    return false;
}

/// Reads the addresses and, if wanted, the routes, again if they change meanwhile; with the routes
/// also the rules. Errors: what the system says of addresses and routes; of rules only that it is
/// out of memory, since a kernel may have none, and a sandbox may not tell them.
[[nodiscard]] inline route_table read_route_table(int descriptor, error_code& error,
                                                  bool with_routes = true)
{
    // Where routes change all the time, the last attempt has to do, gaps or not.
    constexpr std::uint32_t attempts = 5;
    route_table table;
    bool interrupted = true;
    for (std::uint32_t attempt = 0; interrupted && attempt < attempts; ++attempt) {
        // No number twice: what is left of a dump that was given up is then told from the next one.
        const std::uint32_t sequence = 2 * attempt + 1;
        table = {};
        interrupted = with_routes && dump_table(descriptor, RTM_GETROUTE, sequence, table, error);
        if (!error)
            interrupted |= dump_table(descriptor, RTM_GETADDR, sequence + 1, table, error);
        if (error)
            return {};
    }
    if (!with_routes)
        return table;
    error_code untold;
    dump_table(descriptor, RTM_GETRULE, 2 * attempts + 1, table, untold);
    if (is_shortage(untold)) { // not the same as a kernel without rules: the next attempt may do
        error = untold;
        return {};
    }
    keep_used_tables(table, !untold);
    return table;
}

/// Asks netlink for the addresses and, if wanted, the routes. Errors: what the system says.
[[nodiscard]] NATPMP_COLD inline route_table read_netlink_table(error_code& error,
                                                                bool with_routes = true)
{
    const descriptor_guard socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    // The kernel answers at once; this is for sandboxes that only pretend to be one.
    const timeval limit{1, 0};
    if (socket.get() < 0 ||
        ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0) {
        error = last_system_error();
        return {};
    }
    return read_route_table(socket.get(), error, with_routes);
}

/// See gateway.hpp. Where netlink does not tell, there are no addresses without routes.
[[nodiscard]] inline route_table read_system_table(bool with_routes, error_code& error)
{
    route_table table = read_netlink_table(error, with_routes);
    if (with_routes && error && !is_shortage(error))
        table = read_proc_table(proc_route_file, error);
    return table;
}

/// See gateway.hpp.
[[nodiscard]] inline int open_change_notices(error_code& error) noexcept
{
    error.clear();
    descriptor_guard socket(
        ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    sockaddr_nl local{};
    local.nl_family = AF_NETLINK;
    local.nl_groups = RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE | RTMGRP_IPV4_IFADDR | RTMGRP_LINK;
    if (socket.get() < 0 ||
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0)
        error = last_system_error();
    return error ? -1 : socket.release();
}

/// See gateway.hpp.
[[nodiscard]] inline bool drain_change_notices(int descriptor) noexcept
{
    const auto receive = [=](std::span<std::byte> buffer) {
        return receive_from_kernel(descriptor, buffer, MSG_DONTWAIT);
    };
    return drain_notices(receive, concerns_gateway);
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // defined(__linux__)

#endif // NATPMP_DETAIL_PLATFORM_NETLINK_HPP
