// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// macOS and the BSDs: default routes from the kernel's routing table, and the notices of their
/// changes from the routing socket (PF_ROUTE). What reads bytes needs none of the system's headers,
/// so that it compiles, and is tested, everywhere.

#ifndef NATPMP_DETAIL_PLATFORM_ROUTING_SOCKET_HPP
#define NATPMP_DETAIL_PLATFORM_ROUTING_SOCKET_HPP

#include <natpmp/detail/platform/route.hpp>

#include <algorithm>

// iOS and its kin have no <net/route.h>, and the sandbox no routing table.
#if (defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) ||  \
     defined(__DragonFly__)) &&                                                                    \
    __has_include(<net/route.h>)
#include <sys/sysctl.h>

#include <net/route.h>
#endif

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// How a system lays out the messages about routes: its rt_msghdr, then addresses. All begin with
/// the whole length in 16 bits, then a byte for the version and one for the type.
struct routing_format
{
    /// RTM_VERSION; messages of another one are skipped.
    std::uint8_t version = 0;
    std::size_t header_size = 0;
    /// Where the header has the interface's index, 16 bits, ...
    std::size_t index_at = 0;
    /// ... the RTF_* flags, 32 bits, ...
    std::size_t flags_at = 0;
    /// ... and the RTA_* bits, 32, which say what addresses follow.
    std::size_t addresses_at = 0;
    /// Each address is padded to a multiple of this.
    std::size_t alignment = 0;
    /// RTF_IFSCOPE, macOS only: the route is for traffic bound to its interface.
    std::uint32_t scoped_flag = 0;
    /// 1 << type for each RTM_* type of message about interfaces and their addresses.
    std::uint32_t interface_types = 0;

    friend bool operator==(const routing_format&, const routing_format&) = default;
};

// Of <net/route.h> and <sys/socket.h>, with the same value on all of these systems.
constexpr std::uint8_t route_added = 1;           // RTM_ADD
constexpr std::uint8_t route_changed = 3;         // RTM_CHANGE; RTM_DELETE is between the two
constexpr std::uint8_t route_told = 4;            // RTM_GET
constexpr std::uint32_t route_is_up = 0x1;        // RTF_UP
constexpr std::uint32_t route_has_gateway = 0x2;  // RTF_GATEWAY
constexpr std::uint32_t route_is_to_host = 0x4;   // RTF_HOST
constexpr std::uint32_t route_is_barred = 0x1008; // RTF_REJECT, RTF_BLACKHOLE
constexpr std::byte routing_family_ipv4{2};       // AF_INET

/// What a system's address (sockaddr) or a netmask says.
struct routing_address
{
    bool is_ipv4 = false; // and whole
    /// 0.0.0.0 if there is none.
    net::ip::address_v4 value{};
};

/// A message from the routing table.
struct routing_message
{
    std::uint8_t version = 0;
    /// RTM_*.
    std::uint8_t type = 0;
    /// Whether what follows could be read, which is only in messages about routes.
    bool is_route = false;
    std::uint16_t index = 0;
    std::uint32_t flags = 0;
    routing_address destination{}, gateway{}, netmask{};
};

/// Cuts the first address off `rest`: a length byte, a family byte, and from the fifth byte on the
/// IPv4 address. A mask ends before its zeros: 255.255.255.0 has a length of 7, and on the BSDs
/// 0.0.0.0 one of 0, which takes as much room as the shortest address.
[[nodiscard]] inline bool next_address(raw_bytes& rest, std::size_t alignment,
                                       routing_address& address) noexcept
{
    const std::size_t length = rest.empty() ? 0 : std::to_integer<std::size_t>(rest.front());
    if (rest.empty() || length > rest.size())
        return false;
    net::ip::address_v4::bytes_type octets{};
    for (std::size_t i = 0; i < octets.size() && 4 + i < length; ++i)
        octets[i] = std::to_integer<unsigned char>(rest[4 + i]);
    address = {length >= 8 && rest[1] == routing_family_ipv4, net::ip::address_v4(octets)};
    const std::size_t taken = (std::max(length, std::size_t{1}) + alignment - 1) / alignment;
    rest = rest.subspan(std::min(rest.size(), taken * alignment));
    return true;
}

/// Cuts the first message off `rest`. False at the end, and also where a length cannot be true;
/// `rest` is empty only in the first case.
[[nodiscard]] inline bool next_message(raw_bytes& rest, const routing_format& format,
                                       routing_message& message) noexcept
{
    std::uint16_t length = 0;
    if (!peek(rest, length) || length < 4 || length > rest.size())
        return false;
    const raw_bytes bytes = rest.first(length);
    rest = rest.subspan(length);
    message = {.version = std::to_integer<std::uint8_t>(bytes[2]),
               .type = std::to_integer<std::uint8_t>(bytes[3])};
    std::uint32_t present = 0;
    if (bytes.size() < format.header_size || !peek(bytes, message.index, format.index_at) ||
        !peek(bytes, message.flags, format.flags_at) || !peek(bytes, present, format.addresses_at))
        return true;
    raw_bytes addresses = bytes.subspan(format.header_size);
    // RTA_DST, RTA_GATEWAY and RTA_NETMASK are the lowest bits, and come in this order.
    for (routing_address* address : {&message.destination, &message.gateway, &message.netmask}) {
        if ((present & 1) != 0 && !next_address(addresses, format.alignment, *address))
            return true;
        present >>= 1;
    }
    message.is_route = true;
    return true;
}

/// Whether a route is to 0.0.0.0/0. It may come without a netmask, or with one of any family.
[[nodiscard]] inline bool is_to_everywhere(const routing_message& route) noexcept
{
    return route.destination.is_ipv4 && route.destination.value.is_unspecified() &&
           route.netmask.value.is_unspecified() && (route.flags & route_is_to_host) == 0;
}

/// Adds the usable and the blocked default routes of a dump (sysctl NET_RT_DUMP). Of several to one
/// destination OpenBSD lists the one with the best priority first; the others have no metric. False
/// if a message cannot be read, which may be the default route, or the dump was cut off.
[[nodiscard]] inline bool read_route_dump(raw_bytes dump, const routing_format& format,
                                          default_routes& routes)
{
    bool good = true;
    routing_message message;
    while (next_message(dump, format, message)) {
        if (message.version != format.version || message.type != route_told)
            continue;
        good = good && message.is_route;
        if (!message.is_route || !is_to_everywhere(message) || (message.flags & route_is_up) == 0)
            continue;
        default_route route;
        // What a route with RTF_REJECT or RTF_BLACKHOLE would take is refused or dropped.
        route.blocked = (message.flags & route_is_barred) != 0;
        // The "gateway" of a route over a tunnel is its interface, a link-layer address (AF_LINK).
        if ((message.flags & route_has_gateway) != 0 && message.gateway.is_ipv4)
            route.gateway = message.gateway.value;
        route.interface_index = message.index;
        // macOS has a default route for the primary interface, and a scoped one for each further
        // interface that is connected, such as Wi-Fi beside Ethernet.
        route.policy = (message.flags & format.scoped_flag) != 0;
        if (route.blocked || !route.gateway.is_unspecified())
            routes.push_back(route);
    }
    return good && dump.empty();
}

/// Whether a notice is about a default route, an address, an interface, or cannot be read. One of
/// another version is not: the kernel is newer than this program.
[[nodiscard]] inline bool concerns_gateway(raw_bytes notice, const routing_format& format) noexcept
{
    routing_message message;
    while (next_message(notice, format, message)) {
        const bool about_route = message.type >= route_added && message.type <= route_changed;
        const bool concerns =
            about_route ? !message.is_route || is_to_everywhere(message)
                        : message.type < 32 && (format.interface_types >> message.type & 1) != 0;
        if (concerns && message.version == format.version)
            return true;
    }
    return !notice.empty();
}

#if defined(RTM_GET)

/// The layout of this system's messages about routes.
inline constexpr routing_format system_routing_format{
    .version = RTM_VERSION,
    .header_size = sizeof(rt_msghdr),
    .index_at = offsetof(rt_msghdr, rtm_index),
    .flags_at = offsetof(rt_msghdr, rtm_flags),
    .addresses_at = offsetof(rt_msghdr, rtm_addrs),
// ROUNDUP(), RT_ROUNDUP() or SA_SIZE() in the system's source.
#if defined(__APPLE__)
    .alignment = sizeof(std::uint32_t),
#elif defined(__NetBSD__)
    .alignment = sizeof(std::uint64_t),
#else
    .alignment = sizeof(long),
#endif
#if defined(RTF_IFSCOPE)
    .scoped_flag = RTF_IFSCOPE,
#endif
    .interface_types = 1U << RTM_NEWADDR | 1U << RTM_DELADDR | 1U << RTM_IFINFO,
};
// The readers above have these numbers without the system's headers.
static_assert(RTM_ADD == route_added && RTM_DELETE == 2 && RTM_CHANGE == route_changed);
static_assert(RTF_UP == route_is_up && RTF_GATEWAY == route_has_gateway);
static_assert(RTF_HOST == route_is_to_host && (RTF_REJECT | RTF_BLACKHOLE) == route_is_barred);
static_assert(RTA_DST == 1 && RTA_GATEWAY == 2 && RTA_NETMASK == 4);
static_assert(RTM_GET == route_told && std::byte{AF_INET} == routing_family_ipv4);

/// See gateway.hpp. ENOMEM, where the table grows between the calls, is a shortage: ask again.
[[nodiscard]] inline default_routes read_system_routes(error_code& error)
{
    std::array<int, 6> name{CTL_NET, PF_ROUTE, 0, AF_INET, NET_RT_DUMP, 0};
    default_routes routes;
    std::size_t size = 0;
    ::sysctl(name.data(), name.size(), nullptr, &size, nullptr, 0); // the second call tells errors
    size += size / 4 + 1024; // so that a few more routes do no harm
    std::vector<std::byte> dump(size);
    if (::sysctl(name.data(), name.size(), dump.data(), &size, nullptr, 0) != 0)
        error = last_system_error();
    else if (!read_route_dump(raw_bytes(dump).first(size), system_routing_format, routes))
        error = system_error_code(EBADMSG);
    return routes;
}

/// See gateway.hpp.
[[nodiscard]] inline int open_change_notices() noexcept
{
    // Of all families: with one, some kernels keep the messages about interfaces to themselves.
    return open_socket(PF_ROUTE, SOCK_RAW, 0);
}

/// See gateway.hpp. What other programs ask is heard too (RTM_GET), and is no change.
[[nodiscard]] inline bool concerns_gateway(raw_bytes notice) noexcept
{
    return concerns_gateway(notice, system_routing_format);
}

#elif !defined(__linux__) && !defined(_WIN32)

// Other systems tell no routes: client_options::gateway has to be set.
[[nodiscard]] inline default_routes read_system_routes(error_code& error)
{
    error = errc::routes_unreadable;
    return {};
}

// Without notices, a change is found by network_changed() and by the retries.
[[nodiscard]] inline int open_change_notices() noexcept
{
    errno = EOPNOTSUPP;
    return -1;
}

[[nodiscard]] inline bool concerns_gateway(raw_bytes) noexcept
{
    return false;
}

#endif

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_PLATFORM_ROUTING_SOCKET_HPP
