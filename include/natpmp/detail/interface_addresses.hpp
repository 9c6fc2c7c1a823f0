// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// POSIX: what getifaddrs() tells, to the host's IPv4 addresses.

#ifndef NATPMP_DETAIL_INTERFACE_ADDRESSES_HPP
#define NATPMP_DETAIL_INTERFACE_ADDRESSES_HPP

#include <natpmp/detail/routing_socket.hpp>

#if __has_include(<ifaddrs.h>)

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include <sys/types.h>

#include <sys/socket.h>

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

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

/// Adds the IPv4 addresses of the interfaces that are up, other than loopback, to `table`.
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

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // __has_include(<ifaddrs.h>)

#endif // NATPMP_DETAIL_INTERFACE_ADDRESSES_HPP
