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

// The one place that picks a platform's source. Each defines detail::find_default_gateway(),
// detail::find_interface() and the notices of change that detail/changes.hpp needs.
#if defined(__linux__)
#include <natpmp/detail/gateway_linux.hpp>
#elif defined(_WIN32)
#include <natpmp/detail/gateway_windows.hpp>
#elif (defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) ||                        \
       defined(__OpenBSD__) || defined(__DragonFly__)) &&                                          \
    __has_include(<net/route.h>)
#include <natpmp/detail/gateway_bsd.hpp>
#else
namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// For platforms whose routing table is not read: client_options::gateway has to be set there.
[[nodiscard]] inline gateway find_default_gateway(const net::ip::address&, error_code& error)
{
    error = errc::routes_unreadable;
    return {};
}

/// Interfaces are not told there.
[[nodiscard]] inline std::uint32_t find_interface(const net::ip::address&, error_code& error)
{
    error.clear();
    return 0;
}

/// No notices there: network_changed() and the retries serve.
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

namespace natpmp::inline NATPMP_ABI_NAMESPACE {

/// Finds the host's IPv4 default gateway, the one to ask for mappings (RFC 6886, section 3).
///
/// It comes from the routing table and is never guessed: of the usable routes to 0.0.0.0/0 through
/// a gateway, the one with the lowest metric. A VPN that covers everything with two half-routes, or
/// with a default route that has no gateway, does not hide it. A default route that lets nothing
/// out, as a VPN's kill switch does, means that there is no gateway, if it has the lowest metric.
/// Linux tells the table by netlink or, where a sandbox forbids that, in /proc/net/route; there the
/// routes' preferred addresses are missing, and tables that only routing rules lead to.
///
/// The local address is the one that the route prefers, else the address of the route's interface
/// whose network has the gateway in it, else that interface's first address, else unspecified.
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
///              is out of file descriptors.
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
