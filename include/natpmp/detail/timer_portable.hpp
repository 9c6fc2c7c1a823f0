// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// A timer for every platform: Asio's own, on the clock that counts sleep.

#ifndef NATPMP_DETAIL_TIMER_PORTABLE_HPP
#define NATPMP_DETAIL_TIMER_PORTABLE_HPP

#include <natpmp/detail/asio_io.hpp>
#include <natpmp/detail/boot_clock.hpp>
#include <natpmp/detail/core/time.hpp>

#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// boot_time_now() as a clock in the form that Asio takes.
struct boot_clock : platform_clock
{
    [[nodiscard]] static time_point now() noexcept
    {
        return boot_time_now();
    }
};

/// Asio's timer on the boot-time clock. What the system waits by may stand still while the machine
/// sleeps; but Asio reads the clock again at least every five minutes, and at any other event. So
/// a wait that ended in sleep is late by five minutes at most.
template <class Executor>
class portable_timer
{
public:
    explicit portable_timer(const Executor& executor) : timer_(executor)
    {}

    /// Makes the timer usable, if it is not yet.
    error_code open()
    {
        return {};
    }

    /// Sets when a later wait ends; `never` stops it. A pending wait ends at once, by an error.
    void expires_at(time_point at)
    {
        timer_.expires_at(at);
    }

    /// Waits until the set time; completes with (error_code).
    template <class Handler>
    void async_wait(Handler handler)
    {
        timer_.async_wait(std::move(handler));
    }

    /// Takes note that the time came: nothing to do here.
    void acknowledge()
    {}

    void close()
    {
        timer_.cancel();
    }

private:
    net::basic_waitable_timer<boot_clock, net::wait_traits<boot_clock>, Executor> timer_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_TIMER_PORTABLE_HPP
