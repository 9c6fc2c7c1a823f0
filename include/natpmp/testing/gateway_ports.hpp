// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// gateway_ports: which external port a model gateway gives.

#ifndef NATPMP_TESTING_GATEWAY_PORTS_HPP
#define NATPMP_TESTING_GATEWAY_PORTS_HPP

#include <natpmp/detail/asio.hpp>
#include <natpmp/detail/core/time.hpp>
#include <natpmp/testing/gateway_faults.hpp>
#include <natpmp/testing/gateway_packets.hpp>
#include <natpmp/testing/gateway_table.hpp>
#include <natpmp/types.hpp>

#include <cstdint>
#include <optional>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace testing {

/// Chooses external ports as gateway_settings say, without chance: the high ones count up.
class gateway_ports
{
public:
    /// The high ones begin with this one.
    explicit gateway_ports(std::uint16_t first_high_port) : next_high_port_(first_high_port)
    {}

    /// The external port for a map request; empty if there is none.
    ///
    /// @param settings How it chooses.
    /// @param table What it has granted.
    /// @param source The host that asks.
    /// @param asked The request.
    /// @param known The mapping, if it is there and is to be moved.
    /// @param now The time.
    std::optional<std::uint16_t> choose(const gateway_settings& settings,
                                        const gateway_table& table,
                                        const net::ip::address_v4& source,
                                        const gateway_map_fields& asked,
                                        const std::optional<gateway_entry>& known, time_point now)
    {
        const natpmp::protocol protocol{asked.opcode};
        if (known) // its own port is not available
            return table.next_available(source, protocol, known->external_port, now);
        if (asked.internal_port == 0)
            return assign(settings, table, source, protocol, now);
        if (settings.ports != port_policy::own_choice && asked.external_port != 0)
            return table.next_available(source, protocol, asked.external_port, now);
        if (settings.ports == port_policy::suggested_or_internal)
            return table.next_available(source, protocol, asked.internal_port, now);
        return high_port(settings, table, source, protocol, now);
    }

private:
    /// The port that the host has for the other protocol, or a new one.
    std::optional<std::uint16_t> assign(const gateway_settings& settings,
                                        const gateway_table& table,
                                        const net::ip::address_v4& source,
                                        natpmp::protocol protocol, time_point now)
    {
        const auto other =
            protocol == natpmp::protocol::udp ? natpmp::protocol::tcp : natpmp::protocol::udp;
        if (const auto companion = table.find(source, other, 0, now))
            return table.next_available(source, protocol, companion->external_port, now);
        return high_port(settings, table, source, protocol, now);
    }

    std::optional<std::uint16_t> high_port(const gateway_settings& settings,
                                           const gateway_table& table,
                                           const net::ip::address_v4& source,
                                           natpmp::protocol protocol, time_point now)
    {
        const auto port = table.next_available(source, protocol, next_high_port_, now);
        if (port)
            next_high_port_ =
                *port == 65535 ? settings.first_high_port : static_cast<std::uint16_t>(*port + 1);
        return port;
    }

    std::uint16_t next_high_port_;
};

} // namespace testing
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_TESTING_GATEWAY_PORTS_HPP
