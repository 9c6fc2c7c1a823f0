// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What the application asks for: how operations start, wait and complete, and which mappings are
/// kept for them.

#ifndef NATPMP_DETAIL_CORE_ENGINE_OPERATIONS_HPP
#define NATPMP_DETAIL_CORE_ENGINE_OPERATIONS_HPP

#include <natpmp/detail/core/engine_class.hpp>
#include <natpmp/detail/core/engine_mappings.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Why an operation is refused before anything is sent; no error if it is not.
inline error_code engine::refusal(const operation& what, time_point now) const
{
    if (closed_ || closing_)
        return errc::closed;
    const bool options_valid = options_.gateway.is_v4() && options_.local_address.is_v4() &&
                               options_.gateway_port.value() != 0 &&
                               options_.announcement_port.value() != 0 &&
                               options_.timeout.count() >= 0;
    const bool protocol_valid = what.kind == operation_kind::map_pair ||
                                what.request.protocol == protocol::udp ||
                                what.request.protocol == protocol::tcp;
    if (!options_valid || !protocol_valid)
        return errc::invalid_argument;
    if (what.kind == operation_kind::address)
        return now < gateway_error_until_ ? gateway_error_ : error_code{};
    const map_request& request = what.request;
    if (what.kind == operation_kind::unmap) {
        const bool known = request.internal_port.valid() && records_.contains(what.key());
        return known || !what.key().assigned() ? error_code{} : errc::invalid_argument;
    }
    const bool ports_valid = request.gateway_assigns_port
                                 ? request.internal_port == 0 && request.external_port == 0
                                 : !what.key().assigned() && request.external_port.valid();
    const auto lifetime = request.lifetime.count();
    if (!ports_valid || lifetime < 1 || lifetime > 0xFFFFFFFF)
        return errc::invalid_argument;
    return now < gateway_error_until_ && !request.keep_trying ? gateway_error_ : error_code{};
}

inline void engine::start(operation& what, time_point now)
{
    if (what.kind == operation_kind::shutdown)
        return begin_shutdown(what, now);
    if (what.kind == operation_kind::wait_event) {
        if (reader_) {
            what.done = true;
            what.error = errc::already_waiting;
            finished_.push_back(what);
        } else {
            reader_ = &what;
        }
        return;
    }
    const error_code why = refusal(what, now);
    const bool forgets = !why && what.kind == operation_kind::unmap && what.key().assigned();
    if (forgets)
        unmap_record(*records_.find(what.key()), now);
    if (why || forgets) {
        what.done = true;
        what.error = why;
        finished_.push_back(what);
        return;
    }
    if (what.kind != operation_kind::address)
        acquire_all(what);
    if (options_.timeout.count() > 0)
        what.deadline = now + std::min<std::chrono::milliseconds>(options_.timeout, 8760h);
    what.started = true;
    ++operations_;
    order_.push_back(what);
    queue_of(what).push_back(what);
    if (what.maps() && now < gateway_error_until_)
        fail(what, gateway_error_, now);
}

/// Takes hold of the records that an operation is about.
inline void engine::acquire_all(operation& what)
{
    for (std::uint8_t part = 0; part < what.parts(); ++part)
        acquire(what.key(part)); // all that takes memory comes first
    for (std::uint8_t part = 0; part < what.parts(); ++part)
        ++records_.find(what.key(part))->operations;
}

/// The record of a key, made if there is none, and brought back if only the event of its end is
/// left. Nothing else that is done to records takes memory.
inline mapping_record& engine::acquire(mapping_key key)
{
    mapping_record& entry = records_.get(key);
    deletes_.erase(entry);
    guarded_.erase(entry);
    if (entry.ended)
        entry.unread_loss = true;
    entry.ended = false;
    return entry;
}

inline operation_queue& engine::queue_of(const operation& what) noexcept
{
    if (what.kind == operation_kind::shutdown)
        return shutdown_waiters_;
    if (what.kind == operation_kind::unmap)
        return unmap_queue_;
    return what.stage == operation_stage::waiting ? waiting_ : user_queue_;
}

/// Ends an operation early: cancelled, past its deadline, or without an owner. Total cancellation
/// ends it only while nothing was sent for it.
inline void engine::cancel(operation& what, bool total_only, error_code why, time_point now)
{
    if (what.done || (total_only && what.sent))
        return;
    const bool leaves = what.kind == operation_kind::shutdown && what.queue.linked;
    const bool begun = what.started || what.kind == operation_kind::wait_event || leaves;
    if (!begun)
        return;
    if (what.kind == operation_kind::wait_event) {
        if (reader_ == &what)
            reader_ = nullptr;
        what.done = true;
        what.error = why;
        finished_.push_back(what);
        return;
    }
    if (request_ && request_->owner == &what)
        abandon_request(now);
    const bool granted = what.maps() && what.stage == operation_stage::address;
    finish(what, granted && why == errc::timed_out ? error_code{} : why, now);
    if (what.kind == operation_kind::shutdown && shutdown_waiters_.empty() && !closed_)
        finish_shutdown(errc::gateway_silent, now);
}

/// The pending operation with this number; null if there is none.
inline operation* engine::find(std::uint64_t number) const noexcept
{
    if (reader_ && reader_->number == number)
        return reader_;
    for (operation* op = order_.front(); op; op = operation_order::next(*op))
        if (op->number == number)
            return op;
    for (operation* op = shutdown_waiters_.front(); op; op = operation_queue::next(*op))
        if (op->number == number)
            return op;
    return nullptr;
}

inline void engine::cancel_all(time_point now)
{
    const error_code why = net::error::operation_aborted;
    while (operation* each = order_.front())
        cancel(*each, false, why, now);
    if (reader_)
        cancel(*reader_, false, why, now);
    while (operation* each = shutdown_waiters_.front())
        cancel(*each, false, why, now);
}

/// Ends everything at once and for good; nothing more is sent.
inline void engine::close(time_point now)
{
    closed_ = true;
    has_gateway_ = false;
    request_.reset();
    cancel_all(now);
}

/// Takes back an operation whose owner goes away; it completes nowhere.
inline void engine::withdraw(operation& what)
{
    cancel(what, false, net::error::operation_aborted, now_);
    if (what.queue.linked)
        finished_.erase(what);
}

/// Takes an operation to its next stage after a grant.
inline void engine::progress(operation& what, time_point now)
{
    if (what.stage != operation_stage::waiting && what.part + 1 < what.parts()) {
        ++what.part;
        what.stage = operation_stage::clean_up;
        return;
    }
    move_to(what, operation_stage::address);
    if (address_fresh(now))
        finish(what, {}, now);
}

/// A request of an operation failed.
inline void engine::fail(operation& what, error_code why, time_point now)
{
    if (what.maps() && what.stage == operation_stage::address)
        finish(what, {}, now); // the mapping is there; only its address is not known
    else if (what.maps() && what.request.keep_trying)
        wait_for_background(what, why, now);
    else
        finish(what, why, now);
}

/// A gateway without NAT-PMP, or silent, ends every operation that was to ask it. New ones fail
/// with the same error for 10 s.
inline void engine::fail_at_gateway(error_code why, time_point now)
{
    gateway_error_ = why;
    gateway_error_until_ = now + 10s;
    fail_queued(why, now);
}

/// Ends every operation that was to ask the gateway for something.
inline void engine::fail_queued(error_code why, time_point now)
{
    for (operation* each = user_queue_.front(); each;) {
        operation* next = operation_queue::next(*each);
        fail(*each, why, now);
        each = next;
    }
}

/// Changes the stage, and with it the queue in which the operation waits.
inline void engine::move_to(operation& what, operation_stage stage) noexcept
{
    const bool moves =
        (what.stage == operation_stage::waiting) != (stage == operation_stage::waiting);
    if (moves)
        queue_of(what).erase(what);
    what.stage = stage;
    if (moves)
        queue_of(what).push_back(what);
}

inline void engine::unlink(operation& what) noexcept
{
    if (what.queue.linked)
        queue_of(what).erase(what);
    if (what.order.linked)
        order_.erase(what);
}

/// Completes an operation. A mapping that is wanted only because of an operation that failed is
/// deleted again.
inline void engine::finish(operation& what, error_code why, time_point now)
{
    unlink(what);
    what.done = true;
    what.error = why;
    finished_.push_back(what);
    if (what.kind == operation_kind::shutdown)
        return;
    --operations_;
    if (what.kind == operation_kind::address)
        return;
    for (std::uint8_t which = 0; which < what.parts(); ++which) {
        mapping_record& entry = *records_.find(what.key(which));
        --entry.operations;
        if (what.maps() && !why) {
            entry.claimed = true;
            what.mappings[which] = mapping_of(entry);
            if (!entry.reported_mapped) {
                entry.reported_mapped = true;
                report(event_kind::mapped, entry);
            }
        } else if (what.maps() && what.adopted[which] && !entry.claimed) {
            pass_claim_on(entry);
        } else if (why && !what.maps()) {
            entry.error = why;
        }
        delete_if_unwanted(entry, now);
    }
}

/// The mapping is kept no longer. To delete it is up to the caller.
inline void engine::stop_keeping(mapping_record& entry, time_point now)
{
    abort_maps_of(entry.key, now);
    set_kept(entry, false);
    entry.claimed = false;
    unplace(entry);
    if (request_ && request_->entry == &entry && request_->what == request_kind::create)
        abandon_request(now);
}

/// There is no gateway. Completes every queued unmap with `why`; the mappings are no longer kept.
inline void engine::fail_unmaps(error_code why, time_point now)
{
    while (operation* each = unmap_queue_.front()) {
        stop_keeping(*records_.find(each->key()), now);
        finish(*each, why, now);
    }
}

/// Unmaps without an operation that tells the outcome.
inline void engine::unmap_quietly(mapping_key key, time_point now)
{
    mapping_record* entry = closing_ || closed_ ? nullptr : records_.find(key);
    if (entry && entry->kept)
        unmap_record(*entry, now);
}

/// Ends a mapping and what waits for it, whoever wanted it.
inline void engine::unmap_record(mapping_record& entry, time_point now)
{
    ++entry.operations; // keeps the record while its operations end
    stop_keeping(entry, now);
    --entry.operations;
    delete_if_unwanted(entry, now);
}

/// Cancels every map operation that waits for this mapping, which is being unmapped.
inline void engine::abort_maps_of(mapping_key key, time_point now)
{
    for (operation_queue* queue : {&user_queue_, &waiting_})
        for (operation* each = queue->front(); each;) {
            operation* next = operation_queue::next(*each);
            if (each->maps() && each->concerns(key))
                cancel(*each, false, net::error::operation_aborted, now);
            each = next;
        }
}

/// An operation that a mapping was kept for has failed. Passes the claim on to another pending map
/// operation for it; if there is none, the mapping is kept no longer.
inline void engine::pass_claim_on(mapping_record& entry) noexcept
{
    for (operation_queue* queue : {&user_queue_, &waiting_})
        for (operation* each = queue->front(); each; each = operation_queue::next(*each))
            for (std::uint8_t which = 0; each->maps() && which < each->parts(); ++which)
                if (each->key(which) == entry.key && each->holds(which)) {
                    each->adopted[which] = true;
                    return;
                }
    set_kept(entry, false);
    unplace(entry);
}

/// An operation waits for a mapping that is up to be granted again.
inline void engine::schedule_retry(mapping_record& entry, error_code why, time_point now)
{
    const time_point next = now + pause_after(1, why == condition::refused);
    entry.due = renewals_.contains(entry) ? std::min(entry.due, next) : next;
    place(entry);
}

/// Leaves an operation with keep_trying to the background attempts, which go on until one succeeds.
inline void engine::wait_for_background(operation& what, error_code why, time_point now)
{
    move_to(what, operation_stage::waiting);
    for (std::uint8_t which = 0; which < what.parts(); ++which) {
        mapping_record& entry = records_.get(what.key(which));
        if (!entry.kept) {
            what.adopted[which] = true;
            entry.suggested_port = what.request.external_port.value();
            entry.lifetime = static_cast<std::uint32_t>(what.request.lifetime.count());
            set_kept(entry, true);
        }
        if (entry.leased) {
            if (which == what.part || !renewals_.contains(entry))
                schedule_retry(entry, why, now);
            continue;
        }
        entry.due = now;
        if (which == what.part)
            schedule_background(entry, why, now);
        place(entry);
    }
}

/// Where an operation waits for a mapping that is up, its next renewal is not waited for.
inline void engine::retry_sooner_if_awaited(mapping_record& entry, time_point now) const
{
    for (const operation* each = waiting_.front(); each; each = operation_queue::next(*each))
        if (each->concerns(entry.key)) {
            entry.due = std::min(entry.due, now + pause_after(count_failure(entry), false));
            return;
        }
}

/// Completes what waited in the background for this mapping.
inline void engine::complete_waiting(mapping_record& entry, bool was_leased, time_point now)
{
    for (operation* each = waiting_.front(); each;) {
        operation* next = operation_queue::next(*each);
        if (each->concerns(entry.key)) {
            bool complete = true;
            for (std::uint8_t which = 0; which < each->parts(); ++which) {
                mapping_record& part = records_.get(each->key(which));
                if (part.leased)
                    continue;
                complete = false;
                if (was_leased)
                    continue; // its own pause goes on
                part.suggested_port = entry.external_port;
                part.due = now;
                place(part);
            }
            if (complete)
                progress(*each, now);
        }
        each = next;
    }
}

inline void engine::set_kept(mapping_record& entry, bool kept) noexcept
{
    kept_ += kept && !entry.kept;
    kept_ -= !kept && entry.kept;
    entry.kept = kept;
}

/// Silence is the gateway's, not a mapping's: after a pause one request probes it for all. Returns
/// whether this is silence.
inline bool engine::pause_background(error_code why, time_point now)
{
    const bool silent = why == errc::gateway_silent || why == errc::not_supported;
    if (silent && background_not_before_ <= now)
        background_not_before_ = now + pause_after(++silent_attempts_, false);
    return silent;
}

/// Sets when a mapping that is not up is asked for again.
inline void engine::schedule_background(mapping_record& entry, error_code why, time_point now)
{
    entry.error = why;
    if (pause_background(why, now)) {
        // If others are answered it is this mapping's after all.
        entry.due = silent_attempts_ > 1 ? now : now + pause_after(count_failure(entry), false);
    } else if (has_gateway_) {
        const bool refusal = why == condition::refused || why == result_code::unsupported_version;
        entry.due = now + pause_after(count_failure(entry), refusal);
    } else {
        entry.due = now;
    }
    if (!entry.reported_mapped) {
        entry.unread_failures = true;
        report(event_kind::mapping_failing, entry);
    }
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CORE_ENGINE_OPERATIONS_HPP
