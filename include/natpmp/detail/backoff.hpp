// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// When to send a request again, and when to ask again after a failure.

#ifndef NATPMP_DETAIL_BACKOFF_HPP
#define NATPMP_DETAIL_BACKOFF_HPP

#include <natpmp/detail/time.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// The number of transmissions of one request: all of RFC 6886, section 3.1 (127.75 s), and the
/// fewer that are enough where nothing depends on the answer (1.75 s and 7.75 s).
constexpr unsigned full_burst = 9, short_burst = 3, medium_burst = 5;

/// How long a request is tried at least while another one waits: four transmissions.
constexpr duration crowded_burst = 3750ms;

/// How long the first transmission waits for its answer (T-1); no other waits for less.
constexpr duration first_wait = 250ms;

/// The transmissions of one request: 250 ms after the first, then doubling (T-1, T-2, T-3).
class burst
{
public:
    burst() = default;

    /// At most `limit` transmissions, and none after `end`; the first waits so long for its answer.
    burst(unsigned limit, time_point end, duration wait = first_wait) noexcept
        : limit_(limit), wait_(wait), end_(end)
    {}

    /// Tells that a datagram went out.
    void sent(time_point now) noexcept
    {
        last_ = now;
        next_ = now + wait_ * (1U << std::min(count_, 8U));
        ++count_;
    }

    /// Whether a datagram went out at all.
    [[nodiscard]] bool started() const noexcept
    {
        return last_ != long_ago;
    }

    /// The number of transmissions since it began, or began anew.
    [[nodiscard]] unsigned count() const noexcept
    {
        return count_;
    }

    /// Whether a datagram should go out now.
    [[nodiscard]] bool due(time_point now) const noexcept
    {
        return sends_more() && now >= next_ && now < end_;
    }

    /// Whether the last wait is over without an answer.
    [[nodiscard]] bool over(time_point now) const noexcept
    {
        return now >= end() || (!settled_ && count_ >= limit_ && now >= next_);
    }

    /// When due() or over() becomes true.
    [[nodiscard]] time_point wake() const noexcept
    {
        const bool waits_for_end = settled_ || (count_ < limit_ && !sends_more());
        return waits_for_end ? end() : std::min(next_, end());
    }

    /// Waits for an answer until `end` at the latest, and sends no more.
    void settle(time_point end) noexcept
    {
        settled_ = true;
        end_by(end);
    }

    /// Ends the wait for an answer at `end` at the latest.
    void end_by(time_point end) noexcept
    {
        end_ = std::min(end_, end);
    }

    /// Starts the transmissions anew at that time, for a gateway that has just shown to be alive.
    void restart(time_point at) noexcept
    {
        if (settled_ || !started())
            return;
        count_ = 0;
        next_ = std::max(at, last_ + wait_);
    }

private:
    /// No transmission waits for less than the first one, whatever the end that was set.
    [[nodiscard]] time_point end() const noexcept
    {
        return std::max(end_, last_ + wait_);
    }

    /// Not one that could not wait for its answer.
    [[nodiscard]] bool sends_more() const noexcept
    {
        return !settled_ && count_ < limit_ && (!started() || next_ + wait_ <= end_);
    }

    unsigned count_ = 0, limit_ = 0;
    bool settled_ = false;
    duration wait_ = first_wait;
    time_point last_ = long_ago, next_ = long_ago, end_ = never;
};

/// How long to wait before asking again for what the gateway did not give: 30 s, doubling to 8
/// minutes, where time may help; 5 minutes, doubling to 30, where it refuses (C-7).
inline duration pause_after(unsigned failures, bool refused) noexcept
{
    const duration first = refused ? duration{5min} : duration{30s};
    const duration most = refused ? duration{30min} : duration{8min};
    return std::min(most, first * (1U << std::min(failures > 0 ? failures - 1 : 0U, 8U)));
}

/// A limit on how often something happens: a few in a row, then one in a while.
class token_bucket
{
public:
    token_bucket(unsigned capacity, duration refill) noexcept
        : refill_(refill), span_(refill * capacity)
    {}

    /// When the next token is to be had; in the past if there is one.
    [[nodiscard]] time_point next() const noexcept
    {
        return empty_at_ - span_ + refill_;
    }

    void take(time_point now) noexcept
    {
        empty_at_ = std::max(empty_at_, now) + refill_;
    }

private:
    duration refill_, span_;
    time_point empty_at_ = long_ago;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_BACKOFF_HPP
