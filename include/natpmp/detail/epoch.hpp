// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// When a datagram arrived, and whether the gateway lost its state, by its seconds since the start
/// of the epoch.

#ifndef NATPMP_DETAIL_EPOCH_HPP
#define NATPMP_DETAIL_EPOCH_HPP

#include <natpmp/detail/time.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// When a datagram arrived: after its socket was last found empty, and before it was read. A loop
/// that stands still lets datagrams lie, so the time of reading alone says little.
struct arrival_span
{
    time_point earliest = long_ago;
    time_point latest = long_ago;
};

/// What a value of the gateway's clock says about the gateway's state.
enum class epoch_sign : std::uint8_t
{
    kept,          ///< it may be the old state
    perhaps_lost,  ///< it is another state if the datagram arrived late in its span
    certainly_lost ///< it is another state, whenever the datagram arrived
};

/// The rule of RFC 6886, section 3.6 (E-2): the value must be at least the last one, plus 7/8 of
/// the time since, less 2 seconds.
class epoch_tracker
{
public:
    /// Takes the value of a packet and says what follows from it; from a gateway's first packet,
    /// nothing (E-4). The value becomes the new baseline (E-3), unless it leaves doubt: then the
    /// next one, which an answer read in time has, is held against the old baseline.
    epoch_sign update(std::uint32_t value, const arrival_span& arrived) noexcept
    {
        const duration received = std::chrono::seconds{value};
        const auto lost_at = [&](time_point arrival) {
            const duration passed = std::max(duration{0}, arrival - at_);
            return value_ && received < duration{*value_} + passed * 7 / 8 - duration{2s};
        };
        const bool certain = lost_at(arrived.earliest);
        if (!certain && lost_at(arrived.latest))
            return epoch_sign::perhaps_lost;
        value_ = std::chrono::seconds{value};
        at_ = arrived.latest;
        return certain ? epoch_sign::certainly_lost : epoch_sign::kept;
    }

    /// Forgets the baseline: another gateway.
    void forget() noexcept
    {
        value_.reset();
    }

private:
    std::optional<std::chrono::seconds> value_;
    time_point at_{}; ///< when the value was read: not before it arrived
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_EPOCH_HPP
