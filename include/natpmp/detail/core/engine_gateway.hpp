// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Gateways that come, go, or lose their state, and retries of what failed there.

#ifndef NATPMP_DETAIL_CORE_ENGINE_GATEWAY_HPP
#define NATPMP_DETAIL_CORE_ENGINE_GATEWAY_HPP

#include <natpmp/detail/core/engine_mappings.hpp>

#include <algorithm>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// The longest wait between a loss of the gateway's state and the requests that follow (RFC 6886,
/// section 3.7).
constexpr duration most_recovery_delay = 5s;

/// A reset of the gateway's clock (RFC 6886, section 3.6): all it gave is gone. One recovery, after
/// a random delay, serves however many packets tell of it.
inline void engine::on_gateway_reset(time_point now)
{
    ++counters.resets;
    ++generation_;
    plan_recovery(false, now);
}

/// An announcement leaves it open whether the gateway's clock was reset. The gateway is asked for
/// its address, in the place of a recovery: it is known when an answer came.
inline void engine::on_doubtful_epoch(time_point now)
{
    plan_recovery(true, now);
}

/// One random wait serves for all that tells of the same loss.
inline void engine::plan_recovery(bool asks_only, time_point now)
{
    recovery_asks_ = asks_only && (!recovery_at_ || recovery_asks_);
    if (recovery_at_ || kept_ == 0)
        return;
    if (now - recovery_delay_until_ >= most_recovery_delay) {
        recovery_delay_until_ = now + random_delay(most_recovery_delay);
    }
    recovery_at_ = std::max(recovery_delay_until_, recoveries_.next());
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
        if (!entry.kept || entry.generation == generation_)
            return;
        if (request_ && request_->entry == &entry)
            return; // its answer will be of the new state
        entry.failures = 0;
        entry.due = earliest_create(entry, now);
        place(entry);
    });
}

/// Something may have changed for the better: what failed is tried again (RFC 6886, section 3.1).
inline void engine::retry_failed_now(time_point now)
{
    gateway_error_ = {};
    gateway_error_until_ = long_ago;
    background_not_before_ = long_ago;
    silent_attempts_ = 0;
    if (request_ && request_->what != request_kind::remove)
        request_->transmissions.restart(std::max(now, recovery_delay_until_));
    if (address_.failures > 0)
        address_.due = now;
    records_.for_each([&](mapping_record& entry) {
        if (!entry.kept || (entry.leased && !entry.failing) ||
            (request_ && request_->entry == &entry))
            return;
        entry.failures = 0;
        entry.due = std::max(earliest_create(entry, now), recovery_delay_until_);
        place(entry);
    });
}

/// The same for route notices, which come every few seconds on some hosts, and for announcements,
/// which anyone on the network can forge: three in a row, then one in five minutes.
inline void engine::request_limited_retry(bool ask_address, time_point now)
{
    retry_asks_address_ = retry_asks_address_ || ask_address;
    if (!limited_retry_at_)
        limited_retry_at_ = std::max(now, retry_limit_.next());
}

inline void engine::limited_retry(time_point now)
{
    limited_retry_at_.reset();
    retry_limit_.take(now);
    retry_failed_now(now);
    if (std::exchange(retry_asks_address_, false) && kept_ > 0)
        address_.due = now;
}

/// The application says that the network changed.
inline void engine::network_changed(time_point now)
{
    look_up_at_ = now;
    look_up_failures_ = 0;
    recheck_ = true;
    retry_failed_now(now);
}

/// The host's routes or addresses changed, and probably go on changing for a moment.
inline void engine::host_changed(time_point now)
{
    if (!recheck_route_at_)
        recheck_route_at_ = now + 250ms;
}

inline bool engine::wants_gateway(time_point now) const noexcept
{
    if (has_gateway_ || closing_ || closed_ || limited(now))
        return false;
    return !user_queue_.empty() || !unmap_queue_.empty() || (kept_ > 0 && look_up_at_ <= now);
}

/// Whether to look for the gateway again, before anything is sent.
inline bool engine::take_recheck(time_point now)
{
    if (recheck_route_at_ && *recheck_route_at_ <= now) {
        recheck_route_at_.reset();
        look_up_at_ = now;
        recheck_ = true;
        request_limited_retry(false, now);
    }
    const bool due = wants_recheck(now);
    recheck_ = false;
    return due;
}

inline bool engine::wants_recheck(time_point now) const noexcept
{
    return has_gateway_ && !closing_ &&
           (recheck_ || (recheck_route_at_ && *recheck_route_at_ <= now));
}

/// Whether a gateway that is another one, or back, may be asked for everything again: ten times in
/// a row, then once in a while. Some hosts' routes come and go several times a second.
inline bool engine::may_use_gateway(const gateway& found, time_point now) noexcept
{
    const bool other = gateway_ && gateway_ != found;
    const bool back = !has_gateway_ && (look_up_failures_ > 0 || gateway_not_before_ != long_ago);
    if (!other && !(gateway_ && back))
        return true;
    gateway_not_before_ = std::max(gateway_not_before_, gateway_changes_.next());
    if (gateway_not_before_ > now)
        return false;
    gateway_changes_.take(now);
    return true;
}

/// A socket to this gateway is open.
inline void engine::on_gateway(const gateway& found, time_point now)
{
    const bool by_hand = !options_.gateway.is_unspecified();
    if (!by_hand && !options_.allow_public_address &&
        classify(found.local_address) != address_kind::private_use)
        return on_no_gateway(errc::not_behind_nat, now); // RFC 6886, section 3
    if (!closing_ && !may_use_gateway(found, now))
        return drop_request(now);
    look_up_failures_ = 0;
    gateway_not_before_ = long_ago;
    if (closing_) {
        finish_shutdown(errc::gateway_changed, now);
    } else if (gateway_ != found) {
        has_gateway_ = true;
        change_gateway(found, now);
    } else if (!has_gateway_) {
        has_gateway_ = true;
        retry_failed_now(now);
        if (kept_ > 0)
            address_.due = now; // its answer tells whether the gateway lost its state meanwhile
    }
}

/// Another gateway, or another address of our own: everything again, over there.
inline void engine::change_gateway(const gateway& found, time_point now)
{
    const bool first = !gateway_;
    gateway_ = found;
    request_.reset();
    epoch_.forget();
    unreachable_leases_until_ = long_ago;
    recovery_at_.reset();
    recovery_delay_until_ = long_ago;
    address_ = {};
    retry_failed_now(now);
    if (first)
        return;
    ++generation_;
    report_client(event_kind::gateway_changed, {});
    fail_unmaps(errc::gateway_changed, now);
    for (operation* each = user_queue_.front(); each; each = operation_queue::next(*each)) {
        each->part = 0; // what the old gateway granted counts no more
        each->stage = operation_stage::clean_up;
    }
    records_.for_each([&](mapping_record& entry) { entry.shutdown_delete = false; });
    records_.for_each([&](mapping_record& entry) { leave_gateway(entry, now); });
    if (kept_ > 0)
        address_.due = now;
}

/// What the old gateway has runs out by itself; nothing of it concerns the new one.
inline void engine::leave_gateway(mapping_record& entry, time_point now)
{
    entry.may_exist = false;
    entry.creates_unanswered = entry.removes_unanswered = 0;
    entry.last_remove = long_ago;
    if (entry.leased) {
        on_lease_end(entry, errc::gateway_changed, now);
    } else if (entry.kept) {
        entry.due = earliest_create(entry, now);
        place(entry);
    } else {
        delete_if_unwanted(entry, now);
    }
}

/// There is no gateway to ask now, or no way to it.
inline void engine::on_no_gateway(error_code why, time_point now)
{
    counters.last_error = why;
    if (closing_)
        return finish_shutdown(why, now);
    drop_request(now);
    look_up_at_ = now + pause_after(++look_up_failures_, false);
    fail_queued(why, now);
    fail_unmaps(why, now);
    while (!deletes_.empty())
        end_mapping(deletes_.top(), now);
    while (!guarded_.empty()) {
        mapping_record& entry = guarded_.top();
        unplace(entry);
        erase_when_read(entry);
    }
}

/// Nothing is left to do for now; the socket is closed.
inline void engine::on_idle()
{
    drop_request(now_);
}

/// Gives up the socket, and with it the request in flight.
inline void engine::drop_request(time_point now)
{
    has_gateway_ = false;
    mapping_record* entry = request_ ? request_->entry : nullptr;
    request_.reset();
    if (entry && entry->kept) {
        entry->due = now;
        place(*entry);
    } else if (entry) {
        delete_if_unwanted(*entry, now);
    }
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CORE_ENGINE_GATEWAY_HPP
