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
#include <cstdint>
#include <tuple>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// A way to the Internet through a gateway: unicast, usable now, destination 0.0.0.0/0. Or one that
/// lets nothing out, as a VPN's kill switch is.
struct default_route
{
    net::ip::address_v4 gateway{};

    /// The address that the route itself says to send from; 0.0.0.0: it says none.
    net::ip::address_v4 preferred_source{};

    std::uint32_t interface_index = 0;

    /// The lowest one wins.
    std::uint32_t metric = 0;

    /// From a table that only routing rules lead to: comes after all routes of the main table.
    bool policy = false;

    /// What would take it is refused or dropped; its gateway and its interface mean nothing.
    bool blocked = false;

    /// Whether a routing rule leads to its table, where the system tells.
    bool ruled = false;

    /// The number of its table, where the system has several.
    std::uint32_t table = 0;
};

/// One of the host's IPv4 addresses.
struct interface_address
{
    std::uint32_t interface_index = 0;
    net::ip::address_v4 address{};

    /// An address in the network that the interface is attached to. On a point-to-point link this
    /// is the peer's address, which the prefix length belongs to.
    net::ip::address_v4 network{};
    std::uint8_t prefix_length = 0;
};

/// What the choice of a gateway needs, in the system's order.
struct route_table
{
    std::vector<default_route> routes;
    std::vector<interface_address> addresses;
};

/// Whether an address is in a network. A prefix length over 32 counts as 32.
[[nodiscard]] inline bool network_contains(net::ip::address_v4 network, unsigned prefix_length,
                                           net::ip::address_v4 address) noexcept
{
    const std::uint32_t difference = network.to_uint() ^ address.to_uint();
    return prefix_length == 0 || difference >> (32 - std::min(prefix_length, 32U)) == 0;
}

/// The local address that faces a route's gateway: the one the route prefers, else the interface's
/// first one whose network has the gateway in it, else its first one, else 0.0.0.0.
[[nodiscard]] NATPMP_COLD inline net::ip::address_v4
facing_address(const route_table& table, const default_route& route) noexcept
{
    if (!route.preferred_source.is_unspecified())
        return route.preferred_source;
    const interface_address* first = nullptr;
    for (const auto& entry : table.addresses) {
        if (entry.interface_index != route.interface_index)
            continue;
        if (network_contains(entry.network, entry.prefix_length, route.gateway))
            return entry.address;
        if (!first)
            first = &entry;
    }
    return first ? first->address : net::ip::address_v4{};
}

/// Whether an interface has this address.
[[nodiscard]] inline bool interface_holds(const route_table& table, std::uint32_t interface_index,
                                          const net::ip::address& address) noexcept
{
    return std::any_of(table.addresses.begin(), table.addresses.end(), [&](const auto& entry) {
        return entry.interface_index == interface_index && address == entry.address;
    });
}

/// The index of the first interface that has this address; 0 if none has it.
[[nodiscard]] inline std::uint32_t interface_with(const route_table& table,
                                                  const net::ip::address& address) noexcept
{
    for (const auto& entry : table.addresses)
        if (address == entry.address)
            return entry.interface_index;
    return 0;
}

/// Chooses the gateway of the first route with the lowest metric; errc::no_gateway if there is
/// none, or if that route is blocked: then nothing is to leave the host past it. A specified local
/// address admits only the routes of the interface that has it.
[[nodiscard]] NATPMP_COLD inline gateway
choose_gateway(const route_table& table, const net::ip::address& local_address, error_code& error)
{
    const bool any = local_address.is_unspecified();
    const default_route* best = nullptr;
    for (const auto& route : table.routes) {
        if (!any &&
            (route.blocked || !interface_holds(table, route.interface_index, local_address)))
            continue;
        if (!best || std::tie(route.policy, route.metric) < std::tie(best->policy, best->metric))
            best = &route;
    }
    if (!best || best->blocked) {
        error = errc::no_gateway;
        return {};
    }
    error.clear();
    return {best->gateway, any ? net::ip::address{facing_address(table, *best)} : local_address,
            best->interface_index};
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_PLATFORM_ROUTE_HPP
