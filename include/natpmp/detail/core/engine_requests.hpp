// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Which request goes out next, the one outstanding request, and what else happens by time.

#ifndef NATPMP_DETAIL_CORE_ENGINE_REQUESTS_HPP
#define NATPMP_DETAIL_CORE_ENGINE_REQUESTS_HPP

#include <natpmp/detail/core/engine_class.hpp>
#include <natpmp/detail/core/engine_mappings.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

inline bool engine::begin_next(time_point now)
{
    if (closing_)
        return begin_shutdown_delete(now);
    return begin_delete(now) || (overdue_at() <= now && begin_renewal(now)) ||
           begin_operation(now) || begin_renewal(now) || begin_background(now);
}

inline bool engine::begin_delete(time_point now)
{
    if (operation* what = unmap_queue_.front()) {
        mapping_record& entry = *records_.find(what->key());
        stop_keeping(entry, now);
        const time_point end =
            entry.leased ? entry.expiry : never; // a delete after that does nothing
        begin_delete_request(entry, what, request_kind::remove,
                             retransmission(five_transmissions, now, end));
        return true;
    }
    while (!deletes_.empty()) {
        mapping_record& entry = deletes_.top();
        unplace(entry);
        if (entry.kept || entry.operations > 0)
            continue;
        const time_point end = entry.leased ? entry.expiry : now + duration{127750ms};
        begin_delete_request(entry, nullptr, request_kind::remove,
                             retransmission(three_transmissions, now, end));
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
        begin_address(&what, retransmission(nine_transmissions));
        return true;
    }
    if (what.stage == operation_stage::address) {
        begin_address(&what, retransmission(five_transmissions));
        return true;
    }
    mapping_record& entry = *records_.find(what.key());
    if (what.stage == operation_stage::clean_up) {
        what.stage = operation_stage::create;
        if (what.request.clean_up && clean_up_due(entry)) {
            begin_delete_request(entry, &what, request_kind::clean_up,
                                 retransmission(three_transmissions));
            return true;
        }
    }
    what.not_before = earliest_create(entry, now);
    if (what.not_before > now)
        return false;
    std::uint16_t port = what.request.external_port.value();
    if (what.part == 1)
        port = records_.get(what.key(0)).external_port;
    else if (entry.leased && port == 0)
        port = entry.external_port;
    begin_create(entry, &what, port, static_cast<std::uint32_t>(what.request.lifetime.count()),
                 priority::operation, retransmission(nine_transmissions));
    return true;
}

/// Whether what an earlier run may have left at the gateway was not deleted yet.
inline bool engine::clean_up_due(const mapping_record& entry) const noexcept
{
    return !cleaned_.contains(entry.key) && !entry.key.assigned() && !entry.leased &&
           !entry.may_exist;
}

/// Whether an operation that waits for background attempts has not seen its clean-up yet.
inline bool engine::clean_up_awaited(const mapping_record& entry) const noexcept
{
    if (!clean_up_due(entry))
        return false;
    const operation* each = waiting_.front();
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
    begin_create(entry, nullptr, entry.external_port, entry.lifetime, priority::renewal,
                 retransmission(nine_transmissions, attempt.begin, attempt.end));
    request_->next_attempt = attempt.next;
    return true;
}

inline bool engine::begin_background(time_point now)
{
    if (kept_ > 0 && address_.due <= now) {
        address_.due = never;
        begin_address(nullptr, retransmission(five_transmissions));
        return true;
    }
    while (!retries_.empty() && defer_create(retries_.top(), now)) {
    }
    if (retries_.empty() || std::max(retries_.top().due, background_not_before_) > now)
        return false;
    mapping_record& entry = retries_.top();
    unplace(entry);
    if (clean_up_awaited(entry)) {
        begin_delete_request(entry, nullptr, request_kind::clean_up,
                             retransmission(three_transmissions));
        return true;
    }
    const std::uint16_t port = entry.external_port ? entry.external_port : entry.suggested_port;
    begin_create(entry, nullptr, port, entry.lifetime, priority::background,
                 retransmission(nine_transmissions));
    return true;
}

inline void engine::begin_create(mapping_record& entry, operation* owner, std::uint16_t port,
                                 std::uint32_t lifetime, priority urgency,
                                 retransmission transmissions)
{
    const std::uint16_t suggested = entry.key.assigned() ? 1
                                    : port               ? port
                                           : entry.key.internal_port; // RFC 6886, section 3.3
    entry.late_grant_deleted = false;
    request_.emplace(
        outstanding_request{.what = request_kind::create,
                            .priority = urgency,
                            .owner = owner,
                            .entry = &entry,
                            .bytes = encode_map_request(entry.key.protocol, entry.key.internal_port,
                                                        suggested, lifetime),
                            .lifetime = lifetime,
                            .transmissions = transmissions,
                            .might_exist = entry.may_exist,
                            .was_leased = entry.leased});
}

inline void engine::begin_delete_request(mapping_record& entry, operation* owner, request_kind what,
                                         retransmission transmissions)
{
    request_.emplace(outstanding_request{
        .what = what,
        .priority = what == request_kind::remove ? priority::deletion
                    : owner                      ? priority::operation
                                                 : priority::background,
        .owner = owner,
        .entry = &entry,
        .bytes = encode_map_request(entry.key.protocol, entry.key.internal_port, 0, 0),
        .transmissions = transmissions});
}

inline void engine::begin_address(operation* owner, retransmission transmissions)
{
    request_.emplace(
        outstanding_request{.what = request_kind::address,
                            .priority = owner ? priority::operation : priority::background,
                            .owner = owner,
                            .bytes = encode_address_request(),
                            .transmissions = transmissions});
}

/// How long a request that yields to a more urgent one still waits for its answer.
constexpr duration yield_wait = 1s;

/// Does what is due. Returns a datagram to send now; call again until there is none.
inline const packet* engine::advance(time_point now)
{
    now_ = now;
    for (;;) {
        expire(now);
        if (!has_gateway_)
            return nullptr;
        if (!request_ && !begin_next(now))
            return nullptr;
        yield_to_urgent(now);
        if (request_->transmissions.due(now))
            return transmit(now);
        if (!request_->transmissions.over(now))
            return nullptr;
        const bool silent = !request_->only_empty_answers;
        recheck_ = recheck_ || (silent && !request_->yielding);
        conclude(silent ? errc::gateway_silent : errc::invalid_grant, nullptr, now);
    }
}

/// Everything that happens by time alone, but for the request in flight.
inline void engine::expire(time_point now)
{
    if (closing_ && !closed_ && now >= close_at_)
        finish_shutdown(errc::gateway_silent, now);
    while (order_.front() && order_.front()->deadline <= now)
        cancel(*order_.front(), false, errc::timed_out, now);
    while (!expiries_.empty() && expiries_.top().expiry <= now)
        on_lease_end(expiries_.top(), expiries_.top().error, now);
    while (!guarded_.empty() && guarded_.top().due <= now) {
        mapping_record& entry = guarded_.top();
        unplace(entry);
        erase_when_read(entry);
    }
    if (recovery_at_ && *recovery_at_ <= now)
        recover(now);
    if (limited_retry_at_ && *limited_retry_at_ <= now)
        limited_retry(now);
}

/// When advance() is to be called again.
inline time_point engine::deadline() const noexcept
{
    time_point next = never;
    const auto consider = [&](time_point at) {
        if (at > now_ && at < next)
            next = at;
    };
    if (closing_)
        consider(close_at_);
    if (order_.front())
        consider(order_.front()->deadline);
    if (!expiries_.empty())
        consider(expiries_.top().expiry);
    if (!guarded_.empty())
        consider(guarded_.top().due);
    if (recovery_at_)
        consider(*recovery_at_);
    if (limited_retry_at_)
        consider(*limited_retry_at_);
    if (recheck_route_at_)
        consider(*recheck_route_at_);
    if (!has_gateway_) {
        if (kept_ > 0)
            consider(std::max(look_up_at_, gateway_not_before_));
        if (!user_queue_.empty() || !unmap_queue_.empty())
            consider(gateway_not_before_);
        return next;
    }
    if (request_)
        consider(request_->transmissions.wake());
    if (!renewals_.empty())
        consider(renewals_.top().due);
    consider(overdue_at());
    if (!retries_.empty())
        consider(std::max(retries_.top().due, background_not_before_));
    if (kept_ > 0)
        consider(address_.due);
    for (const operation* each = user_queue_.front(); each && each->not_before > now_;
         each = operation_queue::next(*each))
        consider(each->not_before);
    return next;
}

/// When the next renewal has waited too long; never if none is due before others.
inline time_point engine::overdue_at() const noexcept
{
    if (renewals_.empty())
        return never;
    const mapping_record& next = renewals_.top();
    return next.due + std::max(duration{0}, next.expiry - next.due) / 2;
}

/// The highest rank of what could be sent now if nothing were in flight.
inline priority engine::waiting(time_point now) const noexcept
{
    if (!unmap_queue_.empty() || !deletes_.empty())
        return priority::deletion;
    if (overdue_at() <= now && !(request_->owner && request_->owner->let_renewal_pass))
        return priority::overdue;
    for (const operation* each = user_queue_.front(); each; each = operation_queue::next(*each))
        if (each->not_before <= now && each != request_->owner)
            return priority::operation;
    if (!renewals_.empty() && renewals_.top().due <= now)
        return priority::renewal;
    return priority::nothing;
}

/// A request in flight yields to a more urgent one. A renewal lets the next one begin after four
/// transmissions, since a silent gateway would otherwise let one mapping use up the time of all.
inline void engine::yield_to_urgent(time_point now)
{
    if (closing_ || request_->priority == priority::deletion || !request_->transmissions.started())
        return;
    const priority next = waiting(now);
    const bool renews = next == priority::renewal || next == priority::overdue;
    if (renews && request_->priority == priority::renewal) {
        request_->transmissions.end_by(request_->first_sent + least_attempt);
    } else if (next < request_->priority && !request_->yielding) {
        request_->yielding = true;
        if (next == priority::overdue && request_->owner)
            request_->owner->let_renewal_pass = true;
        request_->transmissions.settle(now + yield_wait);
    }
}

/// Nobody waits for the answer any more, but it may still tell what the gateway has.
inline void engine::abandon_request(time_point now)
{
    request_->owner = nullptr;
    request_->abandoned = true;
    request_->transmissions.settle(now + yield_wait);
    if (!request_->transmissions.started())
        request_.reset();
}

inline const packet* engine::transmit(time_point now)
{
    outstanding_request& request = *request_;
    if (!request.transmissions.started())
        request.first_sent = now;
    else
        ++counters.retransmitted;
    ++counters.sent;
    request.transmissions.sent(now);
    if (request.owner)
        request.owner->sent = true;
    const auto count = [](std::uint8_t& unanswered) {
        if (unanswered < 255)
            ++unanswered;
    };
    if (request.what == request_kind::create) {
        request.entry->last_create = now;
        request.entry->may_exist = !request.entry->key.assigned();
        count(request.entry->creates_unanswered);
    } else if (request.entry) {
        request.entry->last_remove = now;
        count(request.entry->removes_unanswered);
    }
    return &request.bytes;
}

/// Whether the datagram that advance() gave last is the first one of its request.
inline bool engine::first_transmission() const noexcept
{
    return request_ && request_->transmissions.count() == 1;
}

/// The system refused the datagram that advance() gave last. For the request it counts as one that
/// was lost on its way.
inline void engine::not_sent(error_code why) noexcept
{
    --counters.sent;
    if (request_->first_sent != now_)
        --counters.retransmitted;
    ++counters.not_sent;
    counters.last_error = why;
}

inline operation* engine::take_finished() noexcept
{
    serve_reader();
    operation* what = finished_.front();
    if (what)
        finished_.erase(*what);
    return what;
}

/// How many operations take_finished() has to give.
inline std::size_t engine::finished_count()
{
    serve_reader();
    return finished_.size();
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CORE_ENGINE_REQUESTS_HPP
