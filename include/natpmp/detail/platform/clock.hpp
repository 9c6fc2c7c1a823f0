// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The clock that counts the machine's sleep, and a timer on it.

#ifndef NATPMP_DETAIL_PLATFORM_CLOCK_HPP
#define NATPMP_DETAIL_PLATFORM_CLOCK_HPP

#include <natpmp/detail/core/time.hpp>
#include <natpmp/detail/platform/system.hpp>

#include <algorithm>
#include <chrono>

// clang-format off
#include NATPMP_ASIO_HEADER(basic_waitable_timer.hpp)
#include NATPMP_ASIO_HEADER(wait_traits.hpp)
#if defined(__linux__)
#include NATPMP_ASIO_HEADER(posix/stream_descriptor.hpp)
#include <sys/timerfd.h>
#endif
// clang-format on

#include <time.h>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// The time since the machine started, the time that it slept included; where the system does not
/// count that (NetBSD, DragonFly BSD) it stands still in sleep. It never steps. platform_clock has
/// no now(), so that the core cannot read it.
struct boot_clock : platform_clock
{
    [[nodiscard]] static time_point now() noexcept
    {
#if defined(_WIN32)
        // In steps of 10 to 16 ms. QueryPerformanceCounter() need not count sleep.
        return time_point{std::chrono::milliseconds(::GetTickCount64())};
#else
#if defined(__APPLE__)
        // What mach_continuous_time() counts. CLOCK_MONOTONIC follows adjustments of the clock.
        constexpr clockid_t source = CLOCK_MONOTONIC_RAW;
#elif defined(CLOCK_BOOTTIME)
        // On Linux CLOCK_MONOTONIC stands still in sleep.
        constexpr clockid_t source = CLOCK_BOOTTIME;
#else
        constexpr clockid_t source = CLOCK_MONOTONIC;
#endif
        timespec value{};
        ::clock_gettime(source, &value);
        return time_point{std::chrono::seconds{value.tv_sec} +
                          std::chrono::floor<duration>(std::chrono::nanoseconds{value.tv_nsec})};
#endif
    }
};

/// Asio's timer on the boot clock. What the system waits by may stand still while the machine
/// sleeps; but Asio reads the clock again at least every five minutes, and at any other event. So
/// a wait that should have ended in sleep ends at most five minutes late. Setting the time ends a
/// pending wait, by an error; `never` stops the timer.
template <class Executor>
class portable_timer
    : public net::basic_waitable_timer<boot_clock, net::wait_traits<boot_clock>, Executor>
{
public:
    using net::basic_waitable_timer<boot_clock, net::wait_traits<boot_clock>,
                                    Executor>::basic_waitable_timer;

    /// Makes the timer usable. Only a timerfd is not yet.
    error_code open()
    {
        return {};
    }

    /// Takes note that the time came. Only a timerfd needs it: it stays readable until it is read,
    /// which would end the next wait at once.
    void acknowledge()
    {}

    /// Ends a pending wait, with operation_aborted.
    void close()
    {
        this->cancel();
    }
};

#if defined(__linux__)

/// The same by a timerfd, which goes on while the machine sleeps: a renewal that falls due
/// meanwhile is sent when it wakes up. Nor does it wake the process every five minutes, as Asio's
/// timer does. A pending wait goes on when the time is set anew.
template <class Executor>
class platform_timer : public readable_descriptor<net::posix::basic_stream_descriptor<Executor>>
{
public:
    using readable_descriptor<net::posix::basic_stream_descriptor<Executor>>::readable_descriptor;

    error_code open()
    {
        return this->assign(::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC));
    }

    void expires_at(time_point at)
    {
        // A time in the past ends the wait at once; 0 stops the timer.
        const std::int64_t since = std::max<std::int64_t>(at.time_since_epoch().count(), 1);
        itimerspec value{};
        if (at != never)
            value.it_value = {static_cast<time_t>(since / 1'000'000),
                              static_cast<long>(since % 1'000'000 * 1000)}; // from microseconds
        ::timerfd_settime(this->native_handle(), TFD_TIMER_ABSTIME, &value, nullptr);
    }

    void acknowledge()
    {
        std::uint64_t count = 0;
        // EAGAIN: the timer was set to another time after the wait had ended.
        [[maybe_unused]] auto size = ::read(this->native_handle(), &count, sizeof count);
    }
};

#else

template <class Executor>
using platform_timer = portable_timer<Executor>;

#endif

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_PLATFORM_CLOCK_HPP
