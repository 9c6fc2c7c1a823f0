// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Which datagram answers the request in flight, and what follows from the answer or from silence.

#ifndef NATPMP_DETAIL_CORE_ENGINE_RESPONSES_HPP
#define NATPMP_DETAIL_CORE_ENGINE_RESPONSES_HPP

#include <natpmp/detail/core/engine_gateway.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail {

/// How long an answer to an earlier datagram is expected to arrive still.
constexpr duration late_answer_window = 10s;

/// How long an error, which may refuse either request, is taken to refuse an earlier delete.
constexpr duration late_error_window = 1s;

/// How often the external address is asked for at least, while there are mappings.
constexpr duration address_interval = 3h;

/// A datagram from the gateway, on the socket that requests go out from. Returns why it was
/// ignored, if it was; then it has stopped no timer and changed no state.
inline ignore_reason engine::receive(bytes_view bytes, const arrival_span& arrived)
{
    // The bytes alone first, then whether anything waits for this answer.
    const response answer = decode(bytes);
    const ignore_reason reason =
        answer.reason != ignore_reason::none ? answer.reason : match(answer, arrived);
    if (reason != ignore_reason::none) {
        ++counters.ignored[static_cast<std::size_t>(reason)];
        return reason;
    }
    ++counters.received;
    gateway_.answered();
    // It arrived after its request went out, whenever the socket was last looked into.
    const arrival_span span{std::max(arrived.earliest, request_->first_sent), arrived.latest};
    request_->granted_from = request_->transmissions.last_until(span.earliest);
    if (answer.epoch)
        gateway_.take_epoch(*answer.epoch, span, records_.any_wanted(), false);
    error_code why;
    if (!answer.success())
        why = {static_cast<int>(answer.result), result_category()};
    if (!why && request_->kind == request_kind::map &&
        (answer.external_port == 0 || answer.lifetime == 0))
        why = errc::invalid_grant;
    if (!why && request_->kind == request_kind::address && answer.address == 0)
        why = result_code::network_failure;
    conclude(why, &answer, arrived.latest);
    return reason;
}

/// Whether this answers the request in flight. NAT-PMP has no identifiers: opcode, internal port
/// and kind have to serve (RFC 6886, section 3.5).
inline ignore_reason engine::match(const response& answer, const arrival_span& arrived)
{
    // A gateway that speaks only PCP answers every request with its version.
    if (!answer.opcode)
        return request_ ? ignore_reason::none : ignore_reason::not_awaited;
    const bool awaited = request_ && request_->transmissions.started();
    mapping_record* entry = awaited ? request_->entry : nullptr;
    const std::uint8_t opcode =
        entry ? static_cast<std::uint8_t>(entry->key.protocol) : address_opcode;
    const ignore_reason reason = !awaited                   ? ignore_reason::not_awaited
                                 : *answer.opcode != opcode ? ignore_reason::wrong_opcode
                                 : entry && !answer.concerns(entry->key.internal_port)
                                     ? ignore_reason::wrong_port
                                     : ignore_reason::none;
    if (reason != ignore_reason::none)
        take_late(answer, arrived);
    if (reason != ignore_reason::none || !entry)
        return reason;
    // A grant does not answer a delete: an earlier map request is answered late.
    if (request_->kind != request_kind::map) {
        const bool grants = answer.success() && answer.lifetime != 0;
        count_down(grants ? entry->maps_unanswered : entry->deletes_unanswered);
        return grants ? ignore_reason::not_awaited : ignore_reason::none;
    }
    return match_map_answer(answer, arrived);
}

/// The same for a map request: whether this answers it, or an earlier delete.
inline ignore_reason engine::match_map_answer(const response& answer, const arrival_span& arrived)
{
    mapping_record* entry = request_->entry;
    const bool empty = answer.success() && answer.external_port == 0 && answer.lifetime == 0;
    const bool refuses_delete = !answer.success() && entry->deletes_unanswered > 0 &&
                                arrived.earliest - entry->last_delete < late_error_window;
    if (!empty && !refuses_delete) {
        count_down(entry->maps_unanswered);
        return ignore_reason::none;
    }
    // A success without port and lifetime answers a delete (RFC 6886, section 3.4), which the
    // gateway may have taken after the map request: the mapping is renewed soon once it is granted.
    // Where no delete is left to explain it, the gateway may answer map requests so.
    request_->delete_answered_meanwhile = request_->delete_answered_meanwhile || empty;
    if (empty && entry->deletes_unanswered == 0) {
        request_->only_empty_answers = true;
        request_->transmissions.end_by(request_->first_sent + least_attempt);
    }
    count_down(entry->deletes_unanswered);
    return ignore_reason::not_awaited;
}

/// An answer that nothing in flight awaits may still tell that the gateway took requests in another
/// order than they were answered.
inline void engine::take_late(const response& answer, const arrival_span& arrived)
{
    const time_point now = arrived.latest;
    if (!answer.success() || *answer.opcode == address_opcode || !answer.internal_port)
        return;
    mapping_record* entry =
        records_.find({static_cast<protocol>(*answer.opcode), *answer.internal_port});
    if (!entry)
        return;
    if (answer.lifetime != 0) {
        count_down(entry->maps_unanswered);
        if (entry->phase == phase::ended || entry->key.assigned())
            return;
        entry->may_exist(now, answer.lifetime);
        if (entry->phase == phase::guarded) {
            entry->maps_unanswered = 0; // one more delete, which is not guarded again
            enter(*entry, cause::late_grant, phase::deleting, now, now);
        }
        return;
    }
    const bool awaited = entry->deletes_unanswered > 0;
    count_down(entry->deletes_unanswered);
    if (closes_at_ && entry->phase == phase::deleting) {
        if (awaited)
            shutdown_delete_ended(*entry, {}, now);
    } else if (entry->phase == phase::leased && !requested_for(*entry) &&
               arrived.earliest - entry->last_delete <= late_answer_window) {
        entry->deletes_unanswered = 0;
        reschedule(*entry, entry->soonest_map(now), now);
    }
}

/// ICMP port unreachable (RFC 6886, section 3.1).
inline void engine::refused(time_point now)
{
    if (!request_ || !request_->transmissions.started())
        return;
    gateway_.refused();
    gateway_.doubt = true;
    conclude(errc::not_supported, nullptr, now);
}

/// A datagram that came to the announcement port (RFC 6886, section 3.2.1).
inline ignore_reason engine::announcement(const net::ip::address& source, bytes_view bytes,
                                          const arrival_span& arrived)
{
    const bool from_gateway = has_gateway() && source == gateway_.last->address;
    const response told =
        from_gateway ? decode_announcement(bytes) : response{.reason = ignore_reason::wrong_source};
    if (told.reason != ignore_reason::none) {
        ++counters.ignored[static_cast<std::size_t>(told.reason)];
        return told.reason;
    }
    ++counters.received;
    gateway_.clear_error();
    if (told.epoch)
        gateway_.take_epoch(*told.epoch, arrived, records_.any_wanted(), true);
    if (told.address != 0 && address_.set(told.address, {}, gateway_.generation, arrived.latest))
        events.report_address({});
    gateway_.retry.request(!told.epoch, arrived.latest); // PCP's tells only that there is news
    return told.reason;
}

/// The end of the request in flight, with or without an answer.
inline void engine::conclude(error_code why, const response* answer, time_point now)
{
    // If nothing but empty answers came, the gateway answers map requests so.
    if (why == errc::gateway_silent && request_->only_empty_answers)
        why = errc::invalid_grant;
    if (why == errc::gateway_silent && !request_->yielding)
        gateway_.doubt = true;
    outstanding_request done = *request_;
    done.yielding = done.yielding && why == errc::gateway_silent; // else it was answered
    request_.reset();
    if (!done.yielding)
        last_failure_.set(done.entry ? last_failure::mapping : last_failure::address, why,
                          done.entry ? done.entry->key : mapping_key{});
    if (!done.entry) {
        if (answer && address_.set(answer->address, why, gateway_.generation, now))
            events.report_address(why);
        address_ended(done, why, now);
    } else if (done.kind != request_kind::map) {
        delete_ended(done, why, now);
    } else if (why) {
        map_failed(done, why, now);
    } else {
        map_granted(done, *answer, now);
    }
}

/// The gateway made or extended a mapping, perhaps with another port and lifetime (RFC 6886,
/// section 3.3).
inline void engine::map_granted(const outstanding_request& done, const response& answer,
                                time_point now)
{
    mapping_record& entry = *done.entry;
    const auto waiters = entry.waiters; // those that go on leave it
    const bool was_leased = entry.phase == phase::leased;
    const bool port_changed = entry.external_port != answer.external_port;
    const bool asked =
        std::any_of(waiters.begin(), waiters.end(), [](const operation* op) { return op->asked; });
    // What is renewed from now on is what the operation asked for, which may be gone by now.
    if (asked || entry.lifetime == 0) {
        entry.suggested_port = done.suggested_port;
        entry.lifetime = done.lifetime;
    }
    entry.external_port = answer.external_port;
    entry.granted = answer.lifetime;
    entry.generation = gateway_.generation;
    entry.failing = false;
    entry.failures = 0;
    entry.error = {};
    entry.may_exist(done.granted_from, answer.lifetime);
    if (!entry.wanted() || !entry.unmaps.empty())
        return reschedule(entry, now, now); // it is deleted again
    // The gateway counts from when it took the request, which is not before the last transmission
    // that the answer can belong to.
    const duration lifetime = counted_lifetime(answer.lifetime, done.lifetime);
    entry.expiry = done.granted_from + lifetime;
    time_point renewal = done.delete_answered_meanwhile ? now : done.granted_from + lifetime / 2;
    if (entry.awaited()) // it began after this request
        renewal = std::min(renewal, now + pause_after(1, false));
    enter(entry, cause::granted, phase::leased, renewal, now);
    if (entry.reported) {
        counters.renewals += was_leased;
        events.report(port_changed ? event_kind::endpoint_changed
                      : was_leased ? event_kind::renewed
                                   : event_kind::restored,
                      entry);
        if (!address_.fresh(gateway_.generation, now) && address_.failures == 0)
            address_.due = now;
    } else if (entry.kept()) {
        events.report_mapped(entry);
        address_.due = now;
    }
    // Operations that began after this request wait for one of their own.
    for (operation* op : waiters)
        if (op->asked)
            progress(*op, now);
}

/// A map request was refused or not answered.
NATPMP_COLD inline void engine::map_failed(const outstanding_request& done, error_code why,
                                           time_point now)
{
    mapping_record& entry = *done.entry;
    const bool refused = why.category() == result_category() && entry.maps_unanswered == 0;
    const bool silent = why == errc::gateway_silent;
    const bool asked_in_vain = silent && done.transmissions.datagrams() >= nine_transmissions;
    // What the gateway refused, or has not heard nine times, it does not hold. After fewer
    // datagrams an answer may only be late.
    if (refused || asked_in_vain || (is_gateway_error(why) && !silent))
        entry.may_exist_until = done.existed_until; // there is nothing to undo
    if (is_gateway_error(why) && !silent)
        entry.maps_unanswered = 0; // no late grant to wait for
    auto asked = entry.waiters;    // those that fail leave it
    asked.remove_if([](operation* op) { return !std::exchange(op->asked, false); });
    if (entry.phase == phase::deleting)
        return entry.wanted() && entry.unmaps.empty() ? want(entry, now)
                                                      : reschedule(entry, now, now);
    if (done.yielding)
        return plan_after_failure(entry, done, why, now);
    entry.error = why;
    // The record may be erased when the last operation that waits for it completes.
    const mapping_key key = entry.key;
    const bool awaited = std::any_of(asked.begin(), asked.end(),
                                     [](const operation* op) { return !op->background; });
    for (operation* op : asked)
        op->background = op->request.keep_trying;
    if (awaited)
        gateway_.pause_background(why, now);
    // The error is the gateway's, and answers for all that wait for it (RFC 6886, section 3.1).
    if (awaited && is_gateway_error(why)) {
        gateway_.set_error(why, now);
        fail_waiting(why, now);
    }
    for (operation* op : asked)
        if (!op->background && op->started)
            complete(*op, why, now);
    mapping_record* left = records_.find(key);
    if (left && left->wanted())
        plan_after_failure(*left, done, why, now);
}

/// A mapping whose request failed is asked for again: before the lease ends, or after a pause.
NATPMP_COLD inline void engine::plan_after_failure(mapping_record& entry,
                                                   const outstanding_request& done, error_code why,
                                                   time_point now)
{
    const bool leased = entry.phase == phase::leased;
    const time_point soon = std::max(now, entry.history.last_map + least_renewal_gap);
    // What yielded has not failed: it is asked for again, soon.
    if (done.yielding && done.priority == priority::operation)
        return reschedule(entry, entry.planned, now);
    if (done.yielding) {
        const bool tried = !leased && now - done.first_sent >= least_attempt;
        return reschedule(entry, tried ? now + pause_after(count_up(entry.failures), false) : soon,
                          now);
    }
    if (!leased)
        return done.was_leased ? reschedule(entry, now, now) // the lease ended meanwhile
                               : plan_retry(entry, why, now);
    // While the lease runs the next attempt is at half of what is left of it, as planned when this
    // one began.
    time_point planned = entry.planned;
    const bool renews = done.priority == priority::renewal;
    if (renews) {
        planned = done.next_renewal;
        const time_point soonest = done.first_sent + least_renewal_gap;
        if (planned != never && soonest - planned > late_turn) // the renewal began late
            planned = soonest;
    } else if (planned <= now) { // the operation's request was the renewal
        planned = plan_renewal(planned, now, entry.expiry).next;
    }
    if (entry.awaited()) // what keeps trying wants more than the lease that runs
        planned = std::min(planned, now + pause_after(count_up(entry.failures), false));
    enter(entry, cause::failed, phase::leased, planned, now);
    if (renews && !std::exchange(entry.failing, true) && entry.reported)
        events.report(event_kind::renewal_failing, entry);
}

/// A delete was answered, or not; either way it is over.
inline void engine::delete_ended(const outstanding_request& done, error_code why, time_point now)
{
    mapping_record& entry = *done.entry;
    const bool cleans_up = done.kind == request_kind::clean_up;
    if (cleans_up)
        entry.history.cleaned = true;
    for (operation* op : entry.waiters)
        op->asked = false;
    if (entry.phase == phase::cleaning) // the map request follows, whatever came of the delete
        return enter(entry, cause::deleted, phase::requested, now, now);
    if (closes_at_)
        return shutdown_delete_ended(entry, why, now);
    if (cleans_up && !entry.unmaps.empty())
        return reschedule(entry, now, now);
    if (why) // the gateway may have it still
        left_behind_until_ = std::max(left_behind_until_, entry.may_exist_until);
    entry.error = why;
    entry.may_exist_until = entry.expiry = long_ago;
    events.report_unmapped(entry);
    // Each unmap operation completes with the delete that was sent for it.
    auto unmaps = entry.unmaps;
    unmaps.remove_if([](const operation* op) { return !op->asked; });
    if (unmaps.size() < entry.unmaps.size()) // some began since: they have a delete of their own
        reschedule(entry, now, now);
    else if (entry.wanted()) // again, since the delete began
        enter(entry, cause::deleted, phase::requested, now, now);
    else
        end_mapping(entry, cause::deleted, now);
    for (operation* op : unmaps)
        complete(*op, why, now);
}

/// The gateway told its address, or not. Operations that wait for a mapping complete either way.
inline void engine::address_ended(const outstanding_request& done, error_code why, time_point now)
{
    if (done.yielding) {
        address_.due = now;
        for (operation* op : pending_)
            op->asked = false;
        return;
    }
    address_.failures = why ? address_.failures + 1 : 0;
    address_.due = now + (why ? pause_after(address_.failures, false) : address_interval);
    bool asked = false;
    for (auto at = pending_.begin(); at != pending_.end();) {
        operation& op = **at++;
        if (!op.awaits_address() || !(op.granted || op.asked))
            continue;
        asked = asked || !op.granted;
        op.address = address_.value;
        complete(op, op.granted ? error_code{} : why, now);
    }
    if (asked && is_gateway_error(why)) {
        gateway_.set_error(why, now);
        fail_waiting(why, now);
    }
}

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

#endif // NATPMP_DETAIL_CORE_ENGINE_RESPONSES_HPP
