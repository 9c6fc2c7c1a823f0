// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Gateways that come, go, or lose their state, and what follows for the mappings.

#ifndef NATPMP_DETAIL_CORE_ENGINE_GATEWAY_HPP
#define NATPMP_DETAIL_CORE_ENGINE_GATEWAY_HPP

#include <natpmp/detail/core/engine_shutdown.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail {

/// The gateway lost its state (RFC 6886, section 3.7): everything that it granted before is asked
/// for again, one request after the other.
inline void engine::recover(time_point now)
{
    if (!address_.fresh(gateway_.generation, now))
        address_.due = now;
    records_.for_each([&](mapping_record& entry) {
        const bool asks = entry.phase == phase::requested || entry.phase == phase::leased;
        if (!asks || entry.generation == gateway_.generation || requested_for(entry))
            return; // the answer to a request in flight will be of the new state
        entry.failures = 0;
        reschedule(entry, now, now);
    });
}

/// Something may have changed for the better: what failed is tried again (RFC 6886, section 3.1).
inline void engine::retry_failed(time_point now)
{
    gateway_.clear_failures();
    const time_point earliest = std::max(now, gateway_.recovery_delay_until);
    if (request_ && request_->kind != request_kind::remove)
        request_->transmissions.restart(earliest);
    if (address_.failures > 0)
        address_.due = now;
    records_.for_each([&](mapping_record& entry) {
        const bool failed =
            entry.phase < phase::leased || (entry.phase == phase::leased && entry.failing);
        if (!failed || requested_for(entry))
            return;
        entry.failures = 0;
        reschedule(entry, earliest, now);
    });
}

/// The application says that the network changed.
inline void engine::network_changed(time_point now)
{
    gateway_.network_changed(now);
    retry_failed(now);
}

/// A socket to this gateway is open.
NATPMP_COLD inline void engine::on_gateway(const gateway& found, time_point now)
{
    // A gateway that was set by hand is trusted to be one.
    const bool by_hand = !options_.gateway.is_unspecified();
    if (!by_hand && !options_.allow_public_address &&
        classify(found.local_address) != address_kind::private_use)
        return on_no_gateway(errc::not_behind_nat, now); // RFC 6886, section 3
    const bool was_lost = !!gateway_.absence;
    const gateway_change change = gateway_.found(found, now);
    last_failure_.set(last_failure::look_up, gateway_.absence);
    if (was_lost && !gateway_.absence)
        events.report(event_kind::gateway_found, {});
    if (change == gateway_change::too_often) {
        disconnect(errc::gateway_changed, now);
        if (!was_lost)
            events.report(event_kind::gateway_lost, gateway_.absence);
    } else if (change == gateway_change::first || change == gateway_change::other) {
        change_gateway(change == gateway_change::first, now);
    } else if (change == gateway_change::back && was_lost) {
        retry_failed(now);
        if (records_.any_wanted())
            address_.due = now; // its answer tells whether the gateway lost its state meanwhile
    } else if (gateway_.error(now)) { // the socket was only closed for want of work
        fail_waiting(gateway_.error(now), now);
    }
}

/// Another gateway, or another address of our own: everything again, over there.
NATPMP_COLD inline void engine::change_gateway(bool first, time_point now)
{
    request_.reset();
    gateway_.forget();
    left_behind_until_ = long_ago;
    const bool knew_address = !address_.value.is_unspecified();
    address_ = {};
    retry_failed(now);
    if (first)
        return;
    ++gateway_.generation;
    events.report(event_kind::gateway_changed, {});
    if (knew_address)
        events.report_address({});
    fail_unmaps(errc::gateway_changed, now);
    for (operation* op : pending_) { // what the old gateway granted counts no more
        if (op->part > 0)
            records_.find(op->key())->waiters.remove(op);
        op->part = 0;
        awaiting_address_ -= op->granted;
        op->granted = op->asked = false;
    }
    records_.for_each([&](mapping_record& entry) { // what the old one holds runs out by itself
        entry.may_exist_until = entry.last_delete = long_ago;
        entry.maps_unanswered = entry.deletes_unanswered = 0;
        const bool cleans_up = entry.phase == phase::cleaning;
        if (entry.wanted() && entry.up())
            on_lease_end(entry, cause::gateway_left, errc::gateway_changed, now);
        else if (entry.wanted())
            enter(entry, cause::gateway_left, cleans_up ? phase::cleaning : phase::requested, now,
                  now);
        else if (entry.phase != phase::ended)
            end_mapping(entry, cause::gateway_left, now);
    });
    if (records_.any_wanted())
        address_.due = now;
}

/// There is no gateway to ask now, or no way to it.
inline void engine::on_no_gateway(error_code why, time_point now)
{
    last_failure_.set(last_failure::look_up, why);
    if (closes_at_)
        return finish_shutdown(why, now);
    disconnect(why, now);
    const bool was_lost = !!gateway_.absence;
    gateway_.not_found(why, now);
    if (!was_lost)
        events.report(event_kind::gateway_lost, why);
    fail_waiting(why, now);
}

/// Gives up the socket, and with it the request in flight. Nothing can be deleted without one.
NATPMP_COLD inline void engine::disconnect(error_code why, time_point now)
{
    gateway_.connected = false;
    // The mapping of the request in flight is asked for again at the next gateway.
    mapping_record* entry = request_ ? request_->entry : nullptr;
    request_.reset();
    for (operation* op : pending_)
        op->asked = false;
    if (entry && entry->wanted())
        reschedule(*entry, now, now);
    fail_unmaps(why, now);
    records_.for_each([&](mapping_record& each) {
        if (each.phase != phase::deleting && each.phase != phase::guarded)
            return;
        if (each.wanted())
            want(each, now);
        else
            end_mapping(each, cause::gateway_left, now);
    });
}

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

#endif // NATPMP_DETAIL_CORE_ENGINE_GATEWAY_HPP
