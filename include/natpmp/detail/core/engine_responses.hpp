// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Which datagram answers the request in flight, and what follows from the answer or from silence.

#ifndef NATPMP_DETAIL_CORE_ENGINE_RESPONSES_HPP
#define NATPMP_DETAIL_CORE_ENGINE_RESPONSES_HPP

#include <natpmp/detail/core/engine_gateway.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

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
    const response answer = decode(bytes);
    const ignore_reason reason =
        answer.reason != ignore_reason::none ? answer.reason : match(answer, arrived);
    if (reason != ignore_reason::none) {
        ++counters.ignored[static_cast<std::size_t>(reason)];
        return reason;
    }
    ++counters.received;
    const time_point now = arrived.latest;
    gateway_.answered();
    const arrival_span after_request{std::max(arrived.earliest, request_->first_sent), now};
    request_->granted_from = request_->transmissions.last_until(after_request.earliest);
    if (answer.epoch &&
        gateway_.epoch(*answer.epoch, after_request) == epoch_sign::certainly_lost) {
        ++counters.resets;
        plan_recovery(false, now);
    }
    error_code why{static_cast<int>(answer.result), result_category()};
    if (!why && request_->kind == request_kind::map &&
        (answer.external_port == 0 || answer.lifetime == 0))
        why = errc::invalid_grant;
    if (!why && request_->kind == request_kind::address && answer.address == 0)
        why = result_code::network_failure;
    conclude(why, &answer, now);
    return reason;
}

/// Whether this answers the request in flight. NAT-PMP has no identifiers: opcode, internal port
/// and kind have to serve (RFC 6886, section 3.5).
inline ignore_reason engine::match(const response& answer, const arrival_span& arrived)
{
    if (!answer.opcode)
        return request_ ? ignore_reason::none : ignore_reason::not_awaited;
    mapping_record* entry = request_ ? request_->entry : nullptr;
    if (!request_ || !request_->awaits_answer()) {
        take_late(answer, arrived);
        return ignore_reason::not_awaited;
    }
    const std::uint8_t opcode =
        entry ? static_cast<std::uint8_t>(entry->key.protocol) : address_opcode;
    if (*answer.opcode != opcode) {
        take_late(answer, arrived);
        return ignore_reason::wrong_opcode;
    }
    if (!entry)
        return ignore_reason::none;
    if (!answer.concerns(entry->key.internal_port) || concerns_assigned(answer, entry->key)) {
        take_late(answer, arrived);
        return ignore_reason::wrong_port;
    }
    const bool maps = request_->kind == request_kind::map;
    const bool grants = answer.success() && answer.lifetime != 0;
    if (!maps && !grants) {
        count_down(entry->deletes_unanswered);
        return ignore_reason::none;
    }
    if (maps && answer.success() && answer.external_port == 0 && answer.lifetime == 0)
        return match_delete_answer(*entry);
    if (maps && !answer.success() && entry->deletes_unanswered > 0 &&
        arrived.earliest - entry->last_delete < late_error_window) {
        count_down(entry->deletes_unanswered);
        return ignore_reason::not_awaited;
    }
    count_down(entry->maps_unanswered);
    return maps ? ignore_reason::none : ignore_reason::not_awaited;
}

/// Whether an error that names internal port 0 is about the port that the gateway assigns, while
/// another one is asked for. Some gateways leave the port out of an error.
inline bool engine::concerns_assigned(const response& answer, mapping_key asked) noexcept
{
    if (answer.internal_port != 0 || answer.echoed_port || asked.assigned())
        return false;
    const mapping_record* assigned = records_.find({asked.protocol, 0});
    return assigned && (assigned->phase == phase::leased || assigned->maps_unanswered > 0);
}

/// A success without port and lifetime while a map request is in flight answers a delete (RFC
/// 6886, section 3.4). The gateway may have taken that delete after the map request, so the
/// mapping is renewed soon once it is granted. Where no delete is left to explain it, the gateway
/// may answer map requests so: the request then ends after four transmissions.
inline ignore_reason engine::match_delete_answer(mapping_record& entry) noexcept
{
    request_->delete_answered_meanwhile = true;
    if (entry.deletes_unanswered > 0) {
        count_down(entry.deletes_unanswered);
    } else {
        request_->only_empty_answers = true;
        request_->transmissions.end_by(request_->first_sent + least_attempt);
    }
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
        if (entry->phase == phase::guarded) {
            entry->maps_unanswered = 0; // one more delete, which is not guarded again
            entry->may_exist_until = now + std::chrono::seconds{answer.lifetime};
            enter(*entry, cause::late_grant, phase::deleting, now, now);
        }
        return;
    }
    const bool awaited = entry->deletes_unanswered > 0;
    count_down(entry->deletes_unanswered);
    if (closing_ && entry->phase == phase::deleting) {
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
    if (!request_ || !request_->awaits_answer())
        return;
    gateway_.doubt();
    conclude(errc::not_supported, nullptr, now);
}

/// A datagram that came to the announcement port (RFC 6886, section 3.2.1).
inline ignore_reason engine::announcement(const net::ip::address& source, bytes_view bytes,
                                          const arrival_span& arrived)
{
    const bool from_gateway = has_gateway() && source == gateway_.last()->address;
    const announced what = from_gateway ? decode_announcement(bytes)
                                        : announced{.reason = ignore_reason::wrong_source};
    if (what.reason != ignore_reason::none) {
        ++counters.ignored[static_cast<std::size_t>(what.reason)];
        return what.reason;
    }
    ++counters.received;
    const time_point now = arrived.latest;
    gateway_.clear_error();
    if (what.epoch) {
        const epoch_sign sign = gateway_.epoch(*what.epoch, arrived);
        counters.resets += sign == epoch_sign::certainly_lost;
        if (sign != epoch_sign::kept)
            plan_recovery(sign == epoch_sign::perhaps_lost, now);
        if (what.address != 0)
            set_address(net::ip::address_v4{what.address}, {}, now);
    }
    gateway_.request_retry(!what.epoch, now); // PCP's tells only that there is news
    return what.reason;
}

/// The end of the request in flight, with or without an answer.
inline void engine::conclude(error_code why, const response* answer, time_point now)
{
    outstanding_request done = *request_;
    done.yielding = done.yielding && why == errc::gateway_silent; // else it was answered
    request_.reset();
    if (why && !done.yielding)
        counters.last_error = why;
    if (!done.entry) {
        if (answer)
            set_address(net::ip::address_v4{answer->address}, why, now);
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
    if (asked) {
        entry.suggested_port = done.suggested_port;
        entry.lifetime = done.lifetime;
    }
    entry.external_port = answer.external_port;
    entry.granted = answer.lifetime;
    entry.generation = gateway_.generation();
    entry.failing = false;
    entry.failures = 0;
    entry.error = {};
    if (!entry.key.assigned())
        entry.may_exist_until = std::max(entry.may_exist_until,
                                         done.granted_from + std::chrono::seconds{answer.lifetime});
    if (!entry.wanted() || !entry.unmaps.empty())
        return reschedule(entry, now, now); // it is deleted again
    const duration lifetime = counted_lifetime(answer.lifetime, done.lifetime);
    entry.expiry = done.granted_from + lifetime;
    time_point renewal = done.delete_answered_meanwhile ? now : done.granted_from + lifetime / 2;
    if (entry.awaited()) // by an operation that began after this request
        renewal = std::min(renewal, now + pause_after(1, false));
    enter(entry, cause::granted, phase::leased, renewal, now);
    if (entry.told) {
        counters.renewals += was_leased;
        report(port_changed ? event_kind::port_changed
               : was_leased ? event_kind::renewed
                            : event_kind::restored,
               entry);
        if (!address_.fresh(gateway_.generation(), now) && address_.failures == 0)
            address_.due = now;
    } else if (entry.kept) {
        entry.told = true;
        report(event_kind::mapped, entry);
        address_.due = now;
    }
    for (operation* op : waiters)
        if (op->asked)
            progress(*op, now);
}

/// When a renewal that failed is tried again: as planned, unless it began so late that the next
/// attempt would follow too soon.
inline time_point next_renewal(const outstanding_request& done) noexcept
{
    if (done.next_renewal == never)
        return never;
    const time_point soonest = done.first_sent + least_renewal_gap;
    return soonest - done.next_renewal > late_turn ? soonest : done.next_renewal;
}

/// A map request was refused or not answered.
inline void engine::map_failed(const outstanding_request& done, error_code why, time_point now)
{
    mapping_record& entry = *done.entry;
    const bool refused = why.category() == result_category() && entry.maps_unanswered == 0;
    if (refused || (is_gateway_error(why) && !done.yielding))
        entry.may_exist_until = done.existed_until; // there is nothing to undo
    if (is_gateway_error(why) && why != errc::gateway_silent)
        entry.maps_unanswered = 0; // no late grant to wait for
    if (entry.phase == phase::deleting)
        return entry.wanted() && entry.unmaps.empty() ? want(entry, now)
                                                      : reschedule(entry, now, now);
    auto waiters = entry.waiters; // those that fail leave it
    waiters.remove_if([](operation* op) { return !std::exchange(op->asked, false); });
    if (done.yielding) {
        const bool tried =
            entry.phase == phase::requested && now - done.first_sent >= least_attempt;
        const time_point soon = std::max(now, entry.last_map + least_renewal_gap);
        return reschedule(entry,
                          tried ? now + pause_after(count_up(entry.failures), false)
                          : done.priority == priority::operation ? entry.planned
                                                                 : soon,
                          now);
    }
    entry.error = why;
    bool awaited = false;
    for (operation* op : waiters) {
        awaited = awaited || !op->background;
        op->background = op->background || op->request.keep_trying;
    }
    if (awaited)
        gateway_.pause_background(why, now);
    const mapping_key key = entry.key;
    if (awaited && is_gateway_error(why)) {
        gateway_.set_error(why, now);
        fail_waiting(why, now);
    } else {
        for (operation* op : waiters)
            if (!op->background)
                complete(*op, why, now);
    }
    mapping_record* left = records_.find(key);
    if (left && left->wanted() && left->phase != phase::deleting)
        map_failed_while_wanted(*left, done, why, now);
}

/// A mapping whose request failed is asked for again: the lease before it ends, what has none after
/// a pause.
inline void engine::map_failed_while_wanted(mapping_record& entry, const outstanding_request& done,
                                            error_code why, time_point now)
{
    if (entry.phase == phase::requested && done.was_leased) // the lease ended meanwhile
        return reschedule(entry, now, now);
    if (entry.phase != phase::leased)
        return plan_retry(entry, why, now);
    time_point planned = entry.planned;
    if (done.priority == priority::renewal)
        planned = next_renewal(done);
    else if (planned <= now) // that was the renewal
        planned = plan_renewal(planned, now, entry.expiry).next;
    if (entry.awaited()) // an operation that keeps trying waits for more than the old lease
        planned = std::min(planned, now + pause_after(count_up(entry.failures), false));
    const bool first = done.priority == priority::renewal && !std::exchange(entry.failing, true);
    enter(entry, cause::failed, phase::leased, planned, now);
    if (first && entry.told)
        report(event_kind::renewal_failing, entry);
}

/// A delete was answered, or not; either way it is over.
inline void engine::delete_ended(const outstanding_request& done, error_code why, time_point now)
{
    mapping_record& entry = *done.entry;
    const bool cleans_up = done.kind == request_kind::clean_up;
    if (cleans_up)
        cleaned_.insert(entry.key);
    for (operation* op : entry.waiters)
        op->asked = false;
    if (entry.phase == phase::cleaning) // the map request follows, whatever came of the delete
        return enter(entry, cause::deleted, phase::requested, now, now);
    if (closing_)
        return shutdown_delete_ended(entry, why, now);
    if (cleans_up && !entry.unmaps.empty())
        return reschedule(entry, now, now);
    entry.error = why;
    entry.may_exist_until = entry.expiry = long_ago;
    report_unmapped(entry);
    const auto unmaps = entry.unmaps;
    if (entry.wanted()) // again, since the delete began
        enter(entry, cause::deleted, phase::requested, now, now);
    else
        end_mapping(entry, cause::deleted, now);
    for (operation* op : unmaps)
        complete(*op, why, now);
}

inline void engine::address_ended(const outstanding_request& done, error_code why, time_point now)
{
    if (done.yielding) {
        address_.due = now;
        for (operation* op : pending_)
            op->asked = op->asked && !op->awaits_address();
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

inline void engine::set_address(const net::ip::address_v4& address, error_code why, time_point now)
{
    const bool changed = address_.value != address;
    address_.value = address;
    address_.error = why;
    if (!address.is_unspecified()) {
        address_.asked_at = now;
        address_.generation = gateway_.generation();
    }
    if (changed)
        report_client(event_kind::address_changed, why);
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CORE_ENGINE_RESPONSES_HPP
