// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The client's one timer, and the loop that waits for it.

#ifndef NATPMP_DETAIL_ALARM_HPP
#define NATPMP_DETAIL_ALARM_HPP

#include <natpmp/detail/handler_memory.hpp>
#include <natpmp/platform.hpp>

#include <memory>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Calls the owner's `woken()` at the time that is set. Handlers hold the owner.
template <class Platform>
class alarm
{
public:
    explicit alarm(const Platform& world)
        : timer_(world.template make<typename Platform::timer_type>())
    {}

    /// Opens the timer and waits for it, if that is not so.
    template <class Owner>
    error_code start(const std::shared_ptr<Owner>& owner)
    {
        if (!open_)
            if (const error_code error = timer_.open())
                return error;
        open_ = true;
        if (!waiting_)
            wait(owner);
        waiting_ = true;
        return {};
    }

    /// Sets the time. Without a timer, the next thing that happens looks at the time. If it may be
    /// early, a time that is set and comes before is left; that saves a call of the system for each
    /// of many requests in a row.
    template <class Owner>
    void set(const std::shared_ptr<Owner>& owner, time_point at, bool may_be_early)
    {
        const bool is_early = set_to_ != long_ago && set_to_ < at;
        if (at != set_to_ && !(may_be_early && is_early) && !start(owner))
            set_running(at);
    }

    /// Sets the time of a timer that runs.
    void set_running(time_point at)
    {
        if (!open_ || !waiting_)
            return;
        set_to_ = at;
        timer_.expires_at(at);
    }

    /// Closes the timer.
    void stop()
    {
        if (std::exchange(open_, false))
            timer_.close();
        set_to_ = long_ago;
    }

private:
    template <class Owner>
    void wait(const std::shared_ptr<Owner>& owner)
    {
        auto handler = [this, owner](error_code error) {
            set_to_ = long_ago;
            do_both(
                [&] {
                    if (!open_)
                        return;
                    if (!error)
                        timer_.acknowledge();
                    owner->woken();
                },
                [&] {
                    waiting_ = open_;
                    if (waiting_)
                        wait(owner);
                });
        };
        timer_.async_wait(loop_handler(memory_, std::move(handler)));
    }

    typename Platform::timer_type timer_;
    handler_memory memory_;
    time_point set_to_ = long_ago;
    bool open_ = false, waiting_ = false;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ALARM_HPP
