// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The shutdown: every mapping is deleted, one at a time, within a limit; then the engine is
/// closed.

#ifndef NATPMP_DETAIL_CORE_ENGINE_SHUTDOWN_HPP
#define NATPMP_DETAIL_CORE_ENGINE_SHUTDOWN_HPP

#include <natpmp/detail/core/engine_class.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Each mapping gets the first of these deletes before any gets the second: 1.75 s in all.
constexpr unsigned shutdown_rounds = 3;

inline void engine::begin_shutdown(operation& what, time_point now)
{
    if (closed_) {
        what.done = true;
        what.error = shutdown_error_;
        finished_.push_back(what);
        return;
    }
    shutdown_waiters_.push_back(what);
    close_at_ = std::min(close_at_, now + std::clamp(what.limit, duration{0}, duration{24h}));
    if (closing_)
        return;
    closing_ = true;
    while (operation* each = order_.front())
        cancel(*each, false, errc::closed, now);
    recovery_at_.reset();
    address_.due = never;
    records_.for_each([&](mapping_record& entry) {
        set_kept(entry, false);
        unplace(entry);
        if (!entry.may_exist)
            return end_mapping(entry, now);
        entry.shutdown_delete = true;
        entry.failures = 0;
        entry.due = now;
        deletes_.push(entry);
    });
    if (!has_gateway_ || deletes_.empty())
        return finish_shutdown(errc::no_gateway, now);
    if (request_) {
        const auto shares = static_cast<duration::rep>(deletes_.size() + 1);
        abandon_request(now);
        if (request_)
            request_->transmissions.end_by(now + (close_at_ - now) / shares);
    }
}

/// Sends the next delete. Its wait doubles from round to round, and is never more than a fair share
/// of the time that is left.
inline bool engine::begin_shutdown_delete(time_point now)
{
    if (deletes_.empty()) {
        finish_shutdown({}, now);
        return false;
    }
    mapping_record& entry = deletes_.top();
    const auto left = static_cast<duration::rep>(deletes_.size());
    const duration share = (close_at_ - now) / left;
    const duration wait = std::min(first_wait * (1U << entry.failures), share);
    unplace(entry);
    begin_delete_request(entry, nullptr, request_kind::remove, retransmission(1, wait));
    return true;
}

inline void engine::conclude_shutdown_delete(mapping_record& entry, error_code why, time_point now)
{
    if (!entry.shutdown_delete)
        return delete_if_unwanted(entry, now);
    if (why == errc::gateway_silent && !closed_ && ++entry.failures < shutdown_rounds) {
        entry.due = now;
        unplace(entry);
        deletes_.push(entry);
        return;
    }
    entry.shutdown_delete = false;
    entry.may_exist = false;
    entry.error = why;
    if (why)
        shutdown_error_ = errc::shutdown_incomplete;
    entry.creates_unanswered = 0; // no time is left for late grants
    end_mapping(entry, now);
}

/// Ends the shutdown. `why` is the error of each mapping that is still to be deleted.
inline void engine::finish_shutdown(error_code why, time_point now)
{
    closed_ = true;
    if (now < unreachable_leases_until_)
        shutdown_error_ = errc::shutdown_incomplete;
    mapping_record* last = request_ ? request_->entry : nullptr;
    request_.reset();
    if (last && last->shutdown_delete)
        conclude_shutdown_delete(*last, why, now);
    while (!deletes_.empty())
        conclude_shutdown_delete(deletes_.top(), why, now);
    has_gateway_ = false;
    while (operation* each = shutdown_waiters_.front())
        finish(*each, shutdown_error_, now);
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CORE_ENGINE_SHUTDOWN_HPP
