// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Windows: the default gateway and the notices of its changes, from the IP Helper API.

#ifndef NATPMP_DETAIL_GATEWAY_WINDOWS_HPP
#define NATPMP_DETAIL_GATEWAY_WINDOWS_HPP

#include <natpmp/detail/route.hpp>

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

/// Adds an adapter's IPv4 addresses, but for those that are not, or no longer, its own.
inline void add_addresses(const IP_ADAPTER_ADDRESSES& adapter, route_table& table)
{
    for (auto entry = adapter.FirstUnicastAddress; entry; entry = entry->Next) {
        const SOCKET_ADDRESS& socket_address = entry->Address;
        if (!socket_address.lpSockaddr || socket_address.lpSockaddr->sa_family != AF_INET ||
            (entry->DadState != IpDadStatePreferred && entry->DadState != IpDadStateDeprecated))
            continue;
        const auto address =
            to_address(reinterpret_cast<const sockaddr_in*>(socket_address.lpSockaddr)->sin_addr);
        table.addresses.push_back({.interface_index = adapter.IfIndex,
                                   .address = address,
                                   .network = address,
                                   .prefix_length = entry->OnLinkPrefixLength});
    }
}

/// Adds a row of the forwarding table if it is a default route through an IPv4 gateway and over a
/// usable adapter of the list. The metric that counts is the route's and the interface's together.
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
    constexpr std::uint64_t highest = std::numeric_limits<std::uint32_t>::max();
    default_route route;
    route.gateway = to_address(row.NextHop.Ipv4.sin_addr);
    route.interface_index = row.InterfaceIndex;
    route.metric = static_cast<std::uint32_t>(
        std::min(highest, std::uint64_t{row.Metric} + adapters->Ipv4Metric));
    table.routes.push_back(route);
}

/// Reads the adapters. The buffer holds the list that it begins with.
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
    if (status == ERROR_NO_DATA) // a host without any
        return {};
    if (status != NO_ERROR)
        error = windows_error(status);
    return buffer;
}

/// Finds the gateway of the best default route; a specified local address admits only the routes
/// of the interface that has it. Errors: errc::no_gateway, or what the system says.
[[nodiscard]] inline gateway find_default_gateway(const net::ip::address& local_address,
                                                  error_code& error)
{
    error.clear();
    const auto buffer = read_adapters(error);
    if (error)
        return {};
    const auto* adapters =
        buffer.empty() ? nullptr : reinterpret_cast<const IP_ADAPTER_ADDRESSES*>(buffer.data());

    MIB_IPFORWARD_TABLE2* rows = nullptr;
    const DWORD status = ::GetIpForwardTable2(AF_INET, &rows);
    if (status != NO_ERROR && status != ERROR_NOT_FOUND) { // not found: a host without routes
        error = windows_error(status);
        return {};
    }
    const std::unique_ptr<MIB_IPFORWARD_TABLE2, decltype(&::FreeMibTable)> owner(rows,
                                                                                 &::FreeMibTable);
    route_table table;
    for (ULONG index = 0; rows && index < rows->NumEntries; ++index)
        add_route(rows->Table[index], adapters, table);
    for (; adapters; adapters = adapters->Next)
        if (is_usable(*adapters))
            add_addresses(*adapters, table);
    return choose_gateway(table, local_address, error);
}

/// Finds the index of the interface that has a local address; 0 if none has it, or the system does
/// not tell. The only error is the system's if it is out of memory.
[[nodiscard]] inline std::uint32_t find_interface(const net::ip::address& local_address,
                                                  error_code& error)
{
    error.clear();
    const auto buffer = read_adapters(error);
    route_table table;
    if (!error && !buffer.empty())
        for (auto adapter = reinterpret_cast<const IP_ADAPTER_ADDRESSES*>(buffer.data()); adapter;
             adapter = adapter->Next)
            add_addresses(*adapter, table);
    if (!is_shortage(error))
        error.clear();
    return interface_with(table, local_address);
}

/// Asks the system to set an event when IPv4 routes or addresses change.
class change_subscription
{
public:
    change_subscription() = default;
    change_subscription(const change_subscription&) = delete;
    change_subscription& operator=(const change_subscription&) = delete;

    ~change_subscription()
    {
        close();
    }

    /// Begins; the event must outlive the subscription.
    error_code open(HANDLE event)
    {
        DWORD status = ::NotifyRouteChange2(AF_INET, &route_changed, event, FALSE, &routes_);
        if (status == NO_ERROR)
            status = ::NotifyUnicastIpAddressChange(AF_INET, &address_changed, event, FALSE,
                                                    &addresses_);
        if (status == NO_ERROR)
            return {};
        close();
        return windows_error(status);
    }

    /// Ends, after a callback that is under way.
    void close() noexcept
    {
        for (HANDLE* subscription : {&routes_, &addresses_}) {
            if (*subscription)
                ::CancelMibChangeNotify2(*subscription);
            *subscription = nullptr;
        }
    }

private:
    // On a thread of the system's.
    static void WINAPI route_changed(void* event, MIB_IPFORWARD_ROW2*, MIB_NOTIFICATION_TYPE)
    {
        ::SetEvent(event);
    }

    static void WINAPI address_changed(void* event, MIB_UNICASTIPADDRESS_ROW*,
                                       MIB_NOTIFICATION_TYPE)
    {
        ::SetEvent(event);
    }

    HANDLE routes_ = nullptr, addresses_ = nullptr;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // defined(_WIN32)

#endif // NATPMP_DETAIL_GATEWAY_WINDOWS_HPP
