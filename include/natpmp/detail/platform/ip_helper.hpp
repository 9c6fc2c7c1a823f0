// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Windows: routes, and the interface that has an address, from the IP Helper API.

#ifndef NATPMP_DETAIL_PLATFORM_IP_HELPER_HPP
#define NATPMP_DETAIL_PLATFORM_IP_HELPER_HPP

#include <natpmp/detail/platform/route.hpp>

#if defined(_WIN32)

#include <algorithm>
#include <limits>
#include <memory>

#include <iphlpapi.h>
#include <netioapi.h>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// The error that a function of the API returns; it sets no GetLastError().
[[nodiscard]] inline error_code windows_error(DWORD status) noexcept
{
    return {static_cast<int>(status), net::error::get_system_category()};
}

/// Converts an address, which is in network byte order.
[[nodiscard]] inline net::ip::address_v4 to_address(const in_addr& address) noexcept
{
    return net::ip::address_v4(ntohl(address.s_addr));
}

/// Whether routes over an adapter can be used: it is up, and not the loopback one.
[[nodiscard]] inline bool is_usable_adapter(const IP_ADAPTER_ADDRESSES& adapter) noexcept
{
    return adapter.OperStatus == IfOperStatusUp && adapter.IfType != IF_TYPE_SOFTWARE_LOOPBACK;
}

/// Adds a row of the forwarding table if it is a default route through an IPv4 gateway and over a
/// usable adapter of the list. The metric that counts is the route's and the interface's together.
/// A row has no flag for a route that lets nothing out, so none is marked as blocked.
inline void add_row(const MIB_IPFORWARD_ROW2& row, const IP_ADAPTER_ADDRESSES* adapters,
                    std::vector<default_route>& routes)
{
    const SOCKADDR_INET& destination = row.DestinationPrefix.Prefix;
    // A VPN's default route has no next hop; a half-route has a prefix length of 1.
    if (row.DestinationPrefix.PrefixLength != 0 || destination.si_family != AF_INET ||
        row.NextHop.si_family != AF_INET || row.NextHop.Ipv4.sin_addr.s_addr == 0 || row.Loopback ||
        row.ValidLifetime == 0)
        return;
    while (adapters && adapters->IfIndex != row.InterfaceIndex)
        adapters = adapters->Next;
    if (!adapters || !is_usable_adapter(*adapters))
        return;
    // In 64 bits: an overflow would make the worst route the best.
    constexpr std::uint64_t highest = std::numeric_limits<std::uint32_t>::max();
    default_route route;
    route.gateway = to_address(row.NextHop.Ipv4.sin_addr);
    route.interface_index = row.InterfaceIndex;
    route.metric = static_cast<std::uint32_t>(
        std::min(highest, std::uint64_t{row.Metric} + adapters->Ipv4Metric));
    routes.push_back(route);
}

/// Reads the list of adapters. It points into its buffer, which therefore has the strictest
/// alignment; empty: a host without any adapter.
[[nodiscard]] inline std::vector<std::max_align_t> read_adapters(error_code& error)
{
    constexpr ULONG flags = GAA_FLAG_SKIP_UNICAST | GAA_FLAG_SKIP_ANYCAST |
                            GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER |
                            GAA_FLAG_SKIP_FRIENDLY_NAME;
    std::vector<std::max_align_t> buffer;
    // The documentation says to begin with this size. The list may grow between two calls.
    ULONG size = 16384;
    constexpr int attempts = 5;
    ULONG status = ERROR_BUFFER_OVERFLOW;
    for (int attempt = 0; status == ERROR_BUFFER_OVERFLOW && attempt < attempts; ++attempt) {
        buffer.resize(size / sizeof(std::max_align_t) + 1);
        status = ::GetAdaptersAddresses(
            AF_INET, flags, nullptr, reinterpret_cast<IP_ADAPTER_ADDRESSES*>(buffer.data()), &size);
    }
    if (status != NO_ERROR)
        buffer.clear();
    if (status != NO_ERROR && status != ERROR_NO_DATA)
        error = windows_error(status);
    return buffer;
}

/// See gateway.hpp. The adapters tell which interfaces are up, and their metrics.
[[nodiscard]] inline std::vector<default_route> read_system_routes(error_code& error)
{
    const auto adapters = read_adapters(error);
    MIB_IPFORWARD_TABLE2* rows = nullptr;
    const DWORD status = error ? NO_ERROR : ::GetIpForwardTable2(AF_INET, &rows);
    // ERROR_NOT_FOUND: a host without routes.
    if (status != NO_ERROR && status != ERROR_NOT_FOUND)
        error = windows_error(status);
    const std::unique_ptr<MIB_IPFORWARD_TABLE2, decltype(&::FreeMibTable)> owner(rows,
                                                                                 &::FreeMibTable);
    std::vector<default_route> routes;
    for (ULONG index = 0; rows && !adapters.empty() && index < rows->NumEntries; ++index)
        add_row(rows->Table[index], reinterpret_cast<const IP_ADAPTER_ADDRESSES*>(adapters.data()),
                routes);
    return routes;
}

/// Finds the interface that has a local address; 0: none has it. `error` comes in clear.
[[nodiscard]] inline std::uint32_t find_interface(const net::ip::address& local_address,
                                                  error_code& error)
{
    MIB_UNICASTIPADDRESS_TABLE* rows = nullptr;
    const DWORD status = ::GetUnicastIpAddressTable(AF_INET, &rows);
    if (status != NO_ERROR && status != ERROR_NOT_FOUND)
        error = windows_error(status);
    std::uint32_t found = 0;
    for (ULONG index = 0; rows && index < rows->NumEntries; ++index)
        if (local_address == to_address(rows->Table[index].Address.Ipv4.sin_addr))
            found = rows->Table[index].InterfaceIndex;
    if (rows)
        ::FreeMibTable(rows);
    return found;
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // defined(_WIN32)

#endif // NATPMP_DETAIL_PLATFORM_IP_HELPER_HPP
