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
using natpmp::detail::raw_bytes;
using routes_type = std::vector<default_route>;
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

inline bool same(const routes_type& left, const routes_type& right)
{
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [](const auto& a, const auto& b) { return all_of(a) == all_of(b); });
}

/// Nothing is in the routes that was not in the bytes.
inline void check_routes(const routes_type& routes, raw_bytes from, std::size_t least_route)
{
    require(routes.size() * least_route <= from.size(), "no more routes than there is room");
    for (const default_route& route : routes) {
        require(!route.gateway.is_unspecified() || route.blocked,
                "a route has a gateway, or is blocked");
        require(route.blocked || holds_bytes(from, route.gateway), "the gateway is in the bytes");
        require(route.preferred_source.is_unspecified() ||
                    holds_bytes(from, route.preferred_source),
                "the source address is in the bytes");
    }
}

/// The choice is the first of the best of the routes that may be taken, and no other. An interface
/// other than 0 admits only its routes.
inline void check_choice(const routes_type& routes, std::uint32_t interface_index)
{
    natpmp::error_code error;
    const natpmp::gateway chosen = natpmp::detail::choose_gateway(routes, interface_index, error);
    routes_type able;
    for (const default_route& route : routes)
        if (interface_index == 0 || (!route.blocked && route.interface_index == interface_index))
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
    require(chosen == natpmp::gateway{best.gateway, best.preferred_source, best.interface_index},
            "the best route is chosen");
}

/// The choice without a preference, with the interface of each route, and with one that has none.
inline void check_choices(const routes_type& routes)
{
    check_choice(routes, 0);
    check_choice(routes, 0xFFFFFFFF);
    for (std::size_t each = 0; each < std::min<std::size_t>(routes.size(), 8); ++each)
        check_choice(routes, routes[each].interface_index);
}

} // namespace fuzz
