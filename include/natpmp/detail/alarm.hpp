// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The client's one timer, and the loop that waits for it.

#ifndef NATPMP_DETAIL_ALARM_HPP
#define NATPMP_DETAIL_ALARM_HPP

#include <natpmp/detail/loop.hpp>
#include <natpmp/platform.hpp>

#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Calls the owner's `turn()` at the time that is set.
template <class Platform>
class alarm final : private loop
{
public:
    alarm(const Platform& world, loop_owner& owner)
        : loop(owner), timer_(world.template make<typename Platform::timer_type>())
    {}

    /// Opens the timer and waits for it, if that is not so.
    error_code start()
    {
        if (!open_)
            if (const error_code error = timer_.open())
                return error;
        open_ = true;
        if (!active())
            loop::start();
        return {};
    }

    /// Sets the time. Without a timer, the next thing that happens looks at the time. If it may be
    /// early, a time that is set and comes before is left; that saves a call of the system for each
    /// of many requests in a row.
    void set(time_point at, bool may_be_early)
    {
        const bool is_early = set_to_ != long_ago && set_to_ < at;
        if (at != set_to_ && !(may_be_early && is_early) && !start())
            set_running(at);
    }

    /// Sets the time of a timer that runs.
    void set_running(time_point at)
    {
        if (!open_ || !active())
            return;
        revive();
        set_to_ = at;
        timer_.expires_at(at);
    }

    /// Closes the timer.
    void stop()
    {
        loop::stop();
        if (std::exchange(open_, false))
            timer_.close();
        set_to_ = long_ago;
    }

    using loop::active;
    using loop::revive;

private:
    void wait(handler to_call) override
    {
        timer_.async_wait(std::move(to_call));
    }

    bool ready(error_code error, std::size_t) override
    {
        set_to_ = long_ago;
        if (!error)
            timer_.acknowledge();
        owner().turn();
        return true;
    }

    typename Platform::timer_type timer_;
    time_point set_to_ = long_ago;
    bool open_ = false;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ALARM_HPP
