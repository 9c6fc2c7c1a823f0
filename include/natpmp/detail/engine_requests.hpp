// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The queue: which request goes out next.

#ifndef NATPMP_DETAIL_ENGINE_REQUESTS_HPP
#define NATPMP_DETAIL_ENGINE_REQUESTS_HPP

#include <natpmp/detail/engine_keeping.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

inline bool engine::begin_next(time_point now)
{
    if (closing_)
        return begin_farewell(now);
    return begin_removal(now) || (overdue_at() <= now && begin_renewal(now)) ||
           begin_operation(now) || begin_renewal(now) || begin_background(now);
}

inline bool engine::begin_removal(time_point now)
{
    if (operation* what = unmap_queue_.front()) {
        mapping_record& entry = *records_.find(what->key());
        unwish(entry, now);
        const time_point end = entry.live ? entry.expiry : never; // D-4
        begin_remove(entry, what, request_kind::remove, burst(medium_burst, now, end));
        return true;
    }
    while (!removals_.empty()) {
        mapping_record& entry = removals_.top();
        unplace(entry);
        if (entry.wanted || entry.operations > 0)
            continue;
        const time_point end = entry.live ? entry.expiry : now + duration{127750ms};
        begin_remove(entry, nullptr, request_kind::remove, burst(short_burst, now, end));
        return true;
    }
    return false;
}

inline bool engine::begin_operation(time_point now)
{
    for (operation* each = user_queue_.front(); each; each = operation_queue::next(*each))
        if (each->not_before <= now && begin_stage(*each, now))
            return true;
    return false;
}

/// Starts the request for an operation's stage; false if it has to wait (N: one second apart).
inline bool engine::begin_stage(operation& what, time_point now)
{
    if (what.kind == operation_kind::address) {
        begin_address(&what, burst(full_burst));
        return true;
    }
    if (what.stage == operation_stage::address) {
        begin_address(&what, burst(medium_burst));
        return true;
    }
    mapping_record& entry = *records_.find(what.key());
    if (what.stage == operation_stage::clean_up) {
        what.stage = operation_stage::create;
        if (what.request.clean_up && clean_up_due(entry)) {
            begin_remove(entry, &what, request_kind::clean_up, burst(short_burst));
            return true;
        }
    }
    what.not_before = earliest_create(entry, now);
    if (what.not_before > now)
        return false;
    std::uint16_t port = what.request.external_port.value();
    if (what.part == 1)
        port = records_.get(what.key(0)).external_port;
    else if (entry.live && port == 0)
        port = entry.external_port;
    begin_create(entry, &what, port, static_cast<std::uint32_t>(what.request.lifetime.count()),
                 rank::operation, burst(full_burst));
    return true;
}

/// Whether what an earlier run may have left at the gateway was not deleted yet.
inline bool engine::clean_up_due(const mapping_record& entry) const noexcept
{
    return !cleaned_.contains(entry.key) && !entry.key.assigned() && !entry.live && !entry.possible;
}

/// Whether an operation that waits for background attempts has not seen its clean-up yet.
inline bool engine::clean_up_awaited(const mapping_record& entry) const noexcept
{
    if (!clean_up_due(entry))
        return false;
    const operation* each = parked_.front();
    while (each && !(each->request.clean_up && each->concerns(entry.key)))
        each = operation_queue::next(*each);
    return each;
}

/// Puts a map request off that would follow another one for the same mapping too soon.
inline bool engine::defer_create(mapping_record& entry, time_point now)
{
    const time_point earliest = earliest_create(entry, now);
    if (entry.due > now || earliest <= now)
        return false;
    entry.due = earliest;
    place(entry);
    return true;
}

inline bool engine::begin_renewal(time_point now)
{
    while (!renewals_.empty() && defer_create(renewals_.top(), now)) {
    }
    if (renewals_.empty() || renewals_.top().due > now)
        return false;
    mapping_record& entry = renewals_.top();
    unplace(entry);
    const renewal_attempt attempt = plan_renewal(entry.due, now, entry.expiry);
    begin_create(entry, nullptr, entry.external_port, entry.lifetime, rank::renewal,
                 burst(full_burst, attempt.begin, attempt.end));
    flight_->next_attempt = attempt.next;
    return true;
}

inline bool engine::begin_background(time_point now)
{
    if (kept_ > 0 && address_.due <= now) {
        address_.due = never;
        begin_address(nullptr, burst(medium_burst));
        return true;
    }
    while (!retries_.empty() && defer_create(retries_.top(), now)) {
    }
    if (retries_.empty() || std::max(retries_.top().due, gate_) > now)
        return false;
    mapping_record& entry = retries_.top();
    unplace(entry);
    if (clean_up_awaited(entry)) {
        begin_remove(entry, nullptr, request_kind::clean_up, burst(short_burst));
        return true;
    }
    const std::uint16_t port = entry.external_port ? entry.external_port : entry.suggested_port;
    begin_create(entry, nullptr, port, entry.lifetime, rank::background, burst(full_burst));
    return true;
}

inline void engine::begin_create(mapping_record& entry, operation* owner, std::uint16_t port,
                                 std::uint32_t lifetime, rank urgency, burst transmissions)
{
    const std::uint16_t suggested = entry.key.assigned() ? 1
                                    : port               ? port
                                                         : entry.key.internal_port; // M-5
    entry.late_removal = false;
    flight_.emplace(flight{.what = request_kind::create,
                           .rank = urgency,
                           .owner = owner,
                           .entry = &entry,
                           .bytes = encode_map_request(entry.key.protocol, entry.key.internal_port,
                                                       suggested, lifetime),
                           .lifetime = lifetime,
                           .transmissions = transmissions,
                           .was_possible = entry.possible,
                           .was_live = entry.live});
}

inline void engine::begin_remove(mapping_record& entry, operation* owner, request_kind what,
                                 burst transmissions)
{
    flight_.emplace(
        flight{.what = what,
               .rank = what == request_kind::remove ? rank::removal
                       : owner                      ? rank::operation
                                                    : rank::background,
               .owner = owner,
               .entry = &entry,
               .bytes = encode_map_request(entry.key.protocol, entry.key.internal_port, 0, 0),
               .transmissions = transmissions});
}

inline void engine::begin_address(operation* owner, burst transmissions)
{
    flight_.emplace(flight{.what = request_kind::address,
                           .rank = owner ? rank::operation : rank::background,
                           .owner = owner,
                           .bytes = encode_address_request(),
                           .transmissions = transmissions});
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ENGINE_REQUESTS_HPP
