// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What a simulated network is made of: gateways, the condition of its links, and datagrams.

#ifndef NATPMP_TESTING_SIMULATED_TRAFFIC_HPP
#define NATPMP_TESTING_SIMULATED_TRAFFIC_HPP

#include <natpmp/testing/gateway_model.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

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

/// What happens to each datagram on its way, in either direction, and what the host's system does.
struct simulated_conditions
{
    /// The chance to be lost, 0..1.
    double loss = 0;

    /// The chance to arrive twice, 0..1.
    double duplicates = 0;

    /// The least time that it takes.
    platform_clock::duration least_delay = std::chrono::milliseconds{1};

    /// The most time that it takes.
    platform_clock::duration most_delay = std::chrono::milliseconds{1};

    /// The least time by which each of the host's timers fires late.
    platform_clock::duration least_lateness{0};

    /// The most time by which each of them does.
    platform_clock::duration most_lateness{0};

    /// How often the host's clock moves on, such as 15.625 ms; zero: always. A timer fires when the
    /// clock shows its time.
    platform_clock::duration clock_tick{0};

    /// How long a lookup of the gateway blocks the host. Datagrams that arrive meanwhile wait.
    platform_clock::duration lookup_time{0};

    /// The chance that the host's system refuses to send a datagram, 0..1, as a firewall does.
    double send_refusals = 0;
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
        answered,
        /// The host's system refuses to send a request.
        refused
    };

    /// The host's address.
    net::ip::address_v4 host;
    /// The gateway's address.
    net::ip::address_v4 gateway;
    /// Where it is seen.
    place at = place::sent;
    /// Whether the network made this copy of it.
    bool duplicate = false;
    /// Its bytes, none for ICMP port unreachable; valid during the call.
    std::span<const std::uint8_t> bytes;
};

/// What clients made and may have destroyed since; each is in here once.
template <class Type>
class simulated_list
{
public:
    /// Takes one in, and forgets those that are gone.
    void add(const std::shared_ptr<Type>& made)
    {
        std::erase_if(all_, [&](const auto& each) {
            const auto alive = each.lock();
            return !alive || alive == made;
        });
        all_.push_back(made);
    }

    /// Those that are still there.
    [[nodiscard]] std::vector<std::shared_ptr<Type>> alive() const
    {
        std::vector<std::shared_ptr<Type>> result;
        for (const auto& each : all_)
            if (auto found = each.lock())
                result.push_back(std::move(found));
        return result;
    }

private:
    std::vector<std::weak_ptr<Type>> all_;
};

/// Who waits for the host to change.
class simulated_watchers
{
public:
    /// What is called once, at a change or with operation_aborted.
    using handler_type = std::function<void(error_code)>;

    /// Takes in one that waits; an empty function waits no longer.
    void add(const std::shared_ptr<handler_type>& waiting)
    {
        list_.add(waiting);
    }

    /// Everybody who waits; each waits no longer.
    [[nodiscard]] std::vector<handler_type> take()
    {
        std::vector<handler_type> result;
        for (const auto& each : list_.alive())
            if (auto handler = std::exchange(*each, nullptr))
                result.push_back(std::move(handler));
        return result;
    }

private:
    simulated_list<handler_type> list_;
};

} // namespace testing
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_TESTING_SIMULATED_TRAFFIC_HPP
