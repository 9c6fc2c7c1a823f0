// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Windows: routes, and the interface that has an address, from the IP Helper API.

#ifndef NATPMP_DETAIL_PLATFORM_IP_HELPER_HPP
#define NATPMP_DETAIL_PLATFORM_IP_HELPER_HPP

#include <natpmp/detail/platform/route.hpp>

#if defined(_WIN32)

#include <iphlpapi.h>
#include <netioapi.h>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// The error in what a function of the API returns; it sets no GetLastError(). ERROR_NOT_FOUND and
/// ERROR_NO_DATA are none: there are no routes, addresses or adapters.
[[nodiscard]] inline error_code windows_error(DWORD status) noexcept
{
    const bool good = status == ERROR_NOT_FOUND || status == ERROR_NO_DATA;
    return good ? error_code{} : system_error_code(static_cast<int>(status));
}

/// Reads the list of adapters, which points into its buffer. A host without any gets zeros, and an
/// adapter with index 0 is none.
[[nodiscard]] inline std::vector<std::max_align_t> read_adapters(error_code& error)
{
    constexpr ULONG flags = GAA_FLAG_SKIP_UNICAST | GAA_FLAG_SKIP_ANYCAST |
                            GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER;
    std::vector<std::max_align_t> buffer;
    // The documentation says to begin with this size. The list may grow between two calls.
    ULONG size = 16384, status = ERROR_BUFFER_OVERFLOW;
    while (status == ERROR_BUFFER_OVERFLOW) {
        buffer.assign(size / sizeof(std::max_align_t) + 1, {});
        status = ::GetAdaptersAddresses(
            AF_INET, flags, nullptr, reinterpret_cast<IP_ADAPTER_ADDRESSES*>(buffer.data()), &size);
    }
    error = windows_error(status);
    return buffer;
}

/// Adds a row of the forwarding table if it is a default route through an IPv4 gateway and over an
/// adapter of the list that is up, and not the loopback one. The metric that counts is the route's
/// and the interface's together. A row has no flag for what lets nothing out: no route is blocked.
inline void add_row(const MIB_IPFORWARD_ROW2& row, const IP_ADAPTER_ADDRESSES* adapters,
                    default_routes& routes)
{
    const SOCKADDR_INET& destination = row.DestinationPrefix.Prefix;
    // A VPN's default route has no next hop; a half-route has a prefix length of 1.
    if (row.DestinationPrefix.PrefixLength != 0 || destination.si_family != AF_INET ||
        row.NextHop.si_family != AF_INET || row.NextHop.Ipv4.sin_addr.s_addr == 0 ||
        row.ValidLifetime == 0)
        return;
    while (adapters && adapters->IfIndex != row.InterfaceIndex)
        adapters = adapters->Next;
    if (!adapters || adapters->OperStatus != IfOperStatusUp ||
        adapters->IfType == IF_TYPE_SOFTWARE_LOOPBACK)
        return;
    default_route route;
    route.gateway = to_address(row.NextHop.Ipv4.sin_addr.s_addr);
    route.interface_index = row.InterfaceIndex;
    route.metric = row.Metric + adapters->Ipv4Metric;
    if (route.metric < row.Metric) // an overflow would make the worst route the best
        route.metric = 0xFFFFFFFF;
    routes.push_back(route);
}

/// See gateway.hpp. The adapters tell which interfaces are up, and their metrics.
[[nodiscard]] inline default_routes read_system_routes(error_code& error)
{
    const auto buffer = read_adapters(error);
    const auto* adapters = reinterpret_cast<const IP_ADAPTER_ADDRESSES*>(buffer.data());
    MIB_IPFORWARD_TABLE2* rows = nullptr;
    if (!error)
        error = windows_error(::GetIpForwardTable2(AF_INET, &rows));
    default_routes routes;
    for (ULONG index = 0; rows && index < rows->NumEntries; ++index)
        add_row(rows->Table[index], adapters, routes);
    if (rows)
        ::FreeMibTable(rows);
    return routes;
}

/// Finds the interface that has a local address; 0: none has it. `error` comes in clear.
[[nodiscard]] inline std::uint32_t find_interface(const net::ip::address& local_address,
                                                  error_code& error)
{
    MIB_UNICASTIPADDRESS_TABLE* rows = nullptr;
    error = windows_error(::GetUnicastIpAddressTable(AF_INET, &rows));
    std::uint32_t found = 0;
    for (ULONG index = 0; rows && index < rows->NumEntries; ++index)
        if (local_address == to_address(rows->Table[index].Address.Ipv4.sin_addr.s_addr))
            found = rows->Table[index].InterfaceIndex;
    if (rows)
        ::FreeMibTable(rows);
    return found;
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // defined(_WIN32)

#endif // NATPMP_DETAIL_PLATFORM_IP_HELPER_HPP
