// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What the application asks for: how operations start, move on and end.

#ifndef NATPMP_DETAIL_ENGINE_OPERATIONS_HPP
#define NATPMP_DETAIL_ENGINE_OPERATIONS_HPP

#include <natpmp/detail/engine_state.hpp>

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
        return now < verdict_until_ ? verdict_ : error_code{};
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
    return now < verdict_until_ && !request.keep_trying ? verdict_ : error_code{};
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
        forget(*records_.find(what.key()), now);
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
    if (what.maps() && now < verdict_until_)
        fail(what, verdict_, now);
}

/// Takes hold of the records that an operation is about.
inline void engine::acquire_all(operation& what)
{
    for (std::uint8_t part = 0; part < what.parts(); ++part)
        acquire(what.key(part)); // all that takes memory comes first
    for (std::uint8_t part = 0; part < what.parts(); ++part)
        ++records_.find(what.key(part))->operations;
}

/// The record of a key, made if there is none, and brought back if only news of its end is left.
/// Nothing else that is done to records takes memory.
inline mapping_record& engine::acquire(mapping_key key)
{
    mapping_record& entry = records_.get(key);
    removals_.erase(entry);
    lingering_.erase(entry);
    if (entry.removed)
        entry.interrupted = true;
    entry.removed = false;
    return entry;
}

inline operation_queue& engine::queue_of(const operation& what) noexcept
{
    if (what.kind == operation_kind::shutdown)
        return leavers_;
    if (what.kind == operation_kind::unmap)
        return unmap_queue_;
    return what.stage == operation_stage::parked ? parked_ : user_queue_;
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
    if (flight_ && flight_->owner == &what)
        orphan(now);
    const bool granted = what.maps() && what.stage == operation_stage::address;
    finish(what, granted && why == errc::timed_out ? error_code{} : why, now);
    if (what.kind == operation_kind::shutdown && leavers_.empty() && !closed_)
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
    for (operation* op = leavers_.front(); op; op = operation_queue::next(*op))
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
    while (operation* each = leavers_.front())
        cancel(*each, false, why, now);
}

/// Ends everything at once and for good; nothing more is sent.
inline void engine::close(time_point now)
{
    closed_ = true;
    attached_ = false;
    flight_.reset();
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
    if (what.stage != operation_stage::parked && what.part + 1 < what.parts()) {
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
        park(what, why, now);
    else
        finish(what, why, now);
}

/// The verdict on a gateway ends what operations were to ask of it.
inline void engine::judge_gateway(error_code why, time_point now)
{
    verdict_ = why;
    verdict_until_ = now + 10s;
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
        (what.stage == operation_stage::parked) != (stage == operation_stage::parked);
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
            if (!entry.announced) {
                entry.announced = true;
                tell(event_kind::mapped, entry);
            }
        } else if (what.maps() && what.adopted[which] && !entry.claimed) {
            bequeath(entry);
        } else if (why && !what.maps()) {
            entry.error = why;
        }
        release(entry, now);
    }
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ENGINE_OPERATIONS_HPP
