// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Time where there is no boot-time timer yet: the steady clock, which may stand still in sleep.

#ifndef NATPMP_DETAIL_TIMER_OTHER_HPP
#define NATPMP_DETAIL_TIMER_OTHER_HPP

#if !defined(__linux__)

#include <natpmp/detail/asio.hpp>
#include <natpmp/detail/time.hpp>

#include <chrono>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

inline time_point boot_time_now() noexcept
{
    return time_point{
        std::chrono::floor<duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

/// A timer on the steady clock. Setting it to another time ends a pending wait early.
template <class Executor>
class platform_timer
{
    using clock = std::chrono::steady_clock;

public:
    explicit platform_timer(const Executor& executor) : timer_(executor)
    {}

    error_code open()
    {
        return {};
    }

    void expires_at(time_point at)
    {
        timer_.expires_at(at == never ? clock::time_point::max()
                                      : clock::time_point{at.time_since_epoch()});
    }

    template <class Handler>
    void async_wait(Handler handler)
    {
        timer_.async_wait(std::move(handler));
    }

    void acknowledge()
    {}

    void close()
    {
        timer_.cancel();
    }

private:
    net::basic_waitable_timer<clock, net::wait_traits<clock>, Executor> timer_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // !__linux__

#endif // NATPMP_DETAIL_TIMER_OTHER_HPP
