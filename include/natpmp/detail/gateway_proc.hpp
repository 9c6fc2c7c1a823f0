// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Linux without netlink: the routes from /proc/net/route, the addresses by ioctl.

#ifndef NATPMP_DETAIL_GATEWAY_PROC_HPP
#define NATPMP_DETAIL_GATEWAY_PROC_HPP

#include <natpmp/detail/descriptor.hpp>
#include <natpmp/detail/proc_route.hpp>

#if defined(__linux__)

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

inline constexpr const char* proc_route_file = "/proc/net/route";

/// Reads the default routes from a file. An error if not all of it can be read.
[[nodiscard]] NATPMP_COLD inline std::vector<named_route> read_proc_routes(const char* path,
                                                                           error_code& error)
{
    const int descriptor = ::open(path, O_RDONLY | O_CLOEXEC);
    const descriptor_guard guard(descriptor);
    proc_route_reader reader;
    std::array<char, 4096> buffer;
    constexpr int most_reads = 1'000'000; // 30 million routes: the file has no end
    for (int count = 0; descriptor >= 0 && count < most_reads; ++count) {
        const ssize_t size = ::read(descriptor, buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            break;
        if (size == 0) {
            error.clear();
            return reader.finish();
        }
        reader.read({buffer.data(), static_cast<std::size_t>(size)});
    }
    error = errc::routes_unreadable;
    return {};
}

/// Asks about interfaces and their addresses, by any socket.
class interface_queries
{
public:
    interface_queries() noexcept
        : descriptor_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), guard_(descriptor_)
    {}

    /// Asks about what the request names. False and errno on failure. The question is a constant,
    /// which converts to whichever type the C library wants.
    template <int Question>
    [[nodiscard]] bool ask(ifreq& request) const noexcept
    {
        return ::ioctl(descriptor_, Question, &request) == 0;
    }

    /// Every IPv4 address of the host, each with the name of its interface. False on failure.
    [[nodiscard]] bool list(std::vector<ifreq>& addresses) const
    {
        constexpr std::size_t most = 65'536;
        for (std::size_t room = 64; room <= most; room *= 4) {
            addresses.resize(room);
            ifconf request{};
            request.ifc_len = static_cast<int>(room * sizeof(ifreq));
            request.ifc_req = addresses.data();
            if (::ioctl(descriptor_, SIOCGIFCONF, &request) != 0)
                return false;
            const std::size_t count = static_cast<std::size_t>(request.ifc_len) / sizeof(ifreq);
            addresses.resize(std::min(count, room));
            if (count < room)
                return true; // else there may be more
        }
        return true;
    }

private:
    int descriptor_;
    descriptor_guard guard_;
};

/// The IPv4 address that an answer is.
[[nodiscard]] inline net::ip::address_v4 address_of(const sockaddr& answer) noexcept
{
    sockaddr_in internet;
    std::memcpy(&internet, &answer, sizeof internet);
    return net::ip::address_v4(
        std::bit_cast<net::ip::address_v4::bytes_type>(internet.sin_addr.s_addr));
}

/// Finds the index of a route's interface. False if the interface is gone or has no connection; an
/// error if the system does not tell.
[[nodiscard]] NATPMP_COLD inline bool resolve_interface(const interface_queries& queries,
                                                        named_route& found, error_code& error)
{
    ifreq request{};
    found.interface_name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    if (queries.ask<SIOCGIFINDEX>(request)) {
        found.route.interface_index = static_cast<std::uint32_t>(request.ifr_ifindex);
        if (queries.ask<SIOCGIFFLAGS>(request))
            return (request.ifr_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
    }
    if (errno != ENODEV)
        error = errc::routes_unreadable;
    return false;
}

/// What is to be known about an address of the list.
[[nodiscard]] inline interface_address describe_address(const interface_queries& queries,
                                                        const ifreq& listed,
                                                        std::uint32_t interface_index) noexcept
{
    interface_address entry;
    entry.interface_index = interface_index;
    entry.address = entry.network = address_of(listed.ifr_addr);
    entry.prefix_length = 32;
    // The request tells not only the name but also which of the interface's addresses is meant.
    ifreq request = listed;
    if (queries.ask<SIOCGIFNETMASK>(request))
        entry.prefix_length =
            static_cast<std::uint8_t>(std::popcount(address_of(request.ifr_netmask).to_uint()));
    request = listed;
    if (queries.ask<SIOCGIFDSTADDR>(request)) // the peer, or the address itself
        entry.network = address_of(request.ifr_dstaddr);
    return entry;
}

/// Reads the default routes from a file, and their interfaces' addresses. The only error is
/// errc::routes_unreadable.
[[nodiscard]] NATPMP_COLD inline route_table read_proc_table(const char* path, error_code& error)
{
    route_table table;
    std::vector<named_route> routes = read_proc_routes(path, error);
    if (error || routes.empty())
        return table;
    const interface_queries queries;
    for (auto& found : routes)
        if (found.route.blocked || resolve_interface(queries, found, error))
            table.routes.push_back(found.route);
    std::vector<ifreq> addresses;
    if (!queries.list(addresses))
        error = errc::routes_unreadable;
    if (error)
        return {};
    for (const auto& listed : addresses) {
        // An address may have a label of its own, "eth0:1".
        const std::string_view label(listed.ifr_name, ::strnlen(listed.ifr_name, IFNAMSIZ));
        const auto route = std::find_if(routes.begin(), routes.end(), [&](const auto& each) {
            return each.interface_name == label.substr(0, label.find(':'));
        });
        if (route != routes.end())
            table.addresses.push_back(
                describe_address(queries, listed, route->route.interface_index));
    }
    return table;
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // defined(__linux__)

#endif // NATPMP_DETAIL_GATEWAY_PROC_HPP
