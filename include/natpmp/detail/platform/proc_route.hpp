// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Linux without netlink, which a sandbox may forbid: the routes from the text of /proc/net/route.

#ifndef NATPMP_DETAIL_PLATFORM_PROC_ROUTE_HPP
#define NATPMP_DETAIL_PLATFORM_PROC_ROUTE_HPP

#include <natpmp/detail/platform/route.hpp>

#if defined(__linux__)

#include <cstdio>
#include <memory>
#include <optional>

#include <sys/ioctl.h>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Reads a line. Nothing if it is the heading or cut off, or tells no usable default route: a
/// half-route of a VPN has the destination 0.0.0.0 too, but the mask 128.0.0.0. Of the routes that
/// let nothing out only `unreachable` and `prohibit` have a flag; `blackhole` looks like `throw`,
/// which only ends the search in its table. The interface's name goes into `interface`.
[[nodiscard]] inline std::optional<default_route> parse_route_line(const char* line,
                                                                   ifreq& interface)
{
    // The numbers are four bytes in network order, printed as one number of the host's byte order:
    // 192.168.1.1 is 0101A8C0 on x86.
    std::uint32_t destination = 0, gateway = 0, flags = 0, mask = 0;
    // The kernel prints a metric with a sign, although it has none: 4294967295 is -1.
    std::int32_t metric = 0;
    if (!std::strchr(line, '\n') ||
        std::sscanf(line, "%15s %8x %8x %8x %*s %*s %11d %8x", interface.ifr_name, &destination,
                    &gateway, &flags, &metric, &mask) != 6)
        return std::nullopt;
    // RTF_UP, RTF_GATEWAY and RTF_REJECT of <linux/route.h>.
    constexpr std::uint32_t up = 0x1, through_gateway = 0x2, reject = 0x200;
    default_route route;
    route.gateway = to_address(gateway);
    route.metric = static_cast<std::uint32_t>(metric);
    route.blocked = (flags & reject) != 0;
    const bool leads_on = gateway != 0 && (flags & through_gateway) != 0;
    if (destination != 0 || mask != 0 || (flags & up) == 0 || (!leads_on && !route.blocked))
        return std::nullopt;
    return route;
}

/// Finds the index of a route's interface, by any socket. False if that is gone or not running: the
/// kernel keeps a route whose cable was pulled, and marks it in netlink only.
[[nodiscard]] inline bool resolve_interface(int socket, ifreq& interface, default_route& route,
                                            error_code& error)
{
    if (::ioctl(socket, SIOCGIFINDEX, &interface) == 0) {
        route.interface_index = static_cast<std::uint32_t>(interface.ifr_ifindex);
        if (::ioctl(socket, SIOCGIFFLAGS, &interface) == 0)
            return (interface.ifr_flags & IFF_RUNNING) != 0;
    }
    if (errno != ENODEV)
        error = errc::routes_unreadable;
    return false;
}

/// Reads the usable default routes from a file, line by line: a router may have a million others.
/// errc::routes_unreadable if not all can be read: what is missing may be the best route.
[[nodiscard]] NATPMP_COLD inline default_routes read_proc_routes(const char* path,
                                                                 error_code& error)
{
    error.clear();
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path, "re"),
                                                               &std::fclose);
    const descriptor_guard socket(open_socket(AF_INET, SOCK_DGRAM, 0));
    default_routes routes;
    std::array<char, 512> line; // the kernel's have 128 characters
    ifreq interface{};
    while (file && std::fgets(line.data(), static_cast<int>(line.size()), file.get()))
        if (auto route = parse_route_line(line.data(), interface))
            // A route that lets nothing out has no interface ("*").
            if (route->blocked || resolve_interface(socket.descriptor, interface, *route, error))
                routes.push_back(*route);
    if (!file || std::ferror(file.get()) != 0)
        error = errc::routes_unreadable;
    return routes;
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // defined(__linux__)

#endif // NATPMP_DETAIL_PLATFORM_PROC_ROUTE_HPP
