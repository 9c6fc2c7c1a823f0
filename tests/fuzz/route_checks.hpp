// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What must hold of a routing table that was read from any bytes, and of the gateway chosen from
// it.

#pragma once

#include "fuzz/support.hpp"

#include <natpmp/detail/platform/route.hpp>
#include <natpmp/detail/platform/system.hpp>

#include <algorithm>
#include <tuple>
#include <vector>

namespace fuzz {

using natpmp::detail::default_route;
using natpmp::detail::interface_address;
using natpmp::detail::raw_bytes;
using natpmp::detail::route_table;
namespace net = natpmp::net;

/// A copy with nothing behind its end.
inline std::vector<std::byte> exact(bytes_view from)
{
    const auto bytes = std::as_bytes(from);
    return {bytes.begin(), bytes.end()};
}

inline bool holds_bytes(raw_bytes whole, const net::ip::address_v4& address)
{
    const auto octets = address.to_bytes();
    const auto part = std::as_bytes(std::span(octets));
    return std::search(whole.begin(), whole.end(), part.begin(), part.end()) != whole.end();
}

inline auto all_of(const default_route& route)
{
    return std::make_tuple(route.gateway, route.preferred_source, route.interface_index,
                           route.metric, route.policy, route.blocked, route.ruled, route.table);
}

inline auto all_of(const interface_address& entry)
{
    return std::make_tuple(entry.interface_index, entry.address, entry.network,
                           entry.prefix_length);
}

template <class Entry>
bool same(const std::vector<Entry>& left, const std::vector<Entry>& right)
{
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [](const Entry& a, const Entry& b) { return all_of(a) == all_of(b); });
}

/// Nothing is in the table that was not in the bytes.
inline void check_table(const route_table& table, raw_bytes from, std::size_t least_route)
{
    require(table.routes.size() * least_route <= from.size(), "no more routes than there is room");
    for (const default_route& route : table.routes) {
        require(!route.gateway.is_unspecified() || route.blocked,
                "a route has a gateway, or is blocked");
        require(route.blocked || holds_bytes(from, route.gateway), "the gateway is in the bytes");
        require(route.preferred_source.is_unspecified() ||
                    holds_bytes(from, route.preferred_source),
                "the source address is in the bytes");
    }
    for (const interface_address& entry : table.addresses) {
        require(!entry.address.is_unspecified(), "an address is one");
        require(holds_bytes(from, entry.address), "the address is in the bytes");
    }
}

/// Whether a route may be taken by who insists on a local address.
inline bool admits(const route_table& table, const default_route& route,
                   const net::ip::address& local)
{
    for (const interface_address& entry : table.addresses)
        if (!route.blocked && entry.interface_index == route.interface_index &&
            entry.address == local)
            return true;
    return local.is_unspecified();
}

/// The choice is the first of the best of the routes that may be taken, and no other.
inline void check_choice(const route_table& table, const net::ip::address& local)
{
    natpmp::error_code error;
    const natpmp::gateway chosen = natpmp::detail::choose_gateway(table, local, error);
    std::vector<default_route> able;
    for (const default_route& route : table.routes)
        if (admits(table, route, local))
            able.push_back(route);
    if (able.empty()) {
        require(error == natpmp::errc::no_gateway && chosen == natpmp::gateway{},
                "no route, no gateway");
        return;
    }
    const default_route& best =
        *std::min_element(able.begin(), able.end(), [](const auto& left, const auto& right) {
            return left.policy != right.policy ? right.policy : left.metric < right.metric;
        });
    if (best.blocked) {
        require(error == natpmp::errc::no_gateway && chosen == natpmp::gateway{},
                "nothing leaves past a blocked route");
        return;
    }
    require(!error, "a route leads to a gateway");
    require(chosen.address == best.gateway && chosen.interface_index == best.interface_index,
            "the best route is chosen");
    if (!local.is_unspecified())
        require(chosen.local_address == local, "the local address is the one that was asked for");
    else if (!best.preferred_source.is_unspecified())
        require(chosen.local_address == best.preferred_source,
                "the route says what address to send from");
    else
        require(chosen.local_address.is_unspecified() ||
                    interface_holds(table, chosen.interface_index, chosen.local_address),
                "the local address is the interface's");
}

/// The choice without a wish, with each local address there is, and with one that nobody has.
inline void check_choices(const route_table& table)
{
    check_choice(table, net::ip::address_v4{});
    check_choice(table, net::ip::address_v4{0xCB0071FE});
    for (std::size_t each = 0; each < std::min<std::size_t>(table.addresses.size(), 8); ++each)
        check_choice(table, table.addresses[each].address);
}

} // namespace fuzz
