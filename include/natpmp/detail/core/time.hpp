// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The time that is passed into the core: a point on the platform's clock.

#ifndef NATPMP_DETAIL_CORE_TIME_HPP
#define NATPMP_DETAIL_CORE_TIME_HPP

#include <natpmp/version.hpp>

#include <chrono>
#include <cstdint>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {

/// The type of a platform's clock. It has no now(): only a Platform tells the time.
struct platform_clock
{
    using rep = std::int64_t;
    using period = std::micro;
    using duration = std::chrono::duration<rep, period>;
    using time_point = std::chrono::time_point<platform_clock>;
    static constexpr bool is_steady = true;
};

/// A time on the platform's clock, which never steps and goes on while the machine sleeps.
using time_point = platform_clock::time_point;

namespace detail {

using namespace std::chrono_literals;
using duration = platform_clock::duration;

/// Later than everything: "no deadline".
constexpr time_point never = time_point::max();

/// Earlier than everything, yet near enough to be subtracted: "not yet".
constexpr time_point long_ago{time_point::min().time_since_epoch() / 2};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CORE_TIME_HPP
