// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The life of a mapping: what makes it wanted, unwanted and lost, and when it acts next.

#ifndef NATPMP_DETAIL_CORE_ENGINE_MAPPINGS_HPP
#define NATPMP_DETAIL_CORE_ENGINE_MAPPINGS_HPP

#include <natpmp/detail/core/engine.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail {

/// How long a delete is guarded against a map request that the network still holds.
constexpr duration guard_time = 5s;

/// How long a request that yields to a more urgent one still waits for its answer.
constexpr duration yield_wait = 1s;

/// The one place where a mapping changes its phase. `planned` is when it acts next, if no operation
/// wants it to act sooner; never while it only waits.
inline void engine::enter(mapping_record& entry, cause why, phase to, time_point planned,
                          time_point now)
{
    // The one place to watch, for a test that compares what happens with the documented table: a
    // null pointer in every program but that one.
    if (recorder)
        (*recorder)(entry.key, entry.phase, why, to);
    records_.set_phase(entry, to);
    reschedule(entry, planned, now);
}

/// Sets when a mapping acts next. What an operation waits for comes as soon as it may; nothing
/// comes while a request for the mapping is in flight, whose end plans again.
inline void engine::reschedule(mapping_record& entry, time_point planned, time_point now)
{
    // A delete of what nobody wants waits for no operation; a map request keeps its distance from
    // the last one, whoever asks.
    const bool maps = entry.phase == phase::requested || entry.phase == phase::leased;
    const bool awaited = (maps || entry.phase == phase::cleaning) && entry.first_waiter();
    const time_point wanted_at = awaited ? now : planned;
    entry.planned = planned;
    entry.next = requested_for(entry) ? never : maps ? entry.soonest_map(wanted_at) : wanted_at;
    records_.ready.move(entry, not_ready);
    records_.timeline.move(entry, std::min(entry.next, entry.phase_end()));
}

/// An operation, which is among its waiters, asks for a mapping. What an earlier run may have left
/// is deleted first, once for each key, if an operation wants that.
inline void engine::want(mapping_record& entry, time_point now)
{
    const bool deleting = entry.phase == phase::deleting;
    if (deleting && (!entry.unmaps.empty() || requested_for(entry)))
        return; // it is asked for again when that delete is over
    const bool cleans_up =
        !entry.history.cleaned && !entry.key.assigned() && !requested_for(entry) &&
        entry.may_exist_until <= now &&
        std::any_of(entry.waiters.begin(), entry.waiters.end(), [&](const operation* op) {
            return op->awaits(entry.key) && op->request.clean_up;
        });
    const bool was_wanted = entry.phase <= phase::leased;
    // A mapping that is wanted again while its delete waits has its lease still, if that has not
    // ended meanwhile: then nothing is lost, and the renewal is due at half of the lease as before.
    if (deleting && now >= entry.expiry)
        entry.expiry = long_ago;
    const phase to = entry.phase == phase::cleaning ? phase::cleaning
                     : entry.up()                   ? phase::leased
                     : cleans_up                    ? phase::cleaning
                                                    : phase::requested;
    // As planned before, or at half of a lease that still runs, or now.
    const time_point half = entry.expiry - counted_lifetime(entry.granted, entry.lifetime) / 2;
    time_point planned = was_wanted ? entry.planned : entry.up() ? std::max(now, half) : now;
    if (!was_wanted && entry.awaited()) // that keeps trying wants more than the lease
        planned = std::min(planned, now + pause_after(1, false));
    enter(entry, cause::wanted, to, planned, now);
}

/// Lets the request in flight for a mapping end soon: nobody waits for its answer any more, but it
/// may still tell what the gateway has.
inline void engine::abandon_request(const mapping_record& entry, time_point now)
{
    if (!requested_for(entry) || request_->kind == request_kind::remove)
        return;
    request_->yielding = true;
    if (request_->transmissions.started())
        request_->transmissions.settle(now + yield_wait);
    else
        request_.reset();
}

/// Ends a mapping if nobody wants it any more: by a delete, where the gateway may hold it.
inline void engine::settle_unwanted(mapping_record& entry, cause why, time_point now)
{
    if (entry.wanted() || !entry.unmaps.empty() || entry.phase >= phase::guarded)
        return;
    abandon_request(entry, now);
    // Without a gateway nothing can be deleted. With internal port 0 a delete would be one of every
    // mapping of this host (RFC 6886, section 3.4).
    const bool may_exist = entry.may_exist_until > now || requested_for(entry);
    if (!has_gateway() || entry.key.assigned() || !may_exist)
        end_mapping(entry, why, now);
    else if (entry.phase != phase::deleting)
        enter(entry, why, phase::deleting, now, now);
}

/// Ends a mapping that the gateway holds no more, or whose gateway is gone. It is guarded where a
/// map request may still be on its way.
inline void engine::end_mapping(mapping_record& entry, cause why, time_point now)
{
    if (!has_gateway())
        left_behind_until_ = std::max(left_behind_until_, entry.may_exist_until);
    entry.may_exist_until = entry.expiry = long_ago;
    events.report_unmapped(entry);
    // A map request without an answer may reach the gateway after the delete. Its grant is then
    // answered by another delete (engine::take_late()).
    const time_point guard_end = entry.history.last_map + guard_time;
    if (has_gateway() && entry.maps_unanswered > 0 && !entry.key.assigned() && now < guard_end)
        enter(entry, why, phase::guarded, guard_end, now);
    else
        forget_mapping(entry, why, now);
}

/// Erases a mapping, unless the reader of events has yet to hear of its end.
inline void engine::forget_mapping(mapping_record& entry, cause why, time_point now)
{
    if (requested_for(entry))
        request_.reset(); // its outcome matters no more
    enter(entry, why, phase::ended, never, now);
    if (entry.reader.state != known_state::nothing)
        return records_.mark_unread(entry);
    records_.erase(entry);
}

/// The lease ended, or its gateway is ours no longer: the mapping is asked for again. A renewal
/// that is in flight goes on, as the first attempt to get it back.
inline void engine::on_lease_end(mapping_record& entry, cause why, error_code error, time_point now)
{
    entry.expiry = long_ago;
    entry.failing = false;
    entry.failures = 0;
    entry.reader.loss = true;
    entry.error = error;
    const time_point soonest = entry.soonest_map(now);
    // A loss is worth one request, though background requests pause for a silent gateway.
    gateway_.background_not_before = std::min(gateway_.background_not_before, soonest);
    enter(entry, why, phase::requested, soonest, now);
    if (entry.reported)
        events.report(event_kind::lost, entry);
}

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

#endif // NATPMP_DETAIL_CORE_ENGINE_MAPPINGS_HPP
