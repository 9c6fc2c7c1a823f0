// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The time since the machine started, on each platform.

#ifndef NATPMP_DETAIL_BOOT_CLOCK_HPP
#define NATPMP_DETAIL_BOOT_CLOCK_HPP

#include <natpmp/detail/asio.hpp> // on Windows, the system's header too
#include <natpmp/detail/core/time.hpp>

#include <chrono>

#if !defined(_WIN32)
#include <time.h>
#endif

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// The time since the machine started, the time that it slept included. Where the system has no
/// such clock (NetBSD, DragonFly BSD) it may stand still in sleep; it never steps.
[[nodiscard]] inline time_point boot_time_now() noexcept
{
#if defined(_WIN32)
    return time_point{std::chrono::milliseconds{::GetTickCount64()}};
#elif defined(__APPLE__)
    // What mach_continuous_time() counts, in nanoseconds. CLOCK_MONOTONIC follows adjustments.
    return time_point{std::chrono::floor<duration>(std::chrono::nanoseconds{
        static_cast<std::int64_t>(::clock_gettime_nsec_np(CLOCK_MONOTONIC_RAW))})};
#else
#if defined(CLOCK_BOOTTIME)
    constexpr clockid_t clock = CLOCK_BOOTTIME;
#else
    constexpr clockid_t clock = CLOCK_MONOTONIC;
#endif
    timespec value{};
    ::clock_gettime(clock, &value);
    return time_point{std::chrono::seconds{value.tv_sec} +
                      std::chrono::floor<duration>(std::chrono::nanoseconds{value.tv_nsec})};
#endif
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_BOOT_CLOCK_HPP
