// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What the application asks for and waits for. Operations wait; mappings act.

#ifndef NATPMP_DETAIL_CORE_OPERATION_HPP
#define NATPMP_DETAIL_CORE_OPERATION_HPP

#include <natpmp/detail/core/time.hpp>
#include <natpmp/error.hpp>
#include <natpmp/event.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <list>
#include <map>
#include <tuple>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail {

/// What identifies a mapping of this host.
struct mapping_key
{
    natpmp::protocol protocol = natpmp::protocol::udp;
    std::uint16_t internal_port = 0;

    /// Whether it stands for a port that the gateway assigns (map_request::gateway_assigns_port).
    [[nodiscard]] bool assigned() const noexcept
    {
        return internal_port == 0;
    }

    friend bool operator==(const mapping_key&, const mapping_key&) = default;

    /// TCP before UDP, as in a mapping_pair; then by port.
    friend auto operator<=>(const mapping_key& left, const mapping_key& right) noexcept
    {
        return std::pair(right.protocol, left.internal_port) <=>
               std::pair(left.protocol, right.internal_port);
    }
};

enum class operation_kind : std::uint8_t
{
    map,
    map_pair,
    unmap,
    address,
    wait_event,
    shutdown
};

/// What the application asks for.
struct operation_request
{
    operation_kind kind;
    map_request request{};
    duration limit{0}; ///< of a shutdown; not negative
};

/// An operation under way. Its owner keeps it alive until it is done or withdrawn. What is not said
/// to be the owner's is the engine's.
struct operation : operation_request
{
    explicit operation(operation_kind what) noexcept : operation_request{.kind = what}
    {}

    explicit operation(const operation_request& what) noexcept : operation_request(what)
    {}
    operation(const operation&) = delete;
    operation& operator=(const operation&) = delete;

    /// The order of initiation among all operations of a client, in which they get their requests,
    /// and by which a cancellation finds one; from 1. The owner's.
    std::uint64_t number = 0;

    /// Of a pair, the mapping that it waits for: 0 TCP, 1 UDP. Counted up by engine::progress(),
    /// set to 0 again by engine::change_gateway().
    std::uint8_t part = 0;

    /// All its mappings are up, and only the external address is awaited. Set by
    /// engine::progress(), cleared by engine::change_gateway().
    bool granted = false;

    /// An attempt failed and it keeps trying, so that others go first. Set by engine::fail() and
    /// map_failed(), cleared by progress().
    bool background = false;

    /// The request in flight was begun for it. Set where a request begins, cleared where it ends.
    bool asked = false;

    /// A datagram of such a request went out: total cancellation then waits for the outcome. Set by
    /// engine::transmit().
    bool sent = false;

    /// Its request gave way to an overdue renewal, as it does once. Set by yield_to_urgent().
    bool let_renewal_pass = false;

    bool started = false;                    ///< it is in the engine's list of pending operations
    std::list<operation*>::iterator place{}; ///< in that list
    std::multimap<time_point, operation*>::iterator deadline{}; ///< or the end: it has none

    // The outcome. Set by engine::finish() and what calls it.
    error_code error{};
    std::array<mapping, 2> mappings{}; ///< of a pair: TCP, UDP
    net::ip::address address{};
    natpmp::event happened{};

    /// What it hands over beside the error, by its type.
    template <class Value>
    [[nodiscard]] Value value() const
    {
        const mapping_pair pair{.tcp = mappings[0], .udp = mappings[1]};
        return std::get<const Value&>(std::tie(mappings[0], pair, address, happened));
    }

    [[nodiscard]] bool maps() const noexcept
    {
        return kind == operation_kind::map || kind == operation_kind::map_pair;
    }

    [[nodiscard]] std::uint8_t parts() const noexcept
    {
        return kind == operation_kind::map_pair ? 2 : 1;
    }

    [[nodiscard]] mapping_key key(std::uint8_t which) const noexcept
    {
        constexpr protocol pair[] = {protocol::tcp, protocol::udp};
        return {kind == operation_kind::map_pair ? pair[which] : request.protocol,
                request.internal_port.value()};
    }

    [[nodiscard]] mapping_key key() const noexcept
    {
        return key(part);
    }

    /// Whether it maps this key, or will.
    [[nodiscard]] bool maps(mapping_key what) const noexcept
    {
        return maps() && (key(0) == what || (parts() == 2 && key(1) == what));
    }

    /// Whether it waits for a map request for this key, rather than for the other mapping of a pair
    /// or for the external address.
    [[nodiscard]] bool awaits(mapping_key what) const noexcept
    {
        return maps() && !granted && key() == what;
    }

    [[nodiscard]] bool awaits_address() const noexcept
    {
        return kind == operation_kind::address || granted;
    }

    /// Whether a gateway has to be found for it now.
    [[nodiscard]] bool needs_gateway() const noexcept
    {
        return kind < operation_kind::wait_event && !background;
    }
};

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

#endif // NATPMP_DETAIL_CORE_OPERATION_HPP
