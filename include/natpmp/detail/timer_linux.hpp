// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// A timer on Linux that goes on while the machine sleeps.

#ifndef NATPMP_DETAIL_TIMER_LINUX_HPP
#define NATPMP_DETAIL_TIMER_LINUX_HPP

#if defined(__linux__)

#include <natpmp/detail/asio_io.hpp>
#include <natpmp/detail/descriptor.hpp>
#include <natpmp/detail/core/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// A timer on the boot-time clock. Asio's own timers stand still while the machine sleeps.
template <class Executor>
class boot_timer
{
public:
    explicit boot_timer(const Executor& executor) : descriptor_(executor)
    {}

    /// Makes the timer usable, if it is not yet.
    error_code open()
    {
        error_code error;
        if (descriptor_.is_open())
            return error;
        const int created = ::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
        descriptor_guard guard(created); // assigning may throw
        if (created < 0)
            return last_system_error();
        descriptor_.assign(created, error);
        if (!error)
            static_cast<void>(guard.release());
        return error;
    }

    /// Sets when a pending or later wait ends; `never` stops it.
    void expires_at(time_point at)
    {
        itimerspec value{};
        if (at != never) {
            const duration since = std::max(at.time_since_epoch(), duration{1});
            const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
            value.it_value.tv_sec = static_cast<time_t>(seconds.count());
            value.it_value.tv_nsec =
                static_cast<long>(std::chrono::nanoseconds{since - seconds}.count());
        }
        ::timerfd_settime(descriptor_.native_handle(), TFD_TIMER_ABSTIME, &value, nullptr);
    }

    /// Waits until the set time; completes with (error_code).
    template <class Handler>
    void async_wait(Handler handler)
    {
        descriptor_.async_wait(net::posix::stream_descriptor::wait_read, std::move(handler));
    }

    /// Takes note that the time came; without it the next wait would end at once.
    void acknowledge()
    {
        std::uint64_t expirations = 0;
        if (::read(descriptor_.native_handle(), &expirations, sizeof expirations) < 0)
            return; // set to another time meanwhile
    }

    void close()
    {
        error_code ignored;
        descriptor_.close(ignored);
    }

private:
    net::posix::basic_stream_descriptor<Executor> descriptor_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // __linux__

#endif // NATPMP_DETAIL_TIMER_LINUX_HPP
