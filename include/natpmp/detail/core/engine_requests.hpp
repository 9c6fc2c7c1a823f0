// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What happens by time, which request goes out next, and the next action.

#ifndef NATPMP_DETAIL_CORE_ENGINE_REQUESTS_HPP
#define NATPMP_DETAIL_CORE_ENGINE_REQUESTS_HPP

#include <natpmp/detail/core/engine_responses.hpp>

#include <algorithm>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail {

/// Everything that happens by time alone, but for the request in flight.
inline void engine::act_by_time(time_point now)
{
    if (closed_)
        return;
    // In this order: what ends by its limit is not acted for, and a lease that ended is asked for
    // before what merely waits.
    if (closes_at_ && now >= *closes_at_)
        finish_shutdown(errc::gateway_silent, now);
    while (!deadlines_.empty() && deadlines_.begin()->first <= now)
        cancel(*deadlines_.begin()->second, false, errc::timed_out, now);
    act_on_mappings(now); // a lease that ended is no longer one to recover
    const due_part recovery = gateway_.recovery.take(now);
    if (recovery == due_part::whole)
        recover(now);
    const due_part retry = gateway_.retry.take(now);
    if (retry != due_part::none)
        retry_failed(now);
    const bool in_doubt = recovery == due_part::lesser || retry == due_part::whole;
    if (in_doubt && records_.any_wanted())
        address_.due = now;
    act_on_mappings(now);
}

/// Ends the phases whose time is over, and queues the requests that are due.
inline void engine::act_on_mappings(time_point now)
{
    while (mapping_record* first = records_.timeline.front()) {
        mapping_record& entry = *first;
        if (entry.timeline_place->first > now)
            return;
        if (entry.phase_end() > now && entry.phase == phase::guarded)
            forget_mapping(entry, cause::expired, now);
        else if (entry.phase_end() > now)
            make_ready(entry);
        else if (entry.phase == phase::leased)
            on_lease_end(entry, cause::expired, entry.error, now);
        else if (requested_for(entry))
            records_.timeline.move(entry, never); // the end of its delete is the end of all
        else
            end_mapping(entry, cause::expired, now);
    }
}

/// Queues a request that is due. A renewal that is queued comes here again when it is overdue.
inline void engine::make_ready(mapping_record& entry)
{
    const operation* waiter = entry.first_waiter();
    const bool renews = entry.phase == phase::leased && !waiter;
    const bool queued = entry.ready_place->first != not_ready;
    priority urgency = renews ? priority::renewal : priority::background;
    if (entry.phase == phase::deleting)
        urgency = priority::deletion;
    else if (waiter)
        urgency = priority::operation;
    else if (renews && queued)
        urgency = priority::overdue;
    records_.ready.move(entry, {urgency, urgency == priority::operation ? waiter->number : 0});
    const time_point overdue = renews && !queued ? entry.overdue_at() : never;
    records_.timeline.move(entry, std::min(overdue, entry.phase_end()));
}

/// How urgent the address request is among those of the mappings.
inline ready_key engine::address_key(time_point now) const noexcept
{
    if (awaiting_address_ > 0)
        for (const operation* op : pending_)
            if (op->awaits_address() && !op->asked)
                return {priority::operation, op->number};
    return records_.any_wanted() && address_.due <= now ? ready_key{priority::background, 0}
                                                        : not_ready;
}

/// Begins the most urgent request that may go out now; false if there is none.
inline bool engine::begin_request(time_point now)
{
    mapping_record* entry = records_.ready.front();
    ready_key due = entry ? entry->ready_place->first : not_ready;
    if (due.first == priority::background && now < gateway_.background_not_before)
        due = not_ready;
    // The request for the external address is chosen by the same order as those of the mappings.
    // Its answer serves all operations that wait for the address.
    const ready_key address = address_key(now);
    if (address != not_ready && address <= due) {
        unsigned limit = five_transmissions;
        for (operation* op : pending_) {
            op->asked = op->awaits_address();
            if (op->kind == operation_kind::address)
                limit = nine_transmissions;
        }
        address_.due = never;
        request_.emplace(outstanding_request{.priority = address.first,
                                             .bytes = encode_address_request(),
                                             .transmissions = retransmission(limit)});
        return true;
    }
    if (closes_at_ && records_.count(phase::deleting) == 0)
        finish_shutdown({}, now);
    if (due == not_ready || closed_)
        return false;
    if (entry->phase == phase::deleting || entry->phase == phase::cleaning)
        begin_delete(*entry, due.first, now);
    else
        begin_map(*entry, due.first, now);
    return true;
}

/// The one way to ask for a mapping, whether for a first call, another call, a renewal or a retry.
inline void engine::begin_map(mapping_record& entry, priority urgency, time_point now)
{
    const operation* waiter = nullptr; // the last one: what it asks for replaces the rest
    for (operation* op : entry.waiters)
        if (op->awaits(entry.key)) {
            op->asked = true;
            waiter = op;
        }
    outstanding_request request{.kind = request_kind::map,
                                .priority = urgency,
                                .entry = &entry,
                                .transmissions = retransmission(nine_transmissions),
                                .suggested_port = entry.suggested_port,
                                .lifetime = entry.lifetime,
                                .existed_until = entry.may_exist_until,
                                .was_leased = entry.phase == phase::leased};
    if (waiter) {
        request.suggested_port = waiter->request.external_port.value();
        request.lifetime = static_cast<std::uint32_t>(waiter->request.lifetime.count());
    }
    // The port to suggest: for the second mapping of a pair the one that the first was granted; for
    // a renewal the one that was granted; else what the application asks for.
    std::uint16_t port = request.suggested_port;
    const bool again = waiter ? waiter->background || (port == 0 && entry.kept()) : true;
    if (waiter && waiter->part == 1)
        port = records_.find(waiter->key(0))->external_port;
    else if (again && entry.external_port != 0)
        port = entry.external_port; // RFC 6886, section 3.3: the port that was granted
    if (port == 0)
        port = entry.key.internal_port;
    request.bytes =
        encode_map_request(entry.key.protocol, entry.key.internal_port,
                           entry.key.assigned() ? std::uint16_t{1} : port, request.lifetime);
    // Attempts to renew share what is left of the lease; any other request has its whole schedule.
    if (urgency == priority::renewal || urgency == priority::overdue) {
        const renewal_attempt attempt = plan_renewal(entry.next, now, entry.expiry);
        request.priority = priority::renewal;
        request.transmissions = retransmission(nine_transmissions, attempt.begin, attempt.end);
        request.next_renewal = attempt.next;
    }
    request_ = request;
    reschedule(entry, entry.planned, now);
}

/// The delete of what an earlier run may have left, or of a mapping that nobody wants.
inline void engine::begin_delete(mapping_record& entry, priority urgency, time_point now)
{
    const bool removes = entry.phase == phase::deleting;
    // From here on the application's unmap counts; before, cancelling it had no effect.
    if (removes && !entry.unmaps.empty())
        stop_keeping(entry, entry.unmaps.back()->number, now);
    for (operation* op : removes ? entry.unmaps : entry.waiters)
        op->asked = true;
    retransmission transmissions(three_transmissions);
    if (closes_at_) { // a fair share of the time that is left, doubling from round to round
        const duration share =
            (*closes_at_ - now) / static_cast<duration::rep>(records_.count(phase::deleting));
        transmissions = retransmission(1, std::min(first_wait * (1U << entry.failures), share));
    } else if (removes) { // a delete after the end of the lease does nothing
        const unsigned limit = entry.unmaps.empty() ? three_transmissions : five_transmissions;
        transmissions = retransmission(limit, now, entry.expiry > now ? entry.expiry : never);
    }
    request_.emplace(outstanding_request{
        .kind = removes ? request_kind::remove : request_kind::clean_up,
        .priority = urgency,
        .entry = &entry,
        .bytes = encode_map_request(entry.key.protocol, entry.key.internal_port, 0, 0),
        .transmissions = transmissions});
    reschedule(entry, entry.planned, now);
}

/// Calls `function` with each operation that the request in flight was begun for.
template <class Function>
void engine::for_each_asked(Function function)
{
    const auto call = [&](operation* op) {
        if (op->asked)
            function(*op);
    };
    if (mapping_record* entry = request_->entry) {
        std::for_each(entry->waiters.begin(), entry->waiters.end(), call);
        std::for_each(entry->unmaps.begin(), entry->unmaps.end(), call);
    } else if (awaiting_address_ > 0)
        std::for_each(pending_.begin(), pending_.end(), call);
}

/// The request in flight yields to a more urgent one. A renewal lets the next one begin after four
/// transmissions, since a silent gateway would otherwise let one mapping use up the time of all.
inline void engine::yield_to_urgent(time_point now)
{
    outstanding_request& request = *request_;
    if (closes_at_ || request.priority == priority::deletion || !request.transmissions.started())
        return;
    const mapping_record* ready = records_.ready.front();
    priority urgent =
        std::min(ready ? ready->ready_place->first : not_ready, address_key(now)).first;
    if (request.entry && request.entry->first_waiter())
        urgent = std::min(urgent, priority::operation); // it began after this request
    // One renewal that was overdue may pass; then the operation goes on, whatever else is overdue.
    bool let_pass = false;
    for_each_asked([&](const operation& op) { let_pass = let_pass || op.let_renewal_pass; });
    const bool renews = urgent == priority::renewal || urgent == priority::overdue;
    if (renews && request.priority == priority::renewal) {
        request.transmissions.end_by(request.first_sent + least_attempt);
    } else if (urgent < request.priority && !request.yielding &&
               (!let_pass || urgent != priority::overdue)) {
        request.yielding = true;
        if (urgent == priority::overdue)
            for_each_asked([](operation& op) { op.let_renewal_pass = true; });
        request.transmissions.settle(now + yield_wait);
    }
}

/// Tells that the gateway does not answer, once it has not for long enough.
inline void engine::tell_no_response(time_point now)
{
    if (closes_at_ || now < gateway_.no_response_at())
        return;
    const bool sends = last_failure_.failed != last_failure::sending || !last_failure_.error;
    gateway_.no_response = sends ? errc::gateway_silent : last_failure_.error;
    events.report(event_kind::no_response, gateway_.no_response);
}

inline send_datagram engine::transmit(time_point now)
{
    outstanding_request& request = *request_;
    const bool first = !request.transmissions.started();
    if (first)
        request.first_sent = now;
    ++counters.sent;
    counters.retransmitted += !first;
    gateway_.asked(first, now);
    last_failure_.set(last_failure::sending, {});
    request.transmissions.sent(now);
    for_each_asked([](operation& op) { op.sent = true; });
    if (mapping_record* entry = request.entry; entry && request.kind == request_kind::map) {
        entry->history.last_map = now;
        entry->may_exist(now, request.lifetime);
        count_up(entry->maps_unanswered);
    } else if (entry) {
        entry->last_delete = now;
        count_up(entry->deletes_unanswered);
    }
    return {request.bytes.view(), request.transmissions.count() == 1};
}

/// The system refused the datagram that next() gave last. For the request it counts as one that
/// was lost on its way.
inline void engine::not_sent(error_code why) noexcept
{
    --counters.sent;
    counters.retransmitted -= request_->first_sent != now_;
    ++counters.not_sent;
    last_failure_.set(last_failure::sending, why);
}

/// When a gateway is looked for, while there is none; never if nobody needs one.
inline time_point engine::look_up_time() const noexcept
{
    if (has_gateway() || closes_at_ || closed_)
        return never;
    if (std::any_of(pending_.begin(), pending_.end(),
                    [](const operation* op) { return op->needs_gateway(); }))
        return gateway_.look_up_at(true);
    return records_.any_wanted() ? gateway_.look_up_at(false) : never;
}

/// Completes a waiting reader if there is something to read, or never will be.
inline void engine::serve_reader()
{
    if (!reader_)
        return;
    const auto happened = events.take_event();
    if (happened)
        reader_->happened = *happened;
    if (happened || closed_)
        finish(*std::exchange(reader_, nullptr), happened ? error_code{} : errc::closed);
}

/// Begins a turn: what is finished by now is completed in it, what finishes meanwhile in the next.
/// So handlers that start the next operation let other work of their executor go on.
inline void engine::begin_turn()
{
    serve_reader();
    completing_.splice(completing_.end(), finished_);
}

/// What is to be done now. Call it again until it is sleep_until or rest.
inline action engine::next(time_point now)
{
    now_ = now;
    for (;;) {
        if (events.has_reports())
            return report_events{events.take_reports()};
        if (!completing_.empty()) {
            operation* what = completing_.front();
            completing_.pop_front();
            return complete_operation{what};
        }
        act_by_time(now);
        // A gateway is looked for before anything is sent: it may be another one by now.
        if ((gateway_.take_doubt(now) && !closes_at_) || look_up_time() <= now)
            return find_gateway{};
        if (has_gateway() && (request_ || begin_request(now))) {
            yield_to_urgent(now);
            if (request_->transmissions.due(now))
                return transmit(now);
            tell_no_response(now); // a host that slept has sent first: the answer may come at once
            if (request_->transmissions.over(now)) {
                conclude(errc::gateway_silent, nullptr, now);
                continue;
            }
        }
        if (!events.has_reports())
            break;
    }
    serve_reader();
    // What finished in this turn completes in the next one; if nothing is left after that, rest.
    if (!finished_.empty())
        return sleep_until{now};
    if (!closed_ && (!pending_.empty() || records_.any_left()))
        return sleep_until{next_time()};
    disconnect({}, now);
    return rest{};
}

/// When something is to be done next.
inline time_point engine::next_time() const noexcept
{
    time_point next = never;
    const auto consider = [&](time_point at) {
        if (at > now_ && at < next)
            next = at;
    };
    if (const mapping_record* first = records_.timeline.front())
        consider(first->timeline_place->first);
    if (!deadlines_.empty())
        consider(deadlines_.begin()->first);
    for (const time_point at : {closes_at_.value_or(never), look_up_time(), gateway_.recovery.at,
                                gateway_.retry.at, gateway_.routes_settled_at})
        consider(at);
    if (has_gateway() && request_) {
        consider(request_->transmissions.wake());
        if (!closes_at_)
            consider(gateway_.no_response_at());
    }
    if (has_gateway() && !request_)
        consider(gateway_.background_not_before);
    if (has_gateway() && records_.any_wanted())
        consider(address_.due);
    return next;
}

NATPMP_COLD inline status engine::status(time_point now)
{
    natpmp::status result = counters;
    result.resets = gateway_.resets;
    result.last_error = last_failure_.error;
    const auto keeps = [](const operation* op) { return op->granted || op->request.keep_trying; };
    records_.for_each([&](const mapping_record& entry) {
        result.up += entry.up();
        result.kept +=
            entry.kept() || std::any_of(entry.waiters.begin(), entry.waiters.end(), keeps);
    });
    if (has_gateway())
        result.gateway = *gateway_.last;
    result.no_response = !!gateway_.no_response;
    result.external_address = address_.value;
    result.external_address_kind = classify(address_.value);
    result.external_address_error = address_.error;
    if (const time_point next = next_time(); next != never && !closed_)
        result.next_due = std::max(next - now, duration{0});
    return result;
}

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

#endif // NATPMP_DETAIL_CORE_ENGINE_REQUESTS_HPP
