// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// macOS and the BSDs: default routes from the kernel's routing table, addresses from getifaddrs(),
/// and the notices of their changes from the routing socket (PF_ROUTE). What reads bytes needs none
/// of the system's headers, so that it compiles, and is tested, everywhere.

#ifndef NATPMP_DETAIL_PLATFORM_ROUTING_SOCKET_HPP
#define NATPMP_DETAIL_PLATFORM_ROUTING_SOCKET_HPP

#include <natpmp/detail/platform/route.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#if __has_include(<ifaddrs.h>)
#include <sys/types.h>

#include <sys/socket.h>

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#endif

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// How a system lays out the messages about routes (its rt_msghdr, then addresses). All begin with
/// the whole length in 16 bits, then a byte for the version and one for the type. A place is an
/// offset from the message's front; 0: there is no such member.
struct routing_format
{
    std::uint8_t version = 0;       ///< RTM_VERSION; messages of another one are skipped
    std::size_t header_size = 0;    ///< where the addresses begin, unless the header says it
    std::size_t header_size_at = 0; ///< the place of 16 bits that say where they begin
    std::size_t index_at = 0;       ///< the place of the interface's index, 16 bits
    std::size_t flags_at = 0;       ///< the place of the RTF_* flags, 32 bits
    std::size_t addresses_at = 0;   ///< the place of the RTA_* bits, 32: which addresses there are
    std::size_t priority_at = 0;    ///< the place of the route's priority, a byte; lower is better
    std::size_t alignment = 0;      ///< the addresses are padded to a multiple of this
    std::uint32_t scoped_flag = 0;  ///< RTF_IFSCOPE: only for traffic bound to the interface
    std::uint32_t interface_types = 0; ///< 1 << type for each RTM_* type about interfaces

    friend bool operator==(const routing_format&, const routing_format&) = default;
};

// These numbers are the same on all of these systems.
enum class routing_type : std::uint8_t
{
    added = 1,
    deleted = 2,
    changed = 3,
    got = 4
};
constexpr std::uint32_t route_is_up = 0x1;        // RTF_UP
constexpr std::uint32_t route_has_gateway = 0x2;  // RTF_GATEWAY
constexpr std::uint32_t route_is_to_host = 0x4;   // RTF_HOST
constexpr std::uint32_t route_is_barred = 0x1008; // RTF_REJECT, RTF_BLACKHOLE
constexpr std::byte routing_family_ipv4{2};       // AF_INET

/// A message from the routing table, whatever it is about.
struct routing_message
{
    std::uint8_t version = 0;
    routing_type type{};

    /// All of it.
    raw_bytes bytes;
};

/// A message about a route. The addresses are as the system has them, with a length byte and a
/// family byte in front; empty where there is none.
struct routing_entry
{
    std::uint16_t index = 0;
    std::uint32_t flags = 0;
    std::uint8_t priority = 0;
    raw_bytes destination;
    raw_bytes gateway;
    raw_bytes netmask;
};

/// Cuts the first message off `rest`. False at the end, and also where a length cannot be true;
/// `rest` is empty only in the first case.
[[nodiscard]] inline bool next_message(raw_bytes& rest, routing_message& message) noexcept
{
    std::uint16_t length = 0;
    constexpr std::size_t least = 4;
    if (!peek(rest, length) || length < least || length > rest.size())
        return false;
    message.bytes = rest.first(length);
    message.version = std::to_integer<std::uint8_t>(rest[2]);
    message.type = routing_type{std::to_integer<std::uint8_t>(rest[3])};
    rest = rest.subspan(length);
    return true;
}

/// Cuts the first address off `rest`. One of length 0 takes as much room as the shortest one.
[[nodiscard]] inline bool next_address(raw_bytes& rest, std::size_t alignment,
                                       raw_bytes& address) noexcept
{
    if (rest.empty())
        return false;
    const auto length = std::to_integer<std::size_t>(rest.front());
    if (length > rest.size())
        return false;
    address = rest.first(length);
    const std::size_t taken = (std::max(length, std::size_t{1}) + alignment - 1) / alignment;
    rest = rest.subspan(std::min(rest.size(), taken * alignment));
    return true;
}

/// Reads a message about a route. False if it cannot be read.
[[nodiscard]] inline bool read_entry(raw_bytes message, const routing_format& format,
                                     routing_entry& entry) noexcept
{
    std::uint32_t present = 0;
    auto header_size = static_cast<std::uint16_t>(format.header_size);
    if (!peek(message, entry.index, format.index_at) ||
        !peek(message, entry.flags, format.flags_at) ||
        !peek(message, present, format.addresses_at) ||
        (format.priority_at != 0 && !peek(message, entry.priority, format.priority_at)) ||
        (format.header_size_at != 0 && !peek(message, header_size, format.header_size_at)) ||
        header_size > message.size())
        return false;
    raw_bytes rest = message.subspan(header_size);
    // RTA_DST, RTA_GATEWAY and RTA_NETMASK are the lowest bits, and come in this order.
    const std::array<raw_bytes*, 3> wanted{&entry.destination, &entry.gateway, &entry.netmask};
    for (std::size_t bit = 0; bit < wanted.size(); ++bit)
        if ((present >> bit & 1) != 0 && !next_address(rest, format.alignment, *wanted[bit]))
            return false;
    return true;
}

/// The IPv4 address in a system's address (sockaddr_in), or the mask. What is cut off is 0.
[[nodiscard]] inline net::ip::address_v4 ipv4_of(raw_bytes address) noexcept
{
    net::ip::address_v4::bytes_type octets{};
    constexpr std::size_t at = 4;
    for (std::size_t i = 0; i < octets.size() && at + i < address.size(); ++i)
        octets[i] = std::to_integer<unsigned char>(address[at + i]);
    return net::ip::address_v4(octets);
}

/// Whether a system's address says that it is an IPv4 one.
[[nodiscard]] inline bool is_ipv4(raw_bytes address) noexcept
{
    return address.size() >= 2 && address[1] == routing_family_ipv4;
}

/// Whether a route is to 0.0.0.0/0. It may come without a netmask, and a netmask may be shorter
/// than the zeros at its end and have any family.
[[nodiscard]] inline bool is_default_route(const routing_entry& entry) noexcept
{
    return is_ipv4(entry.destination) && ipv4_of(entry.destination).is_unspecified() &&
           ipv4_of(entry.netmask).is_unspecified() && (entry.flags & route_is_to_host) == 0;
}

/// Whether a default route leads through an IPv4 gateway, and is in use.
[[nodiscard]] inline bool is_usable(const routing_entry& entry) noexcept
{
    constexpr std::uint32_t needed = route_is_up | route_has_gateway;
    constexpr std::size_t whole_address = 8;
    return (entry.flags & (needed | route_is_barred)) == needed && is_ipv4(entry.gateway) &&
           entry.gateway.size() >= whole_address && !ipv4_of(entry.gateway).is_unspecified();
}

/// Adds the usable and the blocked default routes of a dump (sysctl NET_RT_DUMP) to `table`. False
/// if a message cannot be read; the others are there.
[[nodiscard]] inline bool read_routes(raw_bytes dump, const routing_format& format,
                                      route_table& table)
{
    bool good = true; // a message that cannot be read may be the default route
    routing_message message;
    while (next_message(dump, message)) {
        if (message.version != format.version || message.type != routing_type::got)
            continue;
        routing_entry entry;
        if (!read_entry(message.bytes, format, entry)) {
            good = false;
            continue;
        }
        default_route route;
        route.blocked = (entry.flags & route_is_up) != 0 && (entry.flags & route_is_barred) != 0;
        if (!is_default_route(entry) || (!route.blocked && !is_usable(entry)))
            continue;
        route.gateway = ipv4_of(entry.gateway);
        route.interface_index = entry.index;
        route.metric = entry.priority;
        // macOS has a scoped default route for each further interface that is connected.
        route.policy = (entry.flags & format.scoped_flag) != 0;
        table.routes.push_back(route);
    }
    return good && dump.empty(); // else the dump was cut off
}

/// Whether what was read from a routing socket may concern the choice of a gateway: a default
/// route, an address, an interface, or something that cannot be read.
[[nodiscard]] inline bool notice_concerns_gateway(raw_bytes notice,
                                                  const routing_format& format) noexcept
{
    routing_message message;
    while (next_message(notice, message)) {
        if (message.version != format.version)
            continue;
        const auto type = static_cast<unsigned>(message.type);
        const bool about_route = message.type == routing_type::added ||
                                 message.type == routing_type::deleted ||
                                 message.type == routing_type::changed;
        routing_entry entry;
        if (about_route ? !read_entry(message.bytes, format, entry) || is_default_route(entry)
                        : type < 32 && (format.interface_types >> type & 1) != 0)
            return true;
    }
    return !notice.empty();
}

/// Gets a dump of a table that may grow meanwhile. `fetch(data, size)` is as the system's sysctl():
/// without data it sets the size that is needed, with data it fills it and sets the size; it
/// returns an errno, or 0.
template <class Fetch>
[[nodiscard]] std::vector<std::byte> fetch_dump(Fetch fetch, error_code& error)
{
    std::vector<std::byte> dump;
    constexpr int attempts = 10;
    int failure = ENOMEM;
    for (int attempt = 0; failure == ENOMEM && attempt < attempts; ++attempt) {
        std::size_t size = 0;
        failure = fetch(nullptr, size);
        if (failure != 0)
            break;
        dump.resize(size + size / 4 + 1024); // so that a few more routes do no harm
        size = dump.size();
        failure = fetch(dump.data(), size);
        dump.resize(std::min(size, dump.size()));
    }
    error.assign(failure, net::error::get_system_category());
    if (failure != 0)
        dump.clear();
    return dump;
}

#if __has_include(<ifaddrs.h>)

/// The bytes of a system's IPv4 address or mask. A mask on macOS and the BSDs ends before its
/// zeros.
[[nodiscard]] inline raw_bytes sockaddr_bytes(const sockaddr* address) noexcept
{
#if defined(__linux__)
    constexpr std::size_t length = sizeof(sockaddr_in);
#else
    const std::size_t length = address->sa_len;
#endif
    return {reinterpret_cast<const std::byte*>(address), length};
}

/// Adds the IPv4 addresses of the interfaces that are up, other than loopback, to `table`. On a
/// point-to-point link the peer's address stands for the network.
inline void add_interface_addresses(const ifaddrs* list, route_table& table)
{
    for (const ifaddrs* item = list; item; item = item->ifa_next) {
        if (!item->ifa_addr || item->ifa_addr->sa_family != AF_INET ||
            (item->ifa_flags & (IFF_UP | IFF_LOOPBACK)) != IFF_UP)
            continue;
        interface_address entry;
        entry.interface_index = ::if_nametoindex(item->ifa_name);
        entry.address = ipv4_of(sockaddr_bytes(item->ifa_addr));
        entry.network = entry.address;
        const std::uint32_t mask =
            item->ifa_netmask ? ipv4_of(sockaddr_bytes(item->ifa_netmask)).to_uint() : 0xFFFFFFFF;
        entry.prefix_length = static_cast<std::uint8_t>(std::countl_one(mask));
        if ((item->ifa_flags & IFF_POINTOPOINT) != 0 && item->ifa_dstaddr &&
            item->ifa_dstaddr->sa_family == AF_INET)
            entry.network = ipv4_of(sockaddr_bytes(item->ifa_dstaddr));
        if (entry.interface_index != 0 && !entry.address.is_unspecified())
            table.addresses.push_back(entry);
    }
}

#endif // __has_include(<ifaddrs.h>)

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

// iOS and its kin have no <net/route.h>, and the sandbox no routing table.
#if (defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) ||  \
     defined(__DragonFly__)) &&                                                                    \
    __has_include(<net/route.h>)
#include <sys/sysctl.h>

#include <fcntl.h>
#include <net/route.h>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// The layout of this system's messages about routes.
inline constexpr routing_format system_routing_format{
    .version = RTM_VERSION,
    .header_size = sizeof(rt_msghdr),
#if defined(__OpenBSD__)
    .header_size_at = offsetof(rt_msghdr, rtm_hdrlen),
#endif
    .index_at = offsetof(rt_msghdr, rtm_index),
    .flags_at = offsetof(rt_msghdr, rtm_flags),
    .addresses_at = offsetof(rt_msghdr, rtm_addrs),
#if defined(__OpenBSD__)
    .priority_at = offsetof(rt_msghdr, rtm_priority),
#endif
// ROUNDUP() or RT_ROUNDUP() in the system's source.
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
    // Of interfaces and their addresses, and of messages lost.
    .interface_types = 1U << RTM_NEWADDR | 1U << RTM_DELADDR | 1U << RTM_IFINFO
#if defined(RTM_IFANNOUNCE)
                       | 1U << RTM_IFANNOUNCE
#endif
#if defined(RTM_CHGADDR)
                       | 1U << RTM_CHGADDR
#endif
#if defined(RTM_CHGADDRATTR)
                       | 1U << RTM_CHGADDRATTR
#endif
#if defined(RTM_DESYNC)
                       | 1U << RTM_DESYNC
#endif
};
// The readers above have these numbers without the system's headers.
static_assert(RTM_ADD == 1 && RTM_DELETE == 2 && RTM_CHANGE == 3 && RTM_GET == 4);
static_assert(RTF_UP == route_is_up && RTF_GATEWAY == route_has_gateway);
static_assert(RTF_HOST == route_is_to_host && (RTF_REJECT | RTF_BLACKHOLE) == route_is_barred);
static_assert(RTA_DST == 1 && RTA_GATEWAY == 2 && RTA_NETMASK == 4);
static_assert(std::byte{AF_INET} == routing_family_ipv4);

/// See gateway.hpp. The addresses of loopback are not among them.
[[nodiscard]] inline route_table read_system_table(bool with_routes, error_code& error)
{
    const auto fetch = [](void* data, std::size_t& size) {
        std::array<int, 6> name{CTL_NET, PF_ROUTE, 0, AF_INET, NET_RT_DUMP, 0};
        return ::sysctl(name.data(), name.size(), data, &size, nullptr, 0) == 0 ? 0 : errno;
    };
    route_table table;
    if (with_routes) {
        const auto dump = fetch_dump(fetch, error);
        if (!error && !read_routes(dump, system_routing_format, table))
            error.assign(EBADMSG, net::error::get_system_category());
        if (error)
            return {};
    }
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) {
        error = last_system_error();
        return {};
    }
    const auto free_list = [](ifaddrs* first) { ::freeifaddrs(first); };
    const std::unique_ptr<ifaddrs, decltype(free_list)> owner(list, free_list);
    add_interface_addresses(list, table);
    return table;
}

/// See gateway.hpp.
[[nodiscard]] inline int open_change_notices(error_code& error) noexcept
{
    error.clear();
#if defined(SOCK_CLOEXEC) && defined(SOCK_NONBLOCK)
    constexpr int type = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
#else
    constexpr int type = SOCK_RAW;
#endif
    // Where the type cannot say it, fcntl() makes the socket close on exec and not block.
    // Of all families: with one, some kernels keep the messages about interfaces to themselves.
    descriptor_guard socket(::socket(PF_ROUTE, type, 0));
    if (socket.get() < 0 || ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC) != 0 ||
        ::fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0)
        error = last_system_error();
    return error ? -1 : socket.release();
}

/// See gateway.hpp.
[[nodiscard]] inline bool drain_change_notices(int descriptor) noexcept
{
    const auto receive = [=](std::span<std::byte> buffer) {
        return ::recv(descriptor, buffer.data(), buffer.size(), MSG_DONTWAIT);
    };
    const auto concerns = [](raw_bytes notice) {
        return notice_concerns_gateway(notice, system_routing_format);
    };
    return drain_notices(receive, concerns);
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#elif !defined(__linux__) && !defined(_WIN32)

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

// Other systems tell no routes: client_options::gateway has to be set, and the interface is
// unknown.

[[nodiscard]] inline route_table read_system_table(bool, error_code& error)
{
    error = errc::routes_unreadable;
    return {};
}

// Without notices, a change is found by network_changed() and by the retries.

[[nodiscard]] inline int open_change_notices(error_code& error) noexcept
{
    error = net::error::operation_not_supported;
    return -1;
}

[[nodiscard]] inline bool drain_change_notices(int) noexcept
{
    return false;
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif

#endif // NATPMP_DETAIL_PLATFORM_ROUTING_SOCKET_HPP
