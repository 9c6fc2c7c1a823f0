// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The virtual time of a simulated network, what happens in it, and when the host can act.

#ifndef NATPMP_TESTING_SIMULATED_TIME_HPP
#define NATPMP_TESTING_SIMULATED_TIME_HPP

#include <natpmp/detail/asio.hpp>
#include <natpmp/detail/core/time.hpp>
#include <natpmp/types.hpp>

// clang-format off
#include NATPMP_ASIO_HEADER(io_context.hpp)
// clang-format on

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <utility>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace testing {

/// Random numbers from a seed.
class simulated_chance
{
public:
    /// The numbers of a seed.
    explicit simulated_chance(std::uint32_t seed) : random_(seed)
    {}

    /// Any number.
    [[nodiscard]] std::uint32_t number()
    {
        return static_cast<std::uint32_t>(random_());
    }

    /// True with the given chance; without one no number is drawn.
    [[nodiscard]] bool happens(double chance)
    {
        return chance > 0 && static_cast<double>(number()) < chance * 4294967296.0;
    }

    /// A time between two.
    [[nodiscard]] platform_clock::duration between(platform_clock::duration least,
                                                   platform_clock::duration most)
    {
        if (most <= least)
            return least;
        const auto choices = static_cast<std::uint32_t>((most - least).count()) + 1;
        return least + platform_clock::duration{number() % choices};
    }

private:
    std::mt19937 random_;
};

/// Virtual time. What happens on the network happens at its time; the host's handlers run only
/// while the host is awake and its loop does not stand still.
class simulated_time
{
public:
    simulated_time(const simulated_time&) = delete;
    simulated_time& operator=(const simulated_time&) = delete;

    /// The virtual time.
    [[nodiscard]] time_point now() const noexcept
    {
        return now_;
    }

    /// Calls a function at a time, whatever the host does: what happens on the network.
    void at(time_point when, std::function<void()> action)
    {
        add(when, {std::move(action), false});
    }

    /// The same for what the application does: later if the host sleeps then, is stopped, or looks
    /// for its gateway.
    void at_host(time_point when, std::function<void()> action)
    {
        add(when, {std::move(action), true});
    }

    /// Puts the host to sleep: nothing happens on it until then, and what arrives is lost.
    void sleep_until(time_point wake)
    {
        prolong(asleep_until_, wake);
    }

    /// Has the host's loop stand still, as when a handler blocks it or the machine is busy: no
    /// handler runs until then, and what arrives waits in the sockets. What at() and at_host() call
    /// may use the client meanwhile.
    void stand_still_until(time_point end)
    {
        prolong(still_until_, end);
    }

    /// Stops the host's processes: the same, and what at_host() was to call waits as well.
    void stop_until(time_point end)
    {
        prolong(stopped_until_, end);
    }

    /// When the host will be able to run handlers again after sleep, a stop, a loop that stood
    /// still or a lookup of the gateway; a past time if it is.
    [[nodiscard]] time_point free_from() const noexcept
    {
        return std::max(acts_from(), still_until_);
    }

    /// Lets all that is ready happen, without letting time pass.
    void settle()
    {
        context_.restart();
        do
            post_ready();
        while (is_free() && context_.poll_one() > 0);
    }

    /// Lets time pass until something happens, at most until `limit`; false if nothing did.
    bool step(time_point limit = time_point::max())
    {
        settle();
        if (run_next(limit)) {
            settle();
            return true;
        }
        if (limit != time_point::max())
            now_ = std::max(now_, limit);
        return false;
    }

    /// Lets time pass.
    void run_for(platform_clock::duration time)
    {
        const time_point end = now_ + time;
        while (step(end)) {
        }
    }

protected:
    /// @param context Whose handlers are the host's.
    /// @param seed Of what the host's system does.
    simulated_time(net::io_context& context, std::uint32_t seed) : context_(context), system_(seed)
    {}

    ~simulated_time() = default;

    /// What the host's handlers run on.
    [[nodiscard]] net::io_context& context() const noexcept
    {
        return context_;
    }

    /// What the host's system does at random.
    [[nodiscard]] simulated_chance& system() noexcept
    {
        return system_;
    }

    /// Has the host's loop run a handler. Of what gets ready while it cannot, anything may be
    /// first.
    void make_ready(std::function<void()> handler)
    {
        if (is_free())
            net::post(context_, std::move(handler));
        else
            ready_.push_back(std::move(handler));
    }

    /// When the host awakes, or awoke last.
    [[nodiscard]] time_point awake_from() const noexcept
    {
        return asleep_until_;
    }

    /// Whether the host sleeps.
    [[nodiscard]] bool asleep() const noexcept
    {
        return now_ < asleep_until_;
    }

    /// Lets time pass within a handler, which waits for something.
    void block_for(platform_clock::duration time)
    {
        if (time <= platform_clock::duration{0})
            return;
        blocked_ = true;
        blocked_until_ = now_ + time;
        while (run_next(acts_from())) {
        }
        now_ = std::max(now_, acts_from());
        blocked_ = false;
        for (auto& each : std::exchange(put_off_, {}))
            add(now_, std::move(each));
    }

private:
    struct event
    {
        std::function<void()> action;
        bool on_host;
    };

    void add(time_point when, event what)
    {
        events_.emplace(std::max(when, now_), std::move(what));
    }

    void prolong(time_point& until, time_point end)
    {
        until = std::max(until, end);
        at(until, [] {}); // the handlers that wait run then
    }

    /// When the host can call functions.
    [[nodiscard]] time_point acts_from() const noexcept
    {
        return std::max({asleep_until_, stopped_until_, blocked_until_});
    }

    [[nodiscard]] bool is_free() const noexcept
    {
        return !blocked_ && now_ >= free_from();
    }

    /// Once the loop goes on, it finds everything that got ready at once.
    void post_ready()
    {
        if (ready_.empty() || !is_free())
            return;
        for (std::size_t last = ready_.size(); last > 1; --last)
            std::swap(ready_[last - 1], ready_[system_.number() % last]);
        for (auto& handler : std::exchange(ready_, {}))
            net::post(context_, std::move(handler));
    }

    bool run_next(time_point limit)
    {
        if (events_.empty() || events_.begin()->first > limit)
            return false;
        auto next = events_.extract(events_.begin());
        now_ = std::max(now_, next.key());
        const bool waits_for_host = next.mapped().on_host && (blocked_ || now_ < acts_from());
        if (!waits_for_host) {
            next.mapped().action();
        } else if (blocked_) {
            put_off_.push_back(std::move(next.mapped()));
        } else {
            next.key() = acts_from();
            events_.insert(std::move(next));
        }
        return true;
    }

    net::io_context& context_;
    simulated_chance system_;
    std::vector<std::function<void()>> ready_;
    time_point now_{std::chrono::hours{1}};
    time_point asleep_until_ = detail::long_ago, stopped_until_ = detail::long_ago;
    time_point still_until_ = detail::long_ago, blocked_until_ = detail::long_ago;
    bool blocked_ = false;
    std::vector<event> put_off_; ///< until the handler that waits goes on
    std::multimap<time_point, event> events_;
};

} // namespace testing
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_TESTING_SIMULATED_TIME_HPP
