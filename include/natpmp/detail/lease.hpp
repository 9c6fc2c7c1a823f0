// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// When a granted lifetime ends, and when to renew it.

#ifndef NATPMP_DETAIL_LEASE_HPP
#define NATPMP_DETAIL_LEASE_HPP

#include <natpmp/detail/backoff.hpp>

#include <algorithm>
#include <cstdint>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Requests for one mapping start at least this far apart, whatever lifetime the gateway grants.
constexpr duration least_request_gap = 1s;

/// Renewals of one mapping that fail start at least this far apart (N-3).
constexpr duration least_renewal_gap = 2s;

/// A timer that fires this much after its time is late: the loop stood still, or the host did.
constexpr duration late_turn = 100ms;

/// The time to count on: what was granted, but not absurdly more than was asked (M-11).
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

/// At half of what is left, again and again (N-3). Of the attempts that were planned from `due` on,
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

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_LEASE_HPP
