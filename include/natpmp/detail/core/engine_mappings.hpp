// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Records of mappings: where each waits for its next request, and how it ends.

#ifndef NATPMP_DETAIL_CORE_ENGINE_MAPPINGS_HPP
#define NATPMP_DETAIL_CORE_ENGINE_MAPPINGS_HPP

#include <natpmp/detail/core/engine_class.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// How long a delete is guarded against a map request that the network still holds.
constexpr duration guard_time = 5s;

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

inline void engine::set_leased(mapping_record& entry, bool leased) noexcept
{
    up_ += leased && !entry.leased;
    up_ -= !leased && entry.leased;
    entry.leased = leased;
}

inline void engine::unplace(mapping_record& entry) noexcept
{
    renewals_.erase(entry);
    retries_.erase(entry);
    deletes_.erase(entry);
    guarded_.erase(entry);
}

/// Puts a wanted mapping where its next request is found when it is due.
inline void engine::place(mapping_record& entry)
{
    unplace(entry);
    if (entry.kept && entry.due != never)
        (entry.leased ? renewals_ : retries_).push(entry);
}

/// Deletes a mapping that nobody wants any more, if the gateway may have it.
inline void engine::delete_if_unwanted(mapping_record& entry, time_point now)
{
    if (entry.kept || entry.operations > 0 || entry.shutdown_delete)
        return;
    if (request_ && request_->entry == &entry)
        return; // its end will release it
    if (!entry.may_exist || !has_gateway_)
        return end_mapping(entry, now);
    if (deletes_.contains(entry))
        return;
    unplace(entry);
    entry.due = now;
    deletes_.push(entry);
}

/// Ends a record, after a while if a map request may still be on its way to the gateway.
inline void engine::end_mapping(mapping_record& entry, time_point now)
{
    if (entry.may_exist && !has_gateway_)
        unreachable_leases_until_ =
            std::max(unreachable_leases_until_,
                     std::max(entry.last_create + duration{std::chrono::seconds{entry.lifetime}},
                              entry.leased ? entry.expiry : long_ago));
    unplace(entry);
    expiries_.erase(entry);
    set_leased(entry, false);
    report_unmapped(entry);
    const bool doubt = has_gateway_ && entry.creates_unanswered > 0 && !entry.late_grant_deleted &&
                       !entry.key.assigned() && now < entry.last_create + guard_time;
    if (!doubt)
        return erase_when_read(entry);
    entry.due = entry.last_create + guard_time;
    guarded_.push(entry);
}

/// Erases a record, unless the reader of events has yet to hear of its end.
inline void engine::erase_when_read(mapping_record& entry)
{
    if (request_ && request_->entry == &entry)
        request_.reset(); // a clean-up that a shutdown cuts short: its outcome matters no more
    if (entry.reported != known_state::nothing) {
        entry.ended = true;
        mark_unread(entry);
        return;
    }
    unread_.erase(entry);
    records_.erase(entry);
}

/// The lease ended, or its gateway is ours no longer; the mapping is asked for again.
inline void engine::on_lease_end(mapping_record& entry, error_code why, time_point now)
{
    expiries_.erase(entry);
    set_leased(entry, false);
    // The gateway may have it still: for longer than is counted on, or by a later request.
    const time_point granted = entry.expiry - counted_lifetime(entry.granted, entry.lifetime);
    const bool outlasts = granted + std::chrono::seconds{entry.granted} > now;
    const bool asked_again = entry.last_create > granted &&
                             entry.last_create + std::chrono::seconds{entry.lifetime} > now;
    entry.may_exist = entry.may_exist && (outlasts || asked_again);
    entry.failing = false;
    entry.unread_loss = true;
    entry.error = why;
    if (!entry.kept)
        return delete_if_unwanted(entry, now);
    entry.failures = 0;
    entry.due = earliest_create(entry, now);
    background_not_before_ =
        std::min(background_not_before_,
                 entry.due); // a loss is worth a request, though the gateway was silent
    place(entry);
    if (entry.reported_mapped)
        report(event_kind::lost, entry);
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CORE_ENGINE_MAPPINGS_HPP
