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

/// The time to count on: what was granted, but not absurdly more than was asked (M-11).
inline duration counted_lifetime(std::uint32_t granted, std::uint32_t asked) noexcept
{
    return std::chrono::seconds{std::min(granted, std::max(asked, std::uint32_t{24 * 60 * 60}))};
}

/// One attempt to renew: how long to try, and when to try again if that fails.
struct renewal_attempt
{
    time_point end;
    time_point next; ///< never: no more before the lifetime ends
};

/// At half of what is left, again and again (N-3).
inline renewal_attempt plan_renewal(time_point now, time_point expiry) noexcept
{
    const duration half = std::max(duration{0}, expiry - now) / 2;
    const time_point next = now + std::max(half, least_renewal_gap);
    return {.end = now + std::max(half, first_wait), .next = next < expiry ? next : never};
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_LEASE_HPP
