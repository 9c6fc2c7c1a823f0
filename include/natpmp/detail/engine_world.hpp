// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Changes of the world: gateways that come and go, or lose their state, and hints of it.

#ifndef NATPMP_DETAIL_ENGINE_WORLD_HPP
#define NATPMP_DETAIL_ENGINE_WORLD_HPP

#include <natpmp/detail/engine_keeping.hpp>

#include <algorithm>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// The longest wait between a loss of the gateway's state and the requests that follow.
constexpr duration most_recovery_delay = 5s;

/// A reset of the gateway's clock (E-2): all it gave is gone. One recovery, after a random delay,
/// serves however many packets tell of it.
inline void engine::state_lost(time_point now)
{
    ++counters.resets;
    ++generation_;
    plan_recovery(false, now);
}

/// An announcement leaves it open whether the gateway's clock was reset. The gateway is asked for
/// its address, in the place of a recovery: it is known when an answer came.
inline void engine::doubt_state(time_point now)
{
    plan_recovery(true, now);
}

/// One random wait serves for all that tells of the same loss.
inline void engine::plan_recovery(bool asks_only, time_point now)
{
    recovery_asks_ = asks_only && (!recovery_at_ || recovery_asks_);
    if (recovery_at_ || kept_ == 0)
        return;
    if (now - quiet_until_ >= most_recovery_delay) {
        quiet_until_ = now + random_delay(most_recovery_delay);
    }
    recovery_at_ = std::max(quiet_until_, recoveries_.next());
}

/// A random time from 0 to `most`.
inline duration engine::random_delay(duration most) noexcept
{
    random_ = random_ * 1664525U + 1013904223U; // the low bits of its states repeat soon
    return most * (random_ >> 8) / (1 << 24);
}

inline void engine::recover(time_point now)
{
    recovery_at_.reset();
    recoveries_.take(now);
    if (recovery_asks_ || !address_fresh(now))
        address_.due = now;
    if (recovery_asks_)
        return;
    records_.for_each([&](mapping_record& entry) {
        if (!entry.wanted || entry.generation == generation_)
            return;
        if (flight_ && flight_->entry == &entry)
            return; // its answer will be of the new state
        entry.failures = 0;
        entry.due = earliest_create(entry, now);
        place(entry);
    });
}

/// Something may have changed for the better: what failed is tried again (T-7).
inline void engine::hint(time_point now)
{
    verdict_ = {};
    verdict_until_ = long_ago;
    gate_ = long_ago;
    silences_ = 0;
    if (flight_ && flight_->what != request_kind::remove)
        flight_->transmissions.restart(std::max(now, quiet_until_));
    if (address_.failures > 0)
        address_.due = now;
    records_.for_each([&](mapping_record& entry) {
        if (!entry.wanted || (entry.live && !entry.failing) ||
            (flight_ && flight_->entry == &entry))
            return;
        entry.failures = 0;
        entry.due = std::max(earliest_create(entry, now), quiet_until_);
        place(entry);
    });
}

/// The same, for a hint that comes without end at some places, or that anyone on the network can
/// forge: a few count, then one in a while.
inline void engine::hint_by_rumour(bool ask_address, time_point now)
{
    hint_asks_ = hint_asks_ || ask_address;
    if (!hint_at_)
        hint_at_ = std::max(now, hints_.next());
}

inline void engine::take_hint(time_point now)
{
    hint_at_.reset();
    hints_.take(now);
    hint(now);
    if (std::exchange(hint_asks_, false) && kept_ > 0)
        address_.due = now;
}

/// The application says that the network changed.
inline void engine::network_changed(time_point now)
{
    attach_at_ = now;
    attach_failures_ = 0;
    recheck_ = true;
    hint(now);
}

/// The host's routes or addresses changed, and probably go on changing for a moment.
inline void engine::host_changed(time_point now)
{
    if (!settled_at_)
        settled_at_ = now + 250ms;
}

inline bool engine::wants_gateway(time_point now) const noexcept
{
    if (attached_ || closing_ || closed_ || limited(now))
        return false;
    return !user_queue_.empty() || !unmap_queue_.empty() || (kept_ > 0 && attach_at_ <= now);
}

/// Whether to look for the gateway again, before anything is sent.
inline bool engine::take_recheck(time_point now)
{
    if (settled_at_ && *settled_at_ <= now) {
        settled_at_.reset();
        attach_at_ = now;
        recheck_ = true;
        hint_by_rumour(false, now);
    }
    const bool due = wants_recheck(now);
    recheck_ = false;
    return due;
}

inline bool engine::wants_recheck(time_point now) const noexcept
{
    return attached_ && !closing_ && (recheck_ || (settled_at_ && *settled_at_ <= now));
}

/// Whether a gateway that is another one, or back, may be asked for everything again: ten times in
/// a row, then once in a while. Some hosts' routes come and go several times a second.
inline bool engine::may_attach(const gateway& found, time_point now) noexcept
{
    const bool other = gateway_ && gateway_ != found;
    const bool back = !attached_ && (attach_failures_ > 0 || attach_not_before_ != long_ago);
    if (!other && !(gateway_ && back))
        return true;
    attach_not_before_ = std::max(attach_not_before_, changes_.next());
    if (attach_not_before_ > now)
        return false;
    changes_.take(now);
    return true;
}

/// A socket to this gateway is open.
inline void engine::attach(const gateway& found, time_point now)
{
    const bool by_hand = !options_.gateway.is_unspecified();
    if (!by_hand && !options_.allow_public_address &&
        classify(found.local_address) != address_kind::private_use)
        return detach(errc::not_behind_nat, now);
    if (!closing_ && !may_attach(found, now))
        return drop_flight(now);
    attach_failures_ = 0;
    attach_not_before_ = long_ago;
    if (closing_) {
        finish_shutdown(errc::gateway_changed, now);
    } else if (gateway_ != found) {
        attached_ = true;
        change_gateway(found, now);
    } else if (!attached_) {
        attached_ = true;
        hint(now);
        if (kept_ > 0)
            address_.due = now; // its answer tells whether the gateway lost its state meanwhile
    }
}

/// Another gateway, or another address of our own: everything again, over there (H-1, H-3).
inline void engine::change_gateway(const gateway& found, time_point now)
{
    const bool first = !gateway_;
    gateway_ = found;
    flight_.reset();
    epoch_.forget();
    left_until_ = long_ago;
    recovery_at_.reset();
    quiet_until_ = long_ago;
    address_ = {};
    hint(now);
    if (first)
        return;
    ++generation_;
    tell_client(event_kind::gateway_changed, {});
    fail_unmaps(errc::gateway_changed, now);
    for (operation* each = user_queue_.front(); each; each = operation_queue::next(*each)) {
        each->part = 0; // what the old gateway granted counts no more
        each->stage = operation_stage::clean_up;
    }
    records_.for_each([&](mapping_record& entry) { entry.farewell = false; });
    records_.for_each([&](mapping_record& entry) { leave_gateway(entry, now); });
    if (kept_ > 0)
        address_.due = now;
}

/// What the old gateway has runs out by itself; nothing of it concerns the new one.
inline void engine::leave_gateway(mapping_record& entry, time_point now)
{
    entry.possible = false;
    entry.creates_unanswered = entry.removes_unanswered = 0;
    entry.last_remove = long_ago;
    if (entry.live) {
        lose(entry, errc::gateway_changed, now);
    } else if (entry.wanted) {
        entry.due = earliest_create(entry, now);
        place(entry);
    } else {
        release(entry, now);
    }
}

/// There is no gateway to ask now, or no way to it.
inline void engine::detach(error_code why, time_point now)
{
    counters.last_error = why;
    if (closing_)
        return finish_shutdown(why, now);
    drop_flight(now);
    attach_at_ = now + pause_after(++attach_failures_, false);
    fail_queued(why, now);
    fail_unmaps(why, now);
    while (!removals_.empty())
        retire(removals_.top(), now);
    while (!lingering_.empty()) {
        mapping_record& entry = lingering_.top();
        unplace(entry);
        drop(entry);
    }
}

/// Nothing is left to do for now; the socket is closed.
inline void engine::suspend()
{
    drop_flight(now_);
}

/// Gives up the socket, and with it the request in flight.
inline void engine::drop_flight(time_point now)
{
    attached_ = false;
    mapping_record* entry = flight_ ? flight_->entry : nullptr;
    flight_.reset();
    if (entry && entry->wanted) {
        entry->due = now;
        place(*entry);
    } else if (entry) {
        release(*entry, now);
    }
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ENGINE_WORLD_HPP
