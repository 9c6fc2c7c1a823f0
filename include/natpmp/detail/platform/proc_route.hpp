// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Linux without netlink, which a sandbox may forbid: the routes from the text of /proc/net/route.

#ifndef NATPMP_DETAIL_PLATFORM_PROC_ROUTE_HPP
#define NATPMP_DETAIL_PLATFORM_PROC_ROUTE_HPP

#include <natpmp/detail/platform/route.hpp>

#if defined(__linux__)

#include <bit>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/ioctl.h>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// A default route of the text, which names its interface: `route` has no interface index yet. The
/// text has the main table only, and no preferred source.
struct named_route
{
    default_route route{};
    std::string interface_name;
};

/// Converts an address or a mask. The kernel prints the four bytes, which are in network order, as
/// one number of the host's byte order: 192.168.1.1 is 0101A8C0 on x86.
[[nodiscard]] inline net::ip::address_v4 from_kernel(std::uint32_t number) noexcept
{
    return net::ip::address_v4(std::bit_cast<net::ip::address_v4::bytes_type>(number));
}

/// Reads a line. Nothing if it is the heading, or no usable default route: a half-route of a VPN
/// has the destination 0.0.0.0 too, but the mask 128.0.0.0. Of the routes that let nothing out only
/// `unreachable` and `prohibit` have a flag; `blackhole` looks like `throw`, which only ends the
/// search in its table.
[[nodiscard]] inline std::optional<named_route> parse_route_line(const char* line)
{
    // RTF_UP, RTF_GATEWAY and RTF_REJECT of <linux/route.h>.
    constexpr std::uint32_t up = 0x1, through_gateway = 0x2, reject = 0x200;
    std::array<char, IFNAMSIZ> name{};
    std::uint32_t destination = 0, gateway = 0, flags = 0, mask = 0;
    // The kernel prints a metric with a sign, although it has none: 4294967295 is -1.
    std::int32_t metric = 0;
    if (std::sscanf(line, "%15s %8x %8x %8x %*s %*s %11d %8x", name.data(), &destination, &gateway,
                    &flags, &metric, &mask) != 6)
        return std::nullopt;
    named_route found;
    found.route.gateway = from_kernel(gateway);
    found.route.blocked = (flags & reject) != 0;
    const bool leads_on = gateway != 0 && (flags & through_gateway) != 0;
    if (destination != 0 || mask != 0 || (flags & up) == 0 || (!leads_on && !found.route.blocked))
        return std::nullopt;
    found.route.metric = static_cast<std::uint32_t>(metric);
    found.interface_name = name.data();
    return found;
}

/// Reads the default routes line by line: a router may have a million others. An error if not all
/// of the file can be read, since what is missing may be the best route.
[[nodiscard]] inline std::vector<named_route> parse_routes(std::FILE* file, error_code& error)
{
    std::vector<named_route> routes;
    std::array<char, 512> buffer; // the kernel's lines have 128 characters
    while (std::fgets(buffer.data(), static_cast<int>(buffer.size()), file))
        if (std::string_view(buffer.data()).ends_with('\n')) // else the text was cut off
            if (auto found = parse_route_line(buffer.data()))
                routes.push_back(std::move(*found));
    if (std::ferror(file) != 0)
        error = errc::routes_unreadable;
    return routes;
}

/// Finds the index of a route's interface, by any socket. False if the interface is gone, down or
/// without a carrier: the kernel keeps a route whose cable was pulled, and marks it in netlink
/// only.
[[nodiscard]] inline bool resolve_interface(int socket, named_route& found, error_code& error)
{
    ifreq request{};
    found.interface_name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    if (::ioctl(socket, SIOCGIFINDEX, &request) == 0) {
        found.route.interface_index = static_cast<std::uint32_t>(request.ifr_ifindex);
        if (::ioctl(socket, SIOCGIFFLAGS, &request) == 0)
            return (request.ifr_flags & IFF_UP) != 0 && (request.ifr_flags & IFF_RUNNING) != 0;
    }
    if (errno != ENODEV)
        error = errc::routes_unreadable;
    return false;
}

inline constexpr const char* proc_route_file = "/proc/net/route";

/// Reads the usable default routes from a file. The only error is errc::routes_unreadable.
[[nodiscard]] inline std::vector<default_route> read_proc_routes(const char* path,
                                                                 error_code& error)
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path, "re"),
                                                               &std::fclose);
    const descriptor_guard socket(open_socket(AF_INET, SOCK_DGRAM, 0));
    std::vector<default_route> routes;
    if (!file) {
        error = errc::routes_unreadable;
        return routes;
    }
    error.clear();
    for (named_route& found : parse_routes(file.get(), error))
        // A route that lets nothing out has no interface ("*").
        if (found.route.blocked || resolve_interface(socket.descriptor, found, error))
            routes.push_back(found.route);
    if (error)
        routes.clear();
    return routes;
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // defined(__linux__)

#endif // NATPMP_DETAIL_PLATFORM_PROC_ROUTE_HPP
