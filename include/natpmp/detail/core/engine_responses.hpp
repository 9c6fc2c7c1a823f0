// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Which datagram answers the outstanding request, and what follows.

#ifndef NATPMP_DETAIL_CORE_ENGINE_RESPONSES_HPP
#define NATPMP_DETAIL_CORE_ENGINE_RESPONSES_HPP

#include <natpmp/detail/core/engine_class.hpp>
#include <natpmp/detail/core/engine_mappings.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// How long an answer to an earlier datagram is expected to arrive still.
constexpr duration late_answer_window = 10s;

/// How long an error, which may refuse either request, is taken to refuse an earlier delete.
constexpr duration late_error_window = 1s;

inline void count_down(std::uint8_t& unanswered) noexcept
{
    if (unanswered > 0)
        --unanswered;
}

/// A datagram from the gateway, on the socket that requests go out from. Returns why it was
/// ignored, if it was; then it has stopped no timer and changed no state.
inline ignore_reason engine::receive(bytes_view bytes, const arrival_span& arrived)
{
    const response answer = decode(bytes);
    const ignore_reason reason =
        answer.reason != ignore_reason::none ? answer.reason : judge(answer, arrived);
    if (reason != ignore_reason::none) {
        ++counters.ignored[static_cast<std::size_t>(reason)];
        return reason;
    }
    ++counters.received;
    accept(answer, arrived);
    return reason;
}

/// Whether this is the answer to the request in flight (RFC 6886, section 3.5: no identifiers).
inline ignore_reason engine::judge(const response& answer, const arrival_span& arrived)
{
    if (!answer.opcode)
        return request_ ? ignore_reason::none : ignore_reason::not_awaited;
    if (!request_ || !request_->transmissions.started())
        return judge_late(answer, arrived);
    mapping_record* entry = request_->entry;
    const std::uint8_t opcode =
        entry ? static_cast<std::uint8_t>(entry->key.protocol) : address_opcode;
    if (*answer.opcode != opcode) {
        judge_late(answer, arrived);
        return ignore_reason::wrong_opcode;
    }
    if (!entry)
        return ignore_reason::none;
    if (!answer.concerns(entry->key.internal_port) || concerns_assigned(answer, entry->key)) {
        judge_late(answer, arrived);
        return ignore_reason::wrong_port;
    }

    const bool removes = request_->what != request_kind::create;
    const bool grants = answer.success() && answer.lifetime != 0;
    if (removes && !grants) {
        count_down(entry->removes_unanswered);
        return ignore_reason::none;
    }
    if (!removes && answer.success() && answer.external_port == 0 && answer.lifetime == 0)
        return judge_delete_answer(*entry);
    if (!removes && !answer.success() && entry->removes_unanswered > 0 &&
        arrived.earliest - entry->last_remove < late_error_window) {
        count_down(entry->removes_unanswered);
        return ignore_reason::not_awaited;
    }
    count_down(entry->creates_unanswered);
    return removes ? ignore_reason::not_awaited : ignore_reason::none;
}

/// Whether an error that names internal port 0 is about the port that the gateway assigns, while
/// another one is asked for. Some gateways leave the port out of an error.
inline bool engine::concerns_assigned(const response& answer, mapping_key asked) noexcept
{
    if (answer.internal_port != 0 || answer.echoed_port || asked.assigned())
        return false;
    const mapping_record* assigned = records_.find({asked.protocol, 0});
    return assigned && (assigned->leased || assigned->creates_unanswered > 0);
}

/// A success without port and lifetime while a map request is in flight: the answer to a delete
/// (RFC 6886, section 3.4). That delete may have reached the gateway after the map request, so the
/// mapping is made sure of once it is granted. Where no delete is left to explain it, the gateway
/// may answer map requests so: the request ends sooner, for another answer or for none.
inline ignore_reason engine::judge_delete_answer(mapping_record& entry) noexcept
{
    request_->delete_answered_meanwhile = true;
    if (entry.removes_unanswered > 0) {
        count_down(entry.removes_unanswered);
    } else {
        request_->only_empty_answers = true;
        request_->transmissions.end_by(request_->first_sent + least_attempt);
    }
    return ignore_reason::not_awaited;
}

/// An answer that nothing in flight awaits may still tell that the gateway took requests in another
/// order than they were answered.
inline ignore_reason engine::judge_late(const response& answer, const arrival_span& arrived)
{
    constexpr auto reason = ignore_reason::not_awaited;
    const time_point now = arrived.latest;
    if (!answer.success() || *answer.opcode == address_opcode || !answer.internal_port)
        return reason;
    mapping_record* entry =
        records_.find({static_cast<protocol>(*answer.opcode), *answer.internal_port});
    if (!entry)
        return reason;
    if (answer.lifetime != 0) {
        count_down(entry->creates_unanswered);
        if (guarded_.contains(*entry) && !entry->late_grant_deleted) {
            unplace(*entry);
            entry->late_grant_deleted = true;
            entry->due = now;
            deletes_.push(*entry);
        }
    } else {
        const bool expected = entry->removes_unanswered > 0;
        count_down(entry->removes_unanswered);
        if (entry->shutdown_delete) {
            if (expected)
                conclude_shutdown_delete(*entry, {}, now);
        } else if (entry->kept && entry->leased && renewals_.contains(*entry) &&
                   arrived.earliest - entry->last_remove <= late_answer_window) {
            unplace(*entry);
            entry->removes_unanswered = 0;
            entry->due = std::max(now, entry->last_create + least_request_gap);
            place(*entry);
        }
    }
    return reason;
}

/// The answer to the request in flight.
inline void engine::accept(const response& answer, const arrival_span& arrived)
{
    const time_point now = arrived.latest;
    gateway_error_ = {};
    gateway_error_until_ = long_ago;
    background_not_before_ = long_ago;
    silent_attempts_ = 0;
    const arrival_span after_request{std::max(arrived.earliest, request_->first_sent), now};
    request_->granted_from = request_->transmissions.last_until(after_request.earliest);
    if (answer.epoch && epoch_.update(*answer.epoch, after_request) == epoch_sign::certainly_lost)
        on_gateway_reset(now);

    error_code why{static_cast<int>(answer.result), result_category()};
    if (!why && request_->what == request_kind::create &&
        (answer.external_port == 0 || answer.lifetime == 0))
        why = errc::invalid_grant;
    if (!why && request_->what == request_kind::address && answer.address == 0)
        why = result_code::network_failure;
    conclude(why, &answer, now);
}

/// ICMP port unreachable (RFC 6886, section 3.1).
inline void engine::refused(time_point now)
{
    if (!request_ || !request_->transmissions.started())
        return;
    recheck_ = true;
    conclude(errc::not_supported, nullptr, now);
}

/// A datagram that came to the announcement port (RFC 6886, section 3.2.1).
inline ignore_reason engine::announcement(const net::ip::address& source, bytes_view bytes,
                                          const arrival_span& arrived)
{
    const time_point now = arrived.latest;
    const auto reason = [&] {
        if (!has_gateway_ || source != gateway_->address)
            return ignore_reason::wrong_source;
        if (bytes.size() < 2)
            return ignore_reason::too_short;
        if (bytes[1] != (address_opcode | response_bit))
            return ignore_reason::wrong_opcode;
        if (bytes[0] == pcp_version)
            return ignore_reason::none;
        if (bytes[0] != 0)
            return ignore_reason::wrong_version;
        if (bytes.size() < 12)
            return ignore_reason::too_short;
        const response answer = decode(bytes);
        const bool has_epoch = answer.opcode && answer.epoch; // not so with codes 1 and 5
        return has_epoch ? ignore_reason::none : ignore_reason::wrong_opcode;
    }();
    if (reason != ignore_reason::none) {
        ++counters.ignored[static_cast<std::size_t>(reason)];
        return reason;
    }
    ++counters.received;
    gateway_error_ = {};
    gateway_error_until_ = long_ago;
    if (bytes[0] == pcp_version) {
        request_limited_retry(true, now);
    } else {
        const response answer = decode(bytes);
        const epoch_sign sign = epoch_.update(*answer.epoch, arrived);
        if (sign == epoch_sign::certainly_lost)
            on_gateway_reset(now);
        else if (sign == epoch_sign::perhaps_lost)
            on_doubtful_epoch(now);
        if (answer.success() && answer.address != 0)
            set_address(net::ip::address_v4{answer.address}, {}, now);
        request_limited_retry(false, now);
    }
    return reason;
}

/// How long a known external address is good enough for a new mapping.
constexpr duration address_lifetime = 15min;

/// How often it is asked for at least, while there are mappings.
constexpr duration address_interval = 3h;

/// Whether a gateway that answers so has no NAT-PMP at all, or not now (RFC 6886, section 3.1).
inline bool is_gateway_error(const error_code& why) noexcept
{
    return why == errc::gateway_silent || why == errc::not_supported ||
           why == result_code::unsupported_version;
}

/// The end of the request in flight, with or without an answer.
inline void engine::conclude(error_code why, const response* answer, time_point now)
{
    outstanding_request done = *request_;
    done.yielding = done.yielding && why == errc::gateway_silent; // else it was answered
    request_.reset();
    if (why && !done.yielding && !done.abandoned)
        counters.last_error = why;
    if (done.what == request_kind::address) {
        if (answer)
            set_address(net::ip::address_v4{answer->address}, why, now);
        return conclude_address(done, why, now);
    }
    if (closing_ && done.what == request_kind::remove)
        return conclude_shutdown_delete(*done.entry, why, now);
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
    delete_if_unwanted(*done.entry, now);
}

/// The map request follows, whatever came of the delete before it.
inline void engine::conclude_clean_up(mapping_record& entry, time_point now)
{
    cleaned_.insert(entry.key);
    if (!entry.kept)
        return;
    entry.due = now;
    place(entry);
}

inline void engine::conclude_create(const outstanding_request& done, error_code why, time_point now)
{
    mapping_record& entry = *done.entry;
    if (why && !done.yielding)
        entry.error = why;
    const bool refused =
        why && why.category() == result_category() && entry.creates_unanswered == 0;
    if (refused || (is_gateway_error(why) && !done.yielding && !done.abandoned))
        entry.may_exist = done.might_exist; // so there is nothing to undo
    if (is_gateway_error(why) && why != errc::gateway_silent)
        entry.creates_unanswered = 0; // and no late grant to wait for
    if (done.owner && !why)
        progress(*done.owner, now);
    else if (done.owner && !done.yielding) {
        pause_background(why, now);
        if (is_gateway_error(why) && entry.leased && entry.due <= now) { // that was the renewal
            entry.due = plan_renewal(entry.due, now, entry.expiry).next;
            retry_sooner_if_awaited(entry, now);
            place(entry);
        }
        if (is_gateway_error(why))
            fail_at_gateway(why, now);
        else
            fail(*done.owner, why, now);
    } else if (!done.owner && !done.abandoned && why && entry.kept) {
        create_failed(entry, done, why, now);
    }
    if (!why)
        complete_waiting(entry, done.was_leased, now);
}

/// When a failed renewal is tried again: as planned, unless it began so late that the next attempt
/// would follow too soon.
inline time_point engine::next_renewal(const outstanding_request& done) noexcept
{
    if (done.next_attempt == never)
        return never;
    const time_point soonest = done.first_sent + least_renewal_gap;
    return soonest - done.next_attempt > late_turn ? soonest : done.next_attempt;
}

/// A renewal or a background attempt failed: the mapping is up until its lifetime ends.
inline void engine::create_failed(mapping_record& entry, const outstanding_request& done,
                                  error_code why, time_point now)
{
    unplace(entry);
    if (done.was_leased && !entry.leased) { // the lease ended meanwhile, as at any other time
        entry.due = earliest_create(entry, now);
    } else if (done.yielding && !entry.leased && now - done.first_sent >= least_attempt) {
        entry.due = now + pause_after(count_failure(entry), false);
    } else if (done.yielding) {
        entry.due = std::max(now, entry.last_create + least_renewal_gap);
    } else if (!entry.leased) {
        schedule_background(entry, why, now);
    } else {
        const bool first = !entry.failing;
        entry.failing = true;
        entry.due = done.priority == priority::renewal ? next_renewal(done) : entry.expiry;
        retry_sooner_if_awaited(entry, now);
        if (first && entry.reported_mapped)
            report(event_kind::renewal_failing, entry);
    }
    place(entry);
}

/// The gateway made or extended a mapping, perhaps with another port and lifetime (RFC 6886,
/// section 3.3).
inline void engine::grant(mapping_record& entry, const outstanding_request& done,
                          const response& answer, time_point now)
{
    if (done.owner) {
        operation& what = *done.owner;
        what.adopted[what.part] = !entry.kept;
        set_kept(entry, true);
        entry.suggested_port = what.request.external_port.value();
        entry.lifetime = done.lifetime;
    }
    const bool was_leased = entry.leased;
    const std::uint16_t old_port = entry.external_port;
    entry.may_exist = !entry.key.assigned();
    entry.external_port = answer.external_port;
    entry.granted = answer.lifetime;
    entry.generation = generation_;
    entry.failing = false;
    entry.failures = 0;
    entry.error = {};
    if (!entry.kept)
        return; // nobody wants it any more; it will be deleted again
    unplace(entry);
    const duration lifetime = counted_lifetime(answer.lifetime, done.lifetime);
    expiries_.erase(entry);
    entry.expiry = done.granted_from + lifetime;
    expiries_.push(entry);
    set_leased(entry, true);
    entry.due = std::max(done.delete_answered_meanwhile ? now : done.granted_from + lifetime / 2,
                         entry.last_create + least_request_gap);
    place(entry);

    if (entry.reported_mapped) {
        counters.renewals += was_leased;
        report(old_port != entry.external_port ? event_kind::port_changed
               : was_leased                    ? event_kind::renewed
                                               : event_kind::restored,
               entry);
        if (!address_fresh(now) && address_.failures == 0)
            address_.due = now;
    }
}

inline void engine::conclude_remove(const outstanding_request& done, error_code why, time_point now)
{
    mapping_record& entry = *done.entry;
    const bool abandoned = done.abandoned && why; // its operation was cancelled: once more without
    if (!abandoned && (!entry.kept || !why)) {
        entry.may_exist = false;
        entry.error = why;
        set_leased(entry, false);
        expiries_.erase(entry);
        report_unmapped(entry);
    }
    if (entry.kept && !retries_.contains(entry)) { // somebody asked for it again meanwhile
        entry.due = earliest_create(entry, now);
        place(entry);
    }
    if (done.owner)
        finish(*done.owner, why, now);
}

inline void engine::conclude_address(const outstanding_request& done, error_code why,
                                     time_point now)
{
    if (done.yielding || done.abandoned) {
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
    else if (is_gateway_error(why))
        fail_at_gateway(why, now);
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
        report_client(event_kind::address_changed, why);
}

inline bool engine::address_fresh(time_point now) const noexcept
{
    return address_.generation == generation_ && !address_.value.is_unspecified() &&
           now - address_.asked_at < address_lifetime;
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CORE_ENGINE_RESPONSES_HPP
