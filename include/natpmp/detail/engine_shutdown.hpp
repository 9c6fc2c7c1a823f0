// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Leaving: every mapping is deleted, one at a time, within a limit; then the engine is closed.

#ifndef NATPMP_DETAIL_ENGINE_SHUTDOWN_HPP
#define NATPMP_DETAIL_ENGINE_SHUTDOWN_HPP

#include <natpmp/detail/engine_state.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Each mapping gets the first of these deletes before any gets the second: 1.75 s in all (D-3).
constexpr unsigned farewell_rounds = 3;

inline void engine::begin_shutdown(operation& what, time_point now)
{
    if (closed_) {
        what.done = true;
        what.error = farewell_error_;
        finished_.push_back(what);
        return;
    }
    leavers_.push_back(what);
    close_at_ = std::min(close_at_, now + std::clamp(what.limit, duration{0}, duration{24h}));
    if (closing_)
        return;
    closing_ = true;
    while (operation* each = order_.front())
        cancel(*each, false, errc::closed, now);
    recovery_at_.reset();
    address_.due = never;
    records_.for_each([&](mapping_record& entry) {
        set_wanted(entry, false);
        unplace(entry);
        if (!entry.possible)
            return retire(entry, now);
        entry.farewell = true;
        entry.failures = 0;
        entry.due = now;
        removals_.push(entry);
    });
    if (!attached_ || removals_.empty())
        return finish_shutdown(errc::no_gateway, now);
    if (flight_) {
        const auto shares = static_cast<duration::rep>(removals_.size() + 1);
        orphan(now);
        if (flight_)
            flight_->transmissions.end_by(now + (close_at_ - now) / shares);
    }
}

/// Sends the next delete. Its wait doubles from round to round, and is never more than a fair share
/// of the time that is left.
inline bool engine::begin_farewell(time_point now)
{
    if (removals_.empty()) {
        finish_shutdown({}, now);
        return false;
    }
    mapping_record& entry = removals_.top();
    const auto left = static_cast<duration::rep>(removals_.size());
    const duration share = (close_at_ - now) / left;
    const duration wait = std::min(first_wait * (1U << entry.failures), share);
    unplace(entry);
    begin_remove(entry, nullptr, request_kind::remove, burst(1, wait));
    return true;
}

inline void engine::conclude_farewell(mapping_record& entry, error_code why, time_point now)
{
    if (!entry.farewell)
        return release(entry, now);
    if (why == errc::gateway_silent && !closed_ && ++entry.failures < farewell_rounds) {
        entry.due = now;
        unplace(entry);
        removals_.push(entry);
        return;
    }
    entry.farewell = false;
    entry.possible = false;
    entry.error = why;
    if (why)
        farewell_error_ = errc::shutdown_incomplete;
    entry.creates_unanswered = 0; // no time is left for late grants
    retire(entry, now);
}

/// Ends the shutdown. `why` is the error of each mapping that is still to be deleted.
inline void engine::finish_shutdown(error_code why, time_point now)
{
    closed_ = true;
    if (now < left_until_)
        farewell_error_ = errc::shutdown_incomplete;
    mapping_record* last = flight_ ? flight_->entry : nullptr;
    flight_.reset();
    if (last && last->farewell)
        conclude_farewell(*last, why, now);
    while (!removals_.empty())
        conclude_farewell(removals_.top(), why, now);
    attached_ = false;
    while (operation* each = leavers_.front())
        finish(*each, farewell_error_, now);
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ENGINE_SHUTDOWN_HPP
