// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// macOS and the BSDs: the default gateway and the notices of its changes, from the kernel's
/// routing table and its routing socket.

#ifndef NATPMP_DETAIL_GATEWAY_BSD_HPP
#define NATPMP_DETAIL_GATEWAY_BSD_HPP

// iOS and its kin have no <net/route.h>, and the sandbox no routing table.
#if (defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) ||  \
     defined(__DragonFly__)) &&                                                                    \
    __has_include(<net/route.h>)

#include <natpmp/detail/descriptor.hpp>
#include <natpmp/detail/interface_addresses.hpp>
#include <natpmp/detail/routing_socket.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <sys/types.h>

#include <sys/socket.h>
#include <sys/sysctl.h>

#include <fcntl.h>
#include <net/route.h>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// The types of message that tell of interfaces and their addresses, and of messages lost.
[[nodiscard]] constexpr std::uint32_t system_interface_types() noexcept
{
    std::uint32_t types = 1U << RTM_NEWADDR | 1U << RTM_DELADDR | 1U << RTM_IFINFO;
#if defined(RTM_IFANNOUNCE)
    types |= 1U << RTM_IFANNOUNCE;
#endif
#if defined(RTM_CHGADDR)
    types |= 1U << RTM_CHGADDR;
#endif
#if defined(RTM_CHGADDRATTR)
    types |= 1U << RTM_CHGADDRATTR;
#endif
#if defined(RTM_DESYNC)
    types |= 1U << RTM_DESYNC;
#endif
    return types;
}

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
    .interface_types = system_interface_types(),
};
static_assert(RTM_ADD == 1 && RTM_DELETE == 2 && RTM_CHANGE == 3 && RTM_GET == 4);
static_assert(RTF_UP == route_is_up && RTF_GATEWAY == route_has_gateway);
static_assert(RTF_HOST == route_is_to_host && (RTF_REJECT | RTF_BLACKHOLE) == route_is_barred);
static_assert(RTA_DST == 1 && RTA_GATEWAY == 2 && RTA_NETMASK == 4);
static_assert(std::byte{AF_INET} == routing_family_ipv4);

/// Adds the default routes of the routing table that this process uses.
inline void add_system_routes(route_table& table, error_code& error)
{
    const auto fetch = [](void* data, std::size_t& size) {
        std::array<int, 6> name{CTL_NET, PF_ROUTE, 0, AF_INET, NET_RT_DUMP, 0};
        return ::sysctl(name.data(), name.size(), data, &size, nullptr, 0) == 0 ? 0 : errno;
    };
    const auto dump = fetch_dump(fetch, error);
    if (!error && !read_routes(dump, system_routing_format, table))
        error.assign(EBADMSG, net::error::get_system_category());
}

/// Adds the addresses of this host's interfaces.
inline void add_system_addresses(route_table& table, error_code& error)
{
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) {
        error = last_system_error();
        return;
    }
    struct freeing
    {
        void operator()(ifaddrs* first) const noexcept
        {
            ::freeifaddrs(first);
        }
    };
    const std::unique_ptr<ifaddrs, freeing> owner(list);
    add_interface_addresses(list, table);
}

/// Finds the gateway of the best default route; a specified local address admits only the routes
/// of the interface that has it. Errors: errc::no_gateway, or what the system says.
[[nodiscard]] inline gateway find_default_gateway(const net::ip::address& local_address,
                                                  error_code& error)
{
    route_table table;
    add_system_routes(table, error);
    if (!error)
        add_system_addresses(table, error);
    return error ? gateway{} : choose_gateway(table, local_address, error);
}

/// Finds the index of the interface that has a local address; 0 if none but loopback has it, or the
/// system does not tell. The only error is the system's if it is out of file descriptors or memory.
[[nodiscard]] inline std::uint32_t find_interface(const net::ip::address& local_address,
                                                  error_code& error)
{
    error.clear();
    route_table table;
    add_system_addresses(table, error);
    if (!is_shortage(error))
        error.clear();
    return interface_with(table, local_address);
}

/// Opens a non-blocking socket that becomes readable when routes, addresses or interfaces change.
/// The caller closes it. Returns -1 on failure.
[[nodiscard]] inline int open_change_notices(error_code& error) noexcept
{
    error.clear();
#if defined(SOCK_CLOEXEC) && defined(SOCK_NONBLOCK)
    constexpr int type = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
#else
    constexpr int type = SOCK_RAW;
#endif
    // Of all families: with one, some kernels keep the messages about interfaces to themselves.
    const int descriptor = ::socket(PF_ROUTE, type, 0);
    descriptor_guard guard(descriptor);
    if (descriptor < 0 || ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0 ||
        ::fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0) {
        error = last_system_error();
        return -1;
    }
    return guard.release();
}

/// Reads the change notices that are there, without blocking. Returns whether the default gateway
/// or a local address may have changed; true too if notices were lost.
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

#endif

#endif // NATPMP_DETAIL_GATEWAY_BSD_HPP
