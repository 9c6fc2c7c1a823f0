// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Linux: the default gateway, and the notices of its changes from the kernel's routing socket.

#ifndef NATPMP_DETAIL_GATEWAY_LINUX_HPP
#define NATPMP_DETAIL_GATEWAY_LINUX_HPP

#include <natpmp/detail/gateway_proc.hpp>
#include <natpmp/detail/netlink.hpp>

#if defined(__linux__)

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <sys/time.h>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Receives one datagram. Returns its whole size, which may be more than the buffer holds; 0 for
/// one that is not from the kernel; -1 and errno on failure.
[[nodiscard]] inline ssize_t receive_from_kernel(int descriptor, std::span<std::byte> buffer,
                                                 int flags) noexcept
{
    sockaddr_nl sender{};
    socklen_t sender_size = sizeof sender;
    const ssize_t size = ::recvfrom(descriptor, buffer.data(), buffer.size(), flags | MSG_TRUNC,
                                    reinterpret_cast<sockaddr*>(&sender), &sender_size);
    return size > 0 && sender.nl_pid != 0 ? 0 : size;
}

/// Asks for all routes (RTM_GETROUTE), all addresses (RTM_GETADDR) or all rules (RTM_GETRULE) and
/// adds the answer to `table`. Returns whether the dump was interrupted by a change, so that it may
/// have gaps.
NATPMP_COLD inline bool dump_table(int descriptor, std::uint16_t request_type,
                                   std::uint32_t sequence, route_table& table, error_code& error)
{
    struct
    {
        nlmsghdr header;
        rtgenmsg body;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = request_type;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.header.nlmsg_seq = sequence;
    request.body.rtgen_family = AF_INET;
    while (::send(descriptor, &request, sizeof request, MSG_NOSIGNAL) < 0) {
        error = last_system_error();
        if (error != net::error::interrupted)
            return false;
    }

    dump_reader reader(table, sequence);
    std::vector<std::byte> buffer(32768); // the kernel fills no more than that with small messages
    constexpr int most_receives = 100'000;
    for (int count = 0; count < most_receives; ++count) {
        const ssize_t size = receive_from_kernel(descriptor, buffer, 0);
        if (size < 0) {
            error = last_system_error();
            if (error == net::error::interrupted)
                continue;
            if (error == net::error::would_block || error == net::error::try_again)
                error = net::error::timed_out;
            return false;
        }
        const auto length = static_cast<std::size_t>(size);
        if (length > buffer.size()) {
            error = net::error::message_size;
            return false;
        }
        if (!reader.read(raw_bytes(buffer).first(length), error))
            return reader.interrupted();
    }
    error = net::error::timed_out;
    return false;
}

/// Reads the addresses and, if wanted, the routes, again if they change meanwhile; with the routes
/// also the rules. Errors: what the system says of addresses and routes; of rules only that it is
/// out of memory, since a kernel may have none, and a sandbox may not tell them.
[[nodiscard]] inline route_table read_route_table(int descriptor, error_code& error,
                                                  bool with_routes = true)
{
    // Where routes change all the time, the last attempt has to do, gaps or not.
    constexpr std::uint32_t attempts = 5;
    route_table table;
    bool interrupted = true;
    for (std::uint32_t attempt = 0; interrupted && attempt < attempts; ++attempt) {
        const std::uint32_t sequence = 2 * attempt + 1;
        table = {};
        interrupted = with_routes && dump_table(descriptor, RTM_GETROUTE, sequence, table, error);
        if (!error)
            interrupted |= dump_table(descriptor, RTM_GETADDR, sequence + 1, table, error);
        if (error)
            return {};
    }
    if (!with_routes)
        return table;
    error_code untold;
    dump_table(descriptor, RTM_GETRULE, 2 * attempts + 1, table, untold);
    if (is_shortage(untold)) {
        error = untold;
        return {};
    }
    keep_used_tables(table, !untold);
    return table;
}

/// Asks netlink for the addresses and, if wanted, the routes. Errors: what the system says.
[[nodiscard]] NATPMP_COLD inline route_table read_netlink_table(error_code& error,
                                                                bool with_routes = true)
{
    const int descriptor = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    const descriptor_guard guard(descriptor);
    // The kernel answers at once; this is for sandboxes that only pretend to be one.
    const timeval limit{1, 0};
    if (descriptor < 0 ||
        ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0) {
        error = last_system_error();
        return {};
    }
    return read_route_table(descriptor, error, with_routes);
}

/// Finds the gateway of the best default route; a specified local address admits only the routes
/// of the interface that has it. Errors: errc::no_gateway, errc::routes_unreadable, the system's if
/// it is out of file descriptors or memory.
[[nodiscard]] inline gateway find_default_gateway(const net::ip::address& local_address,
                                                  error_code& error)
{
    route_table table = read_netlink_table(error);
    if (error && !is_shortage(error))
        table = read_proc_table(proc_route_file, error);
    return error ? gateway{} : choose_gateway(table, local_address, error);
}

/// Finds the index of the interface that has a local address; 0 if none has it, or netlink does not
/// tell. The only error is the system's if it is out of file descriptors or memory.
[[nodiscard]] NATPMP_COLD inline std::uint32_t find_interface(const net::ip::address& local_address,
                                                              error_code& error)
{
    error.clear();
    const route_table table = read_netlink_table(error, false);
    if (!is_shortage(error))
        error.clear();
    return interface_with(table, local_address);
}

/// Opens a non-blocking socket that becomes readable when IPv4 routes, rules, addresses or
/// interfaces change. The caller closes it. Returns -1 on failure.
[[nodiscard]] inline int open_change_notices(error_code& error) noexcept
{
    error.clear();
    const int descriptor =
        ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    descriptor_guard guard(descriptor);
    sockaddr_nl local{};
    local.nl_family = AF_NETLINK;
    local.nl_groups = RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE | RTMGRP_IPV4_IFADDR | RTMGRP_LINK;
    if (descriptor < 0 ||
        ::bind(descriptor, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
        error = last_system_error();
        return -1;
    }
    return guard.release();
}

/// Reads the change notices that are there, without blocking. Returns whether the default gateway
/// or a local address may have changed; true too if notices were lost.
[[nodiscard]] inline bool drain_change_notices(int descriptor) noexcept
{
    const auto receive = [=](std::span<std::byte> buffer) {
        return receive_from_kernel(descriptor, buffer, MSG_DONTWAIT);
    };
    return drain_notices(receive, concerns_gateway);
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // defined(__linux__)

#endif // NATPMP_DETAIL_GATEWAY_LINUX_HPP
