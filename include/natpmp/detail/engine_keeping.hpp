// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Records of mappings: where each waits for its next request, and how it ends.

#ifndef NATPMP_DETAIL_ENGINE_KEEPING_HPP
#define NATPMP_DETAIL_ENGINE_KEEPING_HPP

#include <natpmp/detail/engine_state.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// How long a delete is guarded against a map request that the network still holds.
constexpr duration linger_time = 5s;

/// When the next map request for a mapping may start.
inline time_point earliest_create(const mapping_record& entry, time_point now) noexcept
{
    return std::max(now, entry.last_create + least_request_gap);
}

/// The number of failures in a row, with this one.
inline unsigned count_failure(mapping_record& entry) noexcept
{
    entry.failures = static_cast<std::uint8_t>(std::min(entry.failures + 1, 255));
    return entry.failures;
}

inline void engine::set_live(mapping_record& entry, bool live) noexcept
{
    up_ += live && !entry.live;
    up_ -= !live && entry.live;
    entry.live = live;
}

inline void engine::unplace(mapping_record& entry) noexcept
{
    renewals_.erase(entry);
    retries_.erase(entry);
    removals_.erase(entry);
    lingering_.erase(entry);
}

/// Puts a wanted mapping where its next request is found when it is due.
inline void engine::place(mapping_record& entry)
{
    unplace(entry);
    if (entry.wanted && entry.due != never)
        (entry.live ? renewals_ : retries_).push(entry);
}

/// Deletes a mapping that nobody wants any more, if the gateway may have it.
inline void engine::release(mapping_record& entry, time_point now)
{
    if (entry.wanted || entry.operations > 0 || entry.farewell)
        return;
    if (flight_ && flight_->entry == &entry)
        return; // its end will release it
    if (!entry.possible || !attached_)
        return retire(entry, now);
    if (removals_.contains(entry))
        return;
    unplace(entry);
    entry.due = now;
    removals_.push(entry);
}

/// Ends a record, after a while if a map request may still be on its way to the gateway.
inline void engine::retire(mapping_record& entry, time_point now)
{
    if (entry.possible && !attached_)
        left_until_ =
            std::max(left_until_,
                     std::max(entry.last_create + duration{std::chrono::seconds{entry.lifetime}},
                              entry.live ? entry.expiry : long_ago));
    unplace(entry);
    expiries_.erase(entry);
    set_live(entry, false);
    tell_unmapped(entry);
    const bool doubt = attached_ && entry.creates_unanswered > 0 && !entry.late_removal &&
                       !entry.key.assigned() && now < entry.last_create + linger_time;
    if (!doubt)
        return drop(entry);
    entry.due = entry.last_create + linger_time;
    lingering_.push(entry);
}

/// Erases a record, unless the reader of events has yet to hear of its end.
inline void engine::drop(mapping_record& entry)
{
    if (entry.reported != known_state::nothing) {
        entry.removed = true;
        note(entry);
        return;
    }
    news_.erase(entry);
    records_.erase(entry);
}

/// The lease ended, or its gateway is ours no longer; the mapping is asked for again.
inline void engine::lose(mapping_record& entry, error_code why, time_point now)
{
    expiries_.erase(entry);
    set_live(entry, false);
    // The gateway may have it still: for longer than is counted on, or by a later request.
    const time_point granted = entry.expiry - counted_lifetime(entry.granted, entry.lifetime);
    const bool outlasts = granted + std::chrono::seconds{entry.granted} > now;
    const bool asked_again = entry.last_create > granted &&
                             entry.last_create + std::chrono::seconds{entry.lifetime} > now;
    entry.possible = entry.possible && (outlasts || asked_again);
    entry.failing = false;
    entry.interrupted = true;
    entry.error = why;
    if (!entry.wanted)
        return release(entry, now);
    entry.failures = 0;
    entry.due = earliest_create(entry, now);
    gate_ = std::min(gate_, entry.due); // a loss is worth a request, though the gateway was silent
    place(entry);
    if (entry.announced)
        tell(event_kind::lost, entry);
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ENGINE_KEEPING_HPP
