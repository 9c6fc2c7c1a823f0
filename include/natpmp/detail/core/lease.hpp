// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// When a granted lifetime ends and is renewed (RFC 6886, section 3.3), when a datagram arrived,
/// and whether the gateway lost its state (section 3.6).

#ifndef NATPMP_DETAIL_CORE_LEASE_HPP
#define NATPMP_DETAIL_CORE_LEASE_HPP

#include <natpmp/detail/core/retransmission.hpp>
#include <natpmp/detail/core/time.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail {

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

/// The rule of RFC 6886, section 3.6: the value must be at least the last one, plus 7/8 of
/// the time since, less 2 seconds.
class epoch_tracker
{
public:
    /// Takes the value of a packet and says what follows from it; from a gateway's first packet,
    /// nothing. The value becomes the new baseline, unless it leaves doubt: then the
    /// next one, which an answer read in time has, is held against the old baseline.
    epoch_sign update(std::uint32_t value, const arrival_span& arrived) noexcept
    {
        const duration received = std::chrono::seconds{value};
        const auto lost_at = [&](time_point arrival) {
            const duration passed = std::max(duration{0}, arrival - at_);
            return value_ && received < duration{*value_} + passed * 7 / 8 - duration{2s};
        };
        // The earlier it arrived, the less time has passed on the gateway's clock: a loss at the
        // earliest time is one at every time.
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
    std::optional<std::chrono::seconds> value_; ///< none before the first packet
    time_point at_{};                           ///< when the value was read: not before it arrived
};

/// Requests for one mapping start at least this far apart, whatever lifetime the gateway grants.
constexpr duration least_request_gap = 1s;

/// Renewals of one mapping that fail start at least this far apart.
constexpr duration least_renewal_gap = 2s;

/// A timer that fires this much after its time is late: the loop stood still, or the host did.
constexpr duration late_turn = 100ms;

/// The time to count on: what was granted, but not absurdly more than was asked.
inline duration counted_lifetime(std::uint32_t granted, std::uint32_t asked) noexcept
{
    return std::chrono::seconds{std::min(granted, std::max(asked, std::uint32_t{24 * 60 * 60}))};
}

/// One attempt to renew: from when to when it is planned, and when the next one is if it fails.
struct renewal_attempt
{
    time_point begin;
    time_point end;
    time_point next; ///< never: no more before the lifetime ends
};

/// At half of what is left, again and again. Of the attempts that were planned from `due` on,
/// this is the last one that should have begun by now; those that were missed before it count as
/// this one. All follow from the plan, so that a late timer does not shift them.
inline renewal_attempt plan_renewal(time_point due, time_point now, time_point expiry) noexcept
{
    for (time_point begin = due;;) {
        const duration half = std::max(duration{0}, expiry - begin) / 2;
        const time_point next = begin + std::max(half, least_renewal_gap);
        if (next >= expiry || next > now)
            return {.begin = begin,
                    .end = begin + std::max(half, first_wait),
                    .next = next < expiry ? next : never};
        begin = next;
    }
}

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

#endif // NATPMP_DETAIL_CORE_LEASE_HPP
