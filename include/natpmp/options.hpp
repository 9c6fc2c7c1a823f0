// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// client_options: what a client can be told at construction.

#ifndef NATPMP_OPTIONS_HPP
#define NATPMP_OPTIONS_HPP

#include <natpmp/types.hpp>

#include <chrono>
#include <type_traits>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {

/// The settings of a client. The defaults serve a host behind an ordinary home router.
struct client_options
{
    /// The gateway's IPv4 address; unspecified: the host's default gateway, found in the routing
    /// table and followed when it changes. Setting it lifts the private-address check (RFC 6886,
    /// section 3).
    net::ip::address gateway = net::ip::address_v4{};

    /// The gateway's port (RFC 6886, section 3.1: 5351).
    port_number gateway_port = 5351;

    /// The IPv4 address to send from; unspecified: the one that faces the gateway. Set without a
    /// gateway, it picks the default route of the interface that has this address. If no interface
    /// has it, operations fail with errc::no_local_address.
    net::ip::address local_address = net::ip::address_v4{};

    /// Whether to ask for mappings even if the local address is not private (10/8, 172.16/12,
    /// 192.168/16). RFC 6886, section 3, says that NAT-PMP should not be used then.
    bool allow_public_address = false;

    /// An overall deadline for each map, unmap and address operation, counted from its initiation,
    /// in milliseconds, unless map_request::timeout sets another; 0: the RFC's own schedule
    /// decides, 127.75 s a request after 1.75 s for the clean-up. More than a year counts as a
    /// year; a negative one is errc::invalid_timeout.
    std::chrono::milliseconds timeout{0};

    /// Whether to listen for the gateway's announcements (RFC 6886, section 3.2.1).
    bool announcements = true;

    /// The port on which announcements are heard (RFC 6886, section 3.2.1: 5350).
    port_number announcement_port = 5350;
};

static_assert(std::is_trivially_destructible_v<client_options>);

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_OPTIONS_HPP
