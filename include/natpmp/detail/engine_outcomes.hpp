// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What follows from an answer to a request, or from its absence.

#ifndef NATPMP_DETAIL_ENGINE_OUTCOMES_HPP
#define NATPMP_DETAIL_ENGINE_OUTCOMES_HPP

#include <natpmp/detail/engine_keeping.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// How long a known external address is good enough for a new mapping.
constexpr duration address_lifetime = 15min;

/// How often it is asked for at least, while there are mappings.
constexpr duration address_interval = 3h;

/// Whether a gateway that answers so has no NAT-PMP at all, or not now (T-3, T-5).
inline bool is_verdict(const error_code& why) noexcept
{
    return why == errc::gateway_silent || why == errc::not_supported ||
           why == result_code::unsupported_version;
}

/// The end of the request in flight, with or without an answer.
inline void engine::conclude(error_code why, const response* answer, time_point now)
{
    flight done = *flight_;
    done.preempted = done.preempted && why == errc::gateway_silent; // else it was answered
    flight_.reset();
    if (why && !done.preempted && !done.orphaned)
        counters.last_error = why;
    if (done.what == request_kind::address) {
        if (answer)
            set_address(net::ip::address_v4{answer->address}, why, now);
        return conclude_address(done, why, now);
    }
    if (closing_ && done.what == request_kind::remove)
        return conclude_farewell(*done.entry, why, now);
    ++done.entry->operations; // keeps the record while operations that wait for it end
    if (done.what == request_kind::remove) {
        conclude_remove(done, why, now);
    } else if (done.what == request_kind::create) {
        if (!why)
            grant(*done.entry, done, *answer, now);
        conclude_create(done, why, now);
    } else {
        conclude_clean_up(*done.entry, now);
    }
    --done.entry->operations;
    release(*done.entry, now);
}

/// The map request follows, whatever came of the delete before it.
inline void engine::conclude_clean_up(mapping_record& entry, time_point now)
{
    cleaned_.insert(entry.key);
    if (!entry.wanted)
        return;
    entry.due = now;
    place(entry);
}

inline void engine::conclude_create(const flight& done, error_code why, time_point now)
{
    mapping_record& entry = *done.entry;
    if (why && !done.preempted)
        entry.error = why;
    const bool refused =
        why && why.category() == result_category() && entry.creates_unanswered == 0;
    if (refused || (is_verdict(why) && !done.preempted && !done.orphaned))
        entry.possible = done.was_possible; // so there is nothing to undo
    if (is_verdict(why) && why != errc::gateway_silent)
        entry.creates_unanswered = 0; // and no late grant to wait for
    if (done.owner && !why)
        progress(*done.owner, now);
    else if (done.owner && !done.preempted) {
        close_gate(why, now);
        if (is_verdict(why) && entry.live && entry.due <= now) { // that was the renewal
            entry.due = plan_renewal(entry.due, now, entry.expiry).next;
            hurry_if_awaited(entry, now);
            place(entry);
        }
        if (is_verdict(why))
            judge_gateway(why, now);
        else
            fail(*done.owner, why, now);
    } else if (!done.owner && !done.orphaned && why && entry.wanted) {
        create_failed(entry, done, why, now);
    }
    if (!why)
        unpark(entry, done.was_live, now);
}

/// When a failed renewal is tried again: as planned, unless it began so late that the next attempt
/// would follow too soon.
inline time_point engine::next_renewal(const flight& done) noexcept
{
    if (done.next_attempt == never)
        return never;
    const time_point soonest = done.first_sent + least_renewal_gap;
    return soonest - done.next_attempt > late_turn ? soonest : done.next_attempt;
}

/// A renewal or a background attempt failed: the mapping is up until its lifetime ends (N-3, N-7).
inline void engine::create_failed(mapping_record& entry, const flight& done, error_code why,
                                  time_point now)
{
    unplace(entry);
    if (done.was_live && !entry.live) { // the lease ended meanwhile, as at any other time
        entry.due = earliest_create(entry, now);
    } else if (done.preempted && !entry.live && now - done.first_sent >= crowded_burst) {
        entry.due = now + pause_after(count_failure(entry), false);
    } else if (done.preempted) {
        entry.due = std::max(now, entry.last_create + least_renewal_gap);
    } else if (!entry.live) {
        postpone(entry, why, now);
    } else {
        const bool news = !entry.failing;
        entry.failing = true;
        entry.due = done.rank == rank::renewal ? next_renewal(done) : entry.expiry;
        hurry_if_awaited(entry, now);
        if (news && entry.announced)
            tell(event_kind::renewal_failing, entry);
    }
    place(entry);
}

/// The gateway made or extended a mapping, perhaps with another port and lifetime (M-6, M-11).
inline void engine::grant(mapping_record& entry, const flight& done, const response& answer,
                          time_point now)
{
    if (done.owner) {
        operation& what = *done.owner;
        what.adopted[what.part] = !entry.wanted;
        set_wanted(entry, true);
        entry.suggested_port = what.request.external_port.value();
        entry.lifetime = done.lifetime;
    }
    const bool was_live = entry.live;
    const std::uint16_t old_port = entry.external_port;
    entry.possible = !entry.key.assigned();
    entry.external_port = answer.external_port;
    entry.granted = answer.lifetime;
    entry.generation = generation_;
    entry.failing = false;
    entry.failures = 0;
    entry.error = {};
    if (!entry.wanted)
        return; // the answer to an orphaned request; it will be deleted again
    unplace(entry);
    const duration lifetime = counted_lifetime(answer.lifetime, done.lifetime);
    expiries_.erase(entry);
    entry.expiry = done.granted_from + lifetime;
    expiries_.push(entry);
    set_live(entry, true);
    entry.due = std::max(done.doubtful ? now : done.granted_from + lifetime / 2,
                         entry.last_create + least_request_gap);
    place(entry);

    if (entry.announced) {
        counters.renewals += was_live;
        tell(old_port != entry.external_port ? event_kind::port_changed
             : was_live                      ? event_kind::renewed
                                             : event_kind::restored,
             entry);
        if (!address_fresh(now) && address_.failures == 0)
            address_.due = now;
    }
}

inline void engine::conclude_remove(const flight& done, error_code why, time_point now)
{
    mapping_record& entry = *done.entry;
    const bool abandoned = done.orphaned && why; // its operation was cancelled: once more without
    if (!abandoned && (!entry.wanted || !why)) {
        entry.possible = false;
        entry.error = why;
        set_live(entry, false);
        expiries_.erase(entry);
        tell_unmapped(entry);
    }
    if (entry.wanted && !retries_.contains(entry)) { // somebody asked for it again meanwhile
        entry.due = earliest_create(entry, now);
        place(entry);
    }
    if (done.owner)
        finish(*done.owner, why, now);
}

inline void engine::conclude_address(const flight& done, error_code why, time_point now)
{
    if (done.preempted || done.orphaned) {
        if (!done.owner && kept_ > 0)
            address_.due = now;
        if (why)
            return;
    }
    if (why) {
        ++address_.failures;
        address_.due = now + pause_after(address_.failures, false);
    } else {
        address_.failures = 0;
        address_.due = now + address_interval;
    }
    if (!done.owner)
        return;
    operation& what = *done.owner;
    what.address = address_.value;
    if (what.maps())
        finish(what, {}, now);
    else if (is_verdict(why))
        judge_gateway(why, now);
    else
        finish(what, why, now);
}

inline void engine::set_address(const net::ip::address_v4& address, error_code why, time_point now)
{
    const bool changed = address_.value != address;
    address_.value = address;
    address_.error = why;
    if (!address.is_unspecified()) {
        address_.asked_at = now;
        address_.generation = generation_;
    }
    if (changed)
        tell_client(event_kind::address_changed, why);
}

inline bool engine::address_fresh(time_point now) const noexcept
{
    return address_.generation == generation_ && !address_.value.is_unspecified() &&
           now - address_.asked_at < address_lifetime;
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ENGINE_OUTCOMES_HPP
