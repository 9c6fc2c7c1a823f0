// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The one request in flight.

#ifndef NATPMP_DETAIL_FLIGHT_HPP
#define NATPMP_DETAIL_FLIGHT_HPP

#include <natpmp/detail/backoff.hpp>
#include <natpmp/detail/mapping_table.hpp>
#include <natpmp/detail/operation.hpp>
#include <natpmp/detail/wire.hpp>

#include <cstdint>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// How urgent a request is; first come, first served within each.
enum class rank : std::uint8_t
{
    removal,
    overdue, ///< a renewal that has waited for half of what was left of its lease
    operation,
    renewal,
    background,
    nothing
};

enum class request_kind : std::uint8_t
{
    clean_up,
    create,
    remove,
    address
};

/// The one request in flight.
struct flight
{
    request_kind what = request_kind::address;
    detail::rank rank = rank::background;
    operation* owner = nullptr;      ///< null for the engine's own requests
    mapping_record* entry = nullptr; ///< null for an address request
    packet bytes{};
    std::uint32_t lifetime = 0; ///< as asked
    burst transmissions{};
    time_point first_sent{};
    time_point granted_from{};       ///< the last transmission before the answer arrived
    time_point next_attempt = never; ///< of a renewal that fails
    bool was_possible = false;       ///< whether the gateway may have had the mapping before
    bool was_live = false;           ///< whether the mapping was up before
    bool orphaned = false;           ///< its operation is gone; the answer may still matter
    bool preempted = false;          ///< something more urgent waits
    bool doubtful = false;           ///< a delete was answered meanwhile; it may have come last
    bool answered_empty = false;     ///< a success without port and lifetime came, of no delete
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_FLIGHT_HPP
