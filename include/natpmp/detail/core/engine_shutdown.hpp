// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The shutdown: every mapping is deleted, one at a time, within a limit; then the engine is
/// closed.

#ifndef NATPMP_DETAIL_CORE_ENGINE_SHUTDOWN_HPP
#define NATPMP_DETAIL_CORE_ENGINE_SHUTDOWN_HPP

#include <natpmp/detail/core/engine_operations.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail {

/// Each mapping gets the first of these deletes before any gets the second: 1.75 s in all.
constexpr unsigned shutdown_rounds = 3;

NATPMP_COLD inline void engine::begin_shutdown(operation& op, time_point now)
{
    if (closed_)
        return finish(op, shutdown_error_);
    // A gateway that never answered has nothing to delete, as far as anybody knows.
    const duration most = gateway_.has_answered ? duration{24h} : first_wait;
    const bool joins = closes_at_.has_value();
    closes_at_ = std::min(closes_at_.value_or(never), now + std::min(op.limit, most));
    if (joins)
        return;
    for (auto at = pending_.begin(); at != pending_.end();) {
        operation& each = **at++;
        if (each.kind < operation_kind::wait_event)
            complete(each, errc::closed, now);
    }
    gateway_.recovery.cancel();
    gateway_.retry.cancel();
    address_.due = never;
    const duration left = *closes_at_ - now;
    records_.for_each([&](mapping_record& entry) {
        entry.kept_by = 0;
        entry.failures = 0;
        entry.maps_unanswered = 0; // no time is left for late grants
        if (entry.phase == phase::ended)
            return;
        if (entry.phase == phase::guarded || entry.may_exist_until <= now)
            return end_mapping(entry, cause::shutdown, now);
        entry.may_exist_until = never; // its time at the gateway may end a little later than here
        enter(entry, cause::shutdown, phase::deleting, now, now);
    });
    if (!has_gateway() || records_.count(phase::deleting) == 0)
        return finish_shutdown(errc::no_gateway, now);
    if (!request_)
        return;
    // A request that was sent has a share of the time to be answered in: a late grant would outlive
    // the deletes. One that was not sent gives way at once, and so does one that nobody answers.
    if (request_->transmissions.started() && gateway_.has_answered) {
        const auto shares = static_cast<duration::rep>(records_.count(phase::deleting) + 1);
        request_->transmissions.settle(now + std::min(yield_wait, left / shares));
    } else {
        mapping_record* entry = request_->entry;
        request_.reset();
        if (entry)
            reschedule(*entry, now, now);
    }
}

/// The end of a delete of the shutdown: without an answer the mapping gets another one, after all
/// others had theirs.
inline void engine::shutdown_delete_ended(mapping_record& entry, error_code why, time_point now)
{
    if (why == errc::gateway_silent && !closed_ && gateway_.has_answered &&
        ++entry.failures < shutdown_rounds)
        return reschedule(entry, now, now);
    entry.error = why;
    if (why && gateway_.has_answered)
        shutdown_error_ = errc::shutdown_incomplete;
    events.report_unmapped(entry);
    forget_mapping(entry, cause::deleted, now);
}

/// Ends the shutdown. `why` is the error of each mapping that is still to be deleted.
NATPMP_COLD inline void engine::finish_shutdown(error_code why, time_point now)
{
    closed_ = true;
    if (gateway_.has_answered && now < left_behind_until_)
        shutdown_error_ = errc::shutdown_incomplete;
    request_.reset();
    records_.for_each([&](mapping_record& entry) {
        if (entry.phase == phase::deleting)
            shutdown_delete_ended(entry, why, now);
    });
    gateway_.connected = false;
    for (auto at = pending_.begin(); at != pending_.end();) {
        operation& op = **at++;
        if (op.kind == operation_kind::shutdown)
            complete(op, shutdown_error_, now);
    }
}

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

#endif // NATPMP_DETAIL_CORE_ENGINE_SHUTDOWN_HPP
