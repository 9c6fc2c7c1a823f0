// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What happens by time: the request in flight, and when to wake up next.

#ifndef NATPMP_DETAIL_ENGINE_SCHEDULE_HPP
#define NATPMP_DETAIL_ENGINE_SCHEDULE_HPP

#include <natpmp/detail/engine_state.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// How long a request that must give way still waits for its answer.
constexpr duration parting_wait = 1s;

/// Does what is due. Returns a datagram to send now; call again until there is none.
inline const packet* engine::advance(time_point now)
{
    now_ = now;
    for (;;) {
        expire(now);
        if (!attached_)
            return nullptr;
        if (!flight_ && !begin_next(now))
            return nullptr;
        give_way(now);
        if (flight_->transmissions.due(now))
            return transmit(now);
        if (!flight_->transmissions.over(now))
            return nullptr;
        const bool silent = !flight_->answered_empty;
        recheck_ = recheck_ || (silent && !flight_->preempted);
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
        lose(expiries_.top(), expiries_.top().error, now);
    while (!lingering_.empty() && lingering_.top().due <= now) {
        mapping_record& entry = lingering_.top();
        unplace(entry);
        drop(entry);
    }
    if (recovery_at_ && *recovery_at_ <= now)
        recover(now);
    if (hint_at_ && *hint_at_ <= now)
        take_hint(now);
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
    if (!lingering_.empty())
        consider(lingering_.top().due);
    if (recovery_at_)
        consider(*recovery_at_);
    if (hint_at_)
        consider(*hint_at_);
    if (settled_at_)
        consider(*settled_at_);
    if (!attached_) {
        if (kept_ > 0)
            consider(std::max(attach_at_, attach_not_before_));
        if (!user_queue_.empty() || !unmap_queue_.empty())
            consider(attach_not_before_);
        return next;
    }
    if (flight_)
        consider(flight_->transmissions.wake());
    if (!renewals_.empty())
        consider(renewals_.top().due);
    consider(overdue_at());
    if (!retries_.empty())
        consider(std::max(retries_.top().due, gate_));
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
inline rank engine::waiting(time_point now) const noexcept
{
    if (!unmap_queue_.empty() || !removals_.empty())
        return rank::removal;
    if (overdue_at() <= now && !(flight_->owner && flight_->owner->gave_way))
        return rank::overdue;
    for (const operation* each = user_queue_.front(); each; each = operation_queue::next(*each))
        if (each->not_before <= now && each != flight_->owner)
            return rank::operation;
    if (!renewals_.empty() && renewals_.top().due <= now)
        return rank::renewal;
    return rank::nothing;
}

/// A request in flight makes room for a more urgent one, and a renewal for the next renewal.
inline void engine::give_way(time_point now)
{
    if (closing_ || flight_->rank == rank::removal || !flight_->transmissions.started())
        return;
    const rank next = waiting(now);
    const bool renews = next == rank::renewal || next == rank::overdue;
    if (renews && flight_->rank == rank::renewal) {
        flight_->transmissions.end_by(flight_->first_sent + crowded_burst);
    } else if (next < flight_->rank && !flight_->preempted) {
        flight_->preempted = true;
        if (next == rank::overdue && flight_->owner)
            flight_->owner->gave_way = true;
        flight_->transmissions.settle(now + parting_wait);
    }
}

/// Nobody waits for the answer any more, but it may still tell what the gateway has.
inline void engine::orphan(time_point now)
{
    flight_->owner = nullptr;
    flight_->orphaned = true;
    flight_->transmissions.settle(now + parting_wait);
    if (!flight_->transmissions.started())
        flight_.reset();
}

inline const packet* engine::transmit(time_point now)
{
    flight& request = *flight_;
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
        request.entry->possible = !request.entry->key.assigned();
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
    return flight_ && flight_->transmissions.count() == 1;
}

/// The system refused the datagram that advance() gave last. For the request it counts as one that
/// was lost on its way.
inline void engine::not_sent(error_code why) noexcept
{
    --counters.sent;
    if (flight_->first_sent != now_)
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

#endif // NATPMP_DETAIL_ENGINE_SCHEDULE_HPP
