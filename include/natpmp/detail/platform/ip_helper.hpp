// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Windows: routes and addresses from the IP Helper API.

#ifndef NATPMP_DETAIL_PLATFORM_IP_HELPER_HPP
#define NATPMP_DETAIL_PLATFORM_IP_HELPER_HPP

#include <natpmp/detail/platform/route.hpp>

#if defined(_WIN32)

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <vector>

#include <iphlpapi.h>
#include <netioapi.h>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

[[nodiscard]] inline error_code windows_error(DWORD status) noexcept
{
    return {static_cast<int>(status), net::error::get_system_category()};
}

[[nodiscard]] inline net::ip::address_v4 to_address(const in_addr& address) noexcept
{
    return net::ip::address_v4(ntohl(address.s_addr));
}

/// Whether routes over an adapter can be used: it is up, and not the loopback one.
[[nodiscard]] inline bool is_usable(const IP_ADAPTER_ADDRESSES& adapter) noexcept
{
    return adapter.OperStatus == IfOperStatusUp && adapter.IfType != IF_TYPE_SOFTWARE_LOOPBACK;
}

/// Adds an adapter's IPv4 addresses, but for those that are not its own: still checked for
/// duplicates, found to be one, or taken back. A deprecated address can still be sent from.
inline void add_addresses(const IP_ADAPTER_ADDRESSES& adapter, route_table& table)
{
    for (auto entry = adapter.FirstUnicastAddress; entry; entry = entry->Next) {
        const sockaddr* const bytes = entry->Address.lpSockaddr;
        if (!bytes || bytes->sa_family != AF_INET ||
            (entry->DadState != IpDadStatePreferred && entry->DadState != IpDadStateDeprecated))
            continue;
        const auto address = to_address(reinterpret_cast<const sockaddr_in*>(bytes)->sin_addr);
        table.addresses.push_back({adapter.IfIndex, address, address, entry->OnLinkPrefixLength});
    }
}

/// Adds a row of the forwarding table if it is a default route through an IPv4 gateway and over a
/// usable adapter of the list. The metric that counts is the route's and the interface's together.
/// A row has no flag for a route that lets nothing out, so none is marked as blocked.
inline void add_route(const MIB_IPFORWARD_ROW2& row, const IP_ADAPTER_ADDRESSES* adapters,
                      route_table& table)
{
    const SOCKADDR_INET& destination = row.DestinationPrefix.Prefix;
    if (row.DestinationPrefix.PrefixLength != 0 || destination.si_family != AF_INET ||
        row.NextHop.si_family != AF_INET || row.NextHop.Ipv4.sin_addr.s_addr == 0 || row.Loopback ||
        row.ValidLifetime == 0)
        return;
    while (adapters && adapters->IfIndex != row.InterfaceIndex)
        adapters = adapters->Next;
    if (!adapters || !is_usable(*adapters))
        return;
    // In 64 bits: an overflow would make the worst route the best.
    constexpr std::uint64_t highest = std::numeric_limits<std::uint32_t>::max();
    default_route route;
    route.gateway = to_address(row.NextHop.Ipv4.sin_addr);
    route.interface_index = row.InterfaceIndex;
    route.metric = static_cast<std::uint32_t>(
        std::min(highest, std::uint64_t{row.Metric} + adapters->Ipv4Metric));
    table.routes.push_back(route);
}

/// Reads the adapters, without what nobody here asks for. The buffer begins with a list that points
/// into it, so it has the strictest alignment.
[[nodiscard]] inline std::vector<std::max_align_t> read_adapters(error_code& error)
{
    constexpr ULONG flags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST |
                            GAA_FLAG_SKIP_DNS_SERVER | GAA_FLAG_SKIP_FRIENDLY_NAME;
    std::vector<std::max_align_t> buffer;
    ULONG size = 16384;         // what the documentation says to begin with
    constexpr int attempts = 5; // the list may grow meanwhile
    ULONG status = ERROR_BUFFER_OVERFLOW;
    for (int attempt = 0; status == ERROR_BUFFER_OVERFLOW && attempt < attempts; ++attempt) {
        buffer.resize(size / sizeof(std::max_align_t) + 1);
        status = ::GetAdaptersAddresses(
            AF_INET, flags, nullptr, reinterpret_cast<IP_ADAPTER_ADDRESSES*>(buffer.data()), &size);
    }
    if (status == ERROR_NO_DATA) // a host without any adapter: its routes and addresses are none
        return {};
    if (status != NO_ERROR)
        error = windows_error(status);
    return buffer;
}

/// See gateway.hpp. With routes, only the addresses of usable adapters.
[[nodiscard]] inline route_table read_system_table(bool with_routes, error_code& error)
{
    const auto buffer = read_adapters(error);
    if (error)
        return {};
    const auto* const adapters =
        buffer.empty() ? nullptr : reinterpret_cast<const IP_ADAPTER_ADDRESSES*>(buffer.data());
    route_table table;
    for (auto adapter = adapters; adapter; adapter = adapter->Next)
        if (!with_routes || is_usable(*adapter))
            add_addresses(*adapter, table);
    if (!with_routes)
        return table;

    MIB_IPFORWARD_TABLE2* rows = nullptr;
    const DWORD status = ::GetIpForwardTable2(AF_INET, &rows);
    if (status != NO_ERROR && status != ERROR_NOT_FOUND) { // not found: a host without routes
        error = windows_error(status);
        return {};
    }
    const std::unique_ptr<MIB_IPFORWARD_TABLE2, decltype(&::FreeMibTable)> owner(rows,
                                                                                 &::FreeMibTable);
    for (ULONG index = 0; rows && index < rows->NumEntries; ++index)
        add_route(rows->Table[index], adapters, table);
    return table;
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // defined(_WIN32)

#endif // NATPMP_DETAIL_PLATFORM_IP_HELPER_HPP
