// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// default_gateway(): where this host's NAT-PMP requests go.

#ifndef NATPMP_GATEWAY_HPP
#define NATPMP_GATEWAY_HPP

#include <natpmp/error.hpp>
#include <natpmp/types.hpp>

#include <cstdint>
#include <system_error>
#include <utility>
#include <vector>

// What a system tells. Each of these headers defines, in natpmp::detail,
//
//   default_routes read_system_routes(error_code& error);
//     The host's default routes. `error` comes in clear; it gets errc::routes_unreadable, or what
//     the system says.
//
// and, but for Windows (see change_notices.hpp),
//
//   int open_change_notices() noexcept;
//     A socket, which the caller closes, that becomes readable when IPv4 routes, rules, addresses
//     or interfaces change; -1 and errno on failure.
//   bool concerns_gateway(raw_bytes notice) noexcept;
//     Whether what was read from that socket says, or does not let see, that the default gateway or
//     a local address may be another.
#if defined(__linux__)
#include <natpmp/detail/platform/netlink.hpp>
#elif defined(_WIN32)
#include <natpmp/detail/platform/ip_helper.hpp>
#else
#include <natpmp/detail/platform/routing_socket.hpp>
#endif

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Finds the gateway of the best default route; a specified local address admits only the routes
/// of the interface that has it. Errors: errc::no_gateway, errc::no_local_address,
/// errc::routes_unreadable, or what the system says.
[[nodiscard]] NATPMP_COLD inline gateway find_default_gateway(const net::ip::address& local_address,
                                                              error_code& error)
{
    error.clear();
    const bool any = local_address.is_unspecified();
    const std::uint32_t interface_index = any ? 0 : find_interface(local_address, error);
    if (error && !is_shortage(error))
        error = errc::routes_unreadable;
    else if (!error && !any && interface_index == 0)
        error = errc::no_local_address;
    if (error)
        return {};
    default_routes routes = read_system_routes(error);
    gateway found = error ? gateway{} : choose_gateway(std::move(routes), interface_index, error);
    if (error)
        return {};
    if (!any) {
        found.local_address = local_address;
    } else if (found.local_address.is_unspecified()) {
        found.local_address = source_address(found.address, error);
        if (is_shortage(error))
            return {};
        error.clear(); // the network is unreachable: the socket for requests tells that again
    }
    return found;
}

} // namespace detail

/// Finds the host's IPv4 default gateway, the one to ask for mappings (RFC 6886, section 3).
///
/// It comes from the routing table and is never guessed: of the usable routes to 0.0.0.0/0 through
/// a gateway, the one with the lowest metric. A VPN that covers everything with two half-routes, or
/// with a default route that has no gateway, does not hide it. A default route that lets nothing
/// out, as a VPN's kill switch does, means that there is no gateway, if it has the lowest metric.
/// Linux tells the table by netlink or, where a sandbox forbids that, in /proc/net/route; there the
/// routes' preferred addresses are missing, and tables that only routing rules lead to.
///
/// The local address is the one that the route prefers, else the one that the system sends from
/// towards the gateway, else unspecified.
///
/// A client does this by itself, and again when the routes change; an application needs it only to
/// show the gateway.
///
/// Blocking: the calling thread asks the kernel; no packet is sent. That takes well under a
/// millisecond, unless the routing table is huge or netlink takes requests and does not answer
/// (1 s).
///
/// Thread safety: any thread, also at the same time.
///
/// @param error errc::no_gateway if there is no such route, or a better one that lets nothing out;
///              errc::routes_unreadable if the system does not tell its routes; the system's if it
///              is out of file descriptors, and on systems but Linux for any other failure of its.
/// @return The gateway; a default-constructed one on error.
/// @throws std::bad_alloc Nothing else.
[[nodiscard]] inline gateway default_gateway(error_code& error)
{
    return detail::find_default_gateway(net::ip::address_v4{}, error);
}

/// Finds the host's IPv4 default gateway, as default_gateway(error_code&) does.
///
/// @throws natpmp::system_error With the error code that the other overload gives.
[[nodiscard]] inline gateway default_gateway()
{
    error_code error;
    const gateway found = default_gateway(error);
    if (error)
        detail::throw_error(error);
    return found;
}

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_GATEWAY_HPP
