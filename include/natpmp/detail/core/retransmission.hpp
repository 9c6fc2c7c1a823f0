// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// When a request is sent again (RFC 6886, section 3.1), when it is asked again after a failure,
/// and how often at most.

#ifndef NATPMP_DETAIL_CORE_RETRANSMISSION_HPP
#define NATPMP_DETAIL_CORE_RETRANSMISSION_HPP

#include <natpmp/detail/core/time.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail {

/// The number of transmissions of one request: all of RFC 6886, section 3.1 (127.75 s), and the
/// fewer that are enough where nothing depends on the answer (1.75 s and 7.75 s).
constexpr unsigned nine_transmissions = 9, three_transmissions = 3, five_transmissions = 5;

/// How long a request is tried at least while another one waits: four transmissions.
constexpr duration least_attempt = 3750ms;

/// How long the first transmission waits for its answer; no other waits for less.
constexpr duration first_wait = 250ms;

/// The transmissions of one request: 250 ms after the first, then doubling (RFC 6886, section 3.1).
///
/// The times are planned when the first datagram goes out. A timer that fires late shifts none of
/// them; of several that have passed, one datagram makes up for all.
class retransmission
{
public:
    retransmission() = default;

    /// At most `limit` transmissions; the first waits so long for its answer.
    explicit retransmission(unsigned limit, duration wait = first_wait) noexcept
        : limit_(limit), wait_(wait)
    {}

    /// The same for an attempt that is planned from `begin` to `end`, with as many transmissions as
    /// have their wait for an answer within that time, but at least one.
    retransmission(unsigned limit, time_point begin, time_point end) noexcept
        : limit_(limit), end_(end)
    {
        if (end == never)
            return;
        while (fitting_ > 1 && offset(fitting_) + wait_ > end - begin)
            --fitting_;
    }

    /// Tells that a datagram went out.
    void sent(time_point now) noexcept
    {
        previous_ = last_;
        last_ = now;
        if (count_ == 0)
            start_ = now;
        ++count_;
        ++datagrams_;
        // A loop that stood still missed these: the gateway is not sent several at once.
        while (count_ < limit_ && planned(count_ + 1) <= now)
            ++count_;
        next_ = std::max(planned(count_ + 1), now + wait_);
    }

    /// Whether a datagram went out at all.
    [[nodiscard]] bool started() const noexcept
    {
        return last_ != long_ago;
    }

    /// The number of transmissions since it began, or began anew; with those that were missed.
    [[nodiscard]] unsigned count() const noexcept
    {
        return count_;
    }

    /// The number of datagrams that went out.
    [[nodiscard]] unsigned datagrams() const noexcept
    {
        return datagrams_;
    }

    /// The last transmission at or before a time, as far back as the one before the last.
    [[nodiscard]] time_point last_until(time_point at) const noexcept
    {
        return last_ <= at || previous_ == long_ago ? last_ : previous_;
    }

    /// Whether a datagram should go out now.
    [[nodiscard]] bool due(time_point now) const noexcept
    {
        return sends_more() && now >= next_ && (now < end_ || !started());
    }

    /// Whether the last wait is over without an answer.
    [[nodiscard]] bool over(time_point now) const noexcept
    {
        return now >= end();
    }

    /// When due() or over() becomes true.
    [[nodiscard]] time_point wake() const noexcept
    {
        return sends_more() ? std::min(next_, end()) : end();
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
    /// How long after the first transmission another one is planned.
    [[nodiscard]] duration offset(unsigned number) const noexcept
    {
        return wait_ * ((1U << std::min(number - 1, 9U)) - 1);
    }

    [[nodiscard]] time_point planned(unsigned number) const noexcept
    {
        return start_ + offset(number);
    }

    /// No transmission waits for less than the first one, whatever the end that was set.
    [[nodiscard]] time_point end() const noexcept
    {
        const bool all_sent = !settled_ && count_ >= limit_;
        const time_point planned_end = all_sent ? std::min(end_, planned(limit_ + 1)) : end_;
        return std::max(planned_end, last_ + wait_);
    }

    [[nodiscard]] bool sends_more() const noexcept
    {
        return !settled_ && (!started() || (count_ < std::min(limit_, fitting_) && next_ < end_));
    }

    /// Transmissions that count as sent: a late timer sends one for several. Set to 0 by restart().
    unsigned count_ = 0;
    unsigned limit_ = 0;                    ///< as many are sent at most
    unsigned fitting_ = nine_transmissions; ///< as many fit into the planned time
    unsigned datagrams_ = 0;                ///< that really went out
    bool settled_ = false;                  ///< set by settle(): no more is sent
    duration wait_ = first_wait;            ///< after the first transmission

    /// The first transmission, since it began or began anew: what all others are planned from.
    time_point start_ = long_ago;

    // The last two transmissions: an answer in the socket may be of either.
    time_point previous_ = long_ago, last_ = long_ago;

    time_point next_ = long_ago; ///< the next transmission
    time_point end_ = never;     ///< of the wait for an answer, if something else sets one
};

/// How long to wait before asking again for what the gateway did not give: 30 s, doubling to 8
/// minutes, where time may help; 5 minutes, doubling to 30, where it refuses.
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

    /// When the next token becomes available; a past time if one is available now.
    [[nodiscard]] time_point next() const noexcept
    {
        return empty_at_ - span_ + refill_;
    }

    void take(time_point now) noexcept
    {
        empty_at_ = std::max(empty_at_, now) + refill_;
    }

private:
    duration refill_; ///< after which one more is available
    duration span_;   ///< after which all are

    /// When all tokens will be available again: the theoretical arrival time of the generic cell
    /// rate algorithm, one number instead of a count and a time.
    time_point empty_at_ = long_ago;
};

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

#endif // NATPMP_DETAIL_CORE_RETRANSMISSION_HPP
