// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What a simulated network is made of: gateways, the condition of its links, and datagrams.

#ifndef NATPMP_TESTING_SIMULATED_TRAFFIC_HPP
#define NATPMP_TESTING_SIMULATED_TRAFFIC_HPP

#include <natpmp/testing/gateway_model.hpp>

#include <chrono>
#include <cstdint>
#include <span>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace testing {

/// A gateway of a simulated network.
struct simulated_gateway
{
    /// What it answers, its faults, its table and its record of requests.
    gateway_model model;

    /// Whether datagrams get there and back.
    bool reachable = true;

    /// Whether its NAT-PMP service runs; without it the gateway answers by ICMP port unreachable.
    bool serving = true;
};

/// What happens to each datagram on its way, in either direction.
struct simulated_conditions
{
    /// The chance to be lost, and to arrive twice, 0..1.
    double loss = 0, duplicates = 0;

    /// The least and the most time that it takes.
    platform_clock::duration least_delay = std::chrono::milliseconds{1},
                             most_delay = std::chrono::milliseconds{1};
};

/// What an observer of the simulated network sees.
struct simulated_datagram
{
    /// Where it is seen.
    enum class place : std::uint8_t
    {
        /// The host sends a request.
        sent,
        /// A request arrives at the gateway.
        arrived,
        /// An answer arrives at the host.
        answered
    };

    /// The host's address and the gateway's.
    net::ip::address_v4 host, gateway;
    /// Where it is seen.
    place at = place::sent;
    /// Whether the network made this copy of it.
    bool duplicate = false;
    /// Its bytes, none for ICMP port unreachable; valid during the call.
    std::span<const std::uint8_t> bytes;
};

} // namespace testing
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_TESTING_SIMULATED_TRAFFIC_HPP
