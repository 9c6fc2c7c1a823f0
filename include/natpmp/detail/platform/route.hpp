// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Which of the host's default routes leads to the gateway, and from which local address.

#ifndef NATPMP_DETAIL_PLATFORM_ROUTE_HPP
#define NATPMP_DETAIL_PLATFORM_ROUTE_HPP

#include <natpmp/detail/platform/system.hpp>
#include <natpmp/error.hpp>
#include <natpmp/types.hpp>

#include <algorithm>
#include <bit>
#include <vector>

#if !defined(_WIN32)
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#endif

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// A route to 0.0.0.0/0 that is usable now: unicast and through an IPv4 gateway, or one that lets
/// nothing out, as a VPN's kill switch is.
struct default_route
{
    /// The next hop, which is asked for mappings.
    net::ip::address_v4 gateway{};
    /// The source address that the route itself names (RTA_PREFSRC on Linux); 0.0.0.0: none.
    net::ip::address_v4 preferred_source{};
    std::uint32_t interface_index = 0;
    /// The lowest one wins, of several the one that the system lists first.
    std::uint32_t metric = 0;
    /// Comes after all routes of the main table: on Linux a route of a table that a routing rule
    /// leads to, on macOS one for traffic bound to its interface.
    bool policy = false;
    /// Packets that would take it are refused or dropped; its gateway and interface mean nothing.
    bool blocked = false;
    /// Linux only: the number of the route's table, and whether a rule (RTM_NEWRULE) leads there.
    std::uint32_t table = 0;
    bool ruled = false;
};

using default_routes = std::vector<default_route>;

/// The address that the system gives as a number in network byte order.
[[nodiscard]] inline net::ip::address_v4 to_address(std::uint32_t number) noexcept
{
    return net::ip::address_v4(std::bit_cast<net::ip::address_v4::bytes_type>(number));
}

/// Chooses the first of the routes with the lowest metric. errc::no_gateway if there is none, or if
/// that one is blocked: a kill switch with a better metric than the router's route cuts the router
/// off too. An interface index other than 0 admits only the routes of that interface; a blocked
/// route has none. The local address of the result is the route's preferred source.
[[nodiscard]] inline gateway choose_gateway(default_routes routes, std::uint32_t interface_index,
                                            error_code& error)
{
    if (interface_index != 0)
        std::erase_if(routes, [=](const default_route& route) {
            return route.blocked || route.interface_index != interface_index;
        });
    const auto best = std::ranges::min_element(routes, {}, [](const default_route& route) {
        return std::pair(route.policy, route.metric);
    });
    const bool found = best != routes.end() && !best->blocked;
    error = found ? error_code{} : errc::no_gateway;
    return found ? gateway{best->gateway, best->preferred_source, best->interface_index}
                 : gateway{};
}

/// Finds the address that the system sends from towards a gateway, chosen when a UDP socket is
/// connected, which sends nothing. A VPN's half-routes do not change it: the route to the gateway's
/// network is longer. `error` comes in clear; it may get network unreachable, say.
[[nodiscard]] NATPMP_COLD inline net::ip::address source_address(const net::ip::address& gateway,
                                                                 error_code& error)
{
    const net::ip::udp::endpoint remote(gateway, 5351); // any port will do
    net::ip::udp::endpoint local;
    auto size = static_cast<socklen_t>(local.capacity());
#if defined(_WIN32)
    const SOCKET socket = ::socket(AF_INET, SOCK_DGRAM, 0);
    if (::connect(socket, remote.data(), static_cast<socklen_t>(remote.size())) != 0 ||
        ::getsockname(socket, local.data(), &size) != 0)
        error = last_system_error();
    ::closesocket(socket); // INVALID_SOCKET does no harm here and above
#else
    const descriptor_guard socket(open_socket(AF_INET, SOCK_DGRAM, 0));
    if (socket.descriptor < 0 ||
        ::connect(socket.descriptor, remote.data(), static_cast<socklen_t>(remote.size())) != 0 ||
        ::getsockname(socket.descriptor, local.data(), &size) != 0)
        error = last_system_error();
#endif
    return error ? net::ip::address_v4{} : local.address();
}

#if !defined(_WIN32)

/// Finds the index of the interface that has a local address; 0: none has it. `error` comes in
/// clear; it says why the system does not list its addresses: getifaddrs() asks netlink on Linux.
[[nodiscard]] inline std::uint32_t find_interface(const net::ip::address& local_address,
                                                  error_code& error)
{
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0)
        error = last_system_error();
    std::uint32_t index = 0;
    for (const ifaddrs* item = list; item && index == 0; item = item->ifa_next) {
        net::ip::udp::endpoint endpoint;
        if (item->ifa_addr && item->ifa_addr->sa_family == AF_INET)
            std::memcpy(endpoint.data(), item->ifa_addr, sizeof(sockaddr_in));
        // The name may be a label of the address ("eth0:1"), which the kernel takes for "eth0".
        if (endpoint.address() == local_address)
            index = ::if_nametoindex(item->ifa_name);
    }
    if (list)
        ::freeifaddrs(list);
    return index;
}

#endif // !_WIN32

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_PLATFORM_ROUTE_HPP
