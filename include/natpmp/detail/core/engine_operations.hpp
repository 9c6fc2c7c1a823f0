// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What the application asks for: how operations start, wait, and complete.

#ifndef NATPMP_DETAIL_CORE_ENGINE_OPERATIONS_HPP
#define NATPMP_DETAIL_CORE_ENGINE_OPERATIONS_HPP

#include <natpmp/detail/core/engine_mappings.hpp>

#include <algorithm>
#include <limits>
#include <list>

namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail {

/// What is wrong with the options; no error if nothing is.
inline error_code check(const client_options& options)
{
    if (!options.gateway.is_v4() || !options.local_address.is_v4() ||
        options.gateway_port.value() == 0 || options.announcement_port.value() == 0)
        return errc::invalid_options;
    return options.timeout.count() < 0 ? make_error_code(errc::invalid_timeout) : error_code{};
}

/// What is wrong with the arguments of an operation; `known` tells whether there is a record of its
/// mapping.
inline error_code check(const operation& op, bool known)
{
    const map_request& request = op.request;
    const bool is_port = request.internal_port.valid() && !op.key().assigned();
    const bool assigned = request.internal_port == 0;
    if (op.kind != operation_kind::map_pair && request.protocol != protocol::udp &&
        request.protocol != protocol::tcp)
        return errc::invalid_protocol;
    if (op.kind == operation_kind::unmap && !is_port && !(assigned && known))
        return errc::invalid_internal_port;
    if (!op.maps())
        return {};
    if (request.gateway_assigns_port ? !assigned : !is_port)
        return errc::invalid_internal_port;
    if (request.gateway_assigns_port ? request.external_port != 0 : !request.external_port.valid())
        return errc::invalid_external_port;
    if (request.lifetime.count() < 1 || request.lifetime.count() > 0xFFFFFFFF)
        return errc::invalid_lifetime;
    return request.timeout.value_or(0ms).count() < 0 ? make_error_code(errc::invalid_timeout)
                                                     : error_code{};
}

/// Why an operation is refused before anything is sent; no error if it is not.
inline error_code engine::refusal(const operation& op, time_point now)
{
    if (closes_at_ || closed_)
        return errc::closed;
    if (const error_code wrong = check(options_))
        return wrong;
    if (const error_code wrong = check(op, records_.find(op.key()) != nullptr))
        return wrong;
    // What a gateway said is about that one: without a socket it may be another by now.
    const bool fails_with_gateway =
        op.kind == operation_kind::address || (op.maps() && !op.request.keep_trying);
    return has_gateway() && fails_with_gateway ? gateway_.error(now) : error_code{};
}

/// Starts an operation. If this throws, nothing was started: all that takes memory comes first.
inline void engine::start(operation& op, time_point now)
{
    std::list<operation*> place{&op}, waiter{&op};
    op.place = place.begin();
    op.deadline = deadlines_.end();
    const error_code why = op.needs_gateway() ? refusal(op, now) : error_code{};
    mapping_record* entry = nullptr;
    if (op.needs_gateway() && !why) {
        if (op.kind != operation_kind::address)
            entry = &records_.get(op.key());
        const std::chrono::milliseconds limit = op.request.timeout.value_or(options_.timeout);
        if (limit.count() > 0)
            op.deadline =
                deadlines_.emplace(now + std::min<std::chrono::milliseconds>(limit, 8760h), &op);
    }
    pending_.splice(pending_.end(), place);
    op.started = true;
    if (why) {
        finish(op, why);
    } else if (op.kind == operation_kind::shutdown) {
        begin_shutdown(op, now);
    } else if (op.kind == operation_kind::wait_event) {
        if (reader_)
            return finish(op, errc::already_waiting);
        reader_ = &op;
    } else if (op.kind == operation_kind::address) {
        ++awaiting_address_;
    } else if (op.maps()) {
        entry->waiters.splice(entry->waiters.end(), waiter);
        want(*entry, now);
        if (has_gateway() && gateway_.error(now))
            fail(op, gateway_.error(now), now); // it keeps trying
    } else {
        // The mapping is unwanted when its delete begins; until then nothing is lost by cancelling.
        abandon_request(*entry, now);
        entry->unmaps.splice(entry->unmaps.end(), waiter);
        if (!entry->key.assigned())
            return enter(*entry, cause::unwanted, phase::deleting, now, now);
        stop_keeping(*entry, op.number, now); // a port that the gateway assigned cannot be deleted
        complete(op, {}, now);
    }
}

/// A mapping that an operation waited for was granted.
inline void engine::progress(operation& op, time_point now)
{
    op.asked = op.background = false;
    if (op.part + 1 < op.parts()) {
        ++op.part;
        mapping_record& entry = records_.get(op.key());
        entry.waiters.push_back(&op);
        return want(entry, now);
    }
    op.granted = true;
    ++awaiting_address_;
    if (address_.fresh(gateway_.generation, now))
        complete(op, {}, now);
}

/// What an operation waited for failed. It completes, unless it keeps trying: then its mapping
/// plans the next attempt.
inline void engine::fail(operation& op, error_code why, time_point now)
{
    op.asked = false;
    if (op.granted)
        return complete(op, {}, now); // the mapping is up; only its address is not known
    if (!op.maps() || !op.request.keep_trying)
        return complete(op, why, now);
    op.background = true;
    mapping_record& entry = *records_.find(op.key());
    if (requested_for(entry) || entry.phase == phase::deleting)
        return; // its end plans what follows
    if (entry.phase != phase::leased)
        return plan_retry(entry, why, now);
    const time_point soon = now + pause_after(count_up(entry.failures), false);
    reschedule(entry, std::min(entry.planned, soon), now);
}

/// Plans when a mapping without a lease is asked for again.
NATPMP_COLD inline void engine::plan_retry(mapping_record& entry, error_code why, time_point now)
{
    entry.error = why;
    time_point planned = entry.soonest_map(now);
    const bool silent = gateway_.pause_background(why, now);
    const bool refuses = why == condition::refused || why == result_code::unsupported_version;
    // The first silence is taken for this mapping's own, since others may be answered: it pauses
    // alone. After that all pause together, and one of them asks for all.
    if (silent ? gateway_.silent_attempts <= 1 : has_gateway())
        planned = std::max(planned, now + pause_after(count_up(entry.failures), refuses));
    enter(entry, cause::failed, entry.phase == phase::cleaning ? phase::cleaning : phase::requested,
          planned, now);
    if (!entry.reported) {
        entry.reader.failure = true;
        events.report(event_kind::mapping_failing, entry);
    }
}

/// Fails everything that waits for an answer of the gateway.
NATPMP_COLD inline void engine::fail_waiting(error_code why, time_point now)
{
    for (auto at = pending_.begin(); at != pending_.end();) {
        operation& op = **at++;
        if ((op.maps() || op.kind == operation_kind::address) && !op.background)
            fail(op, why, now);
    }
}

/// Completes every pending unmap without a delete; their mappings are not kept.
NATPMP_COLD inline void engine::fail_unmaps(error_code why, time_point now)
{
    for (;;) {
        const auto at = std::find_if(pending_.begin(), pending_.end(), [](const operation* op) {
            return op->kind == operation_kind::unmap;
        });
        if (at == pending_.end())
            return;
        operation& op = **at;
        mapping_record& entry = *records_.find(op.key());
        entry.error = why;
        stop_keeping(entry, op.number, now);
        complete(op, why, now);
    }
}

/// Hands an operation over to be completed.
inline void engine::finish(operation& op, error_code why) noexcept
{
    op.started = false;
    op.error = why;
    finished_.splice(finished_.end(), pending_, op.place);
}

/// Completes an operation. A mapping that nobody else wants is not kept for one that failed.
inline void engine::complete(operation& op, error_code why, time_point now)
{
    if (op.deadline != deadlines_.end())
        deadlines_.erase(op.deadline);
    if (op.awaits_address())
        --awaiting_address_;
    finish(op, why);
    for (std::uint8_t part = 0; (op.maps() || op.kind == operation_kind::unmap) && part <= op.part;
         ++part)
        leave(op, part, why, now);
}

/// Leaves the waiters of the mapping of one part. After a success the application keeps the
/// mapping; after a failure it is deleted again unless something else wants it.
inline void engine::leave(operation& op, std::uint8_t part, error_code why, time_point now)
{
    mapping_record* found = records_.find(op.key(part));
    if (!found)
        return;
    mapping_record& entry = *found;
    auto& list = op.maps() ? entry.waiters : entry.unmaps;
    const auto at = std::find(list.begin(), list.end(), &op);
    if (at == list.end())
        return;
    list.erase(at);
    const auto is_asked = [](const operation* each) { return each->asked; };
    if (op.maps() && !why) {
        entry.kept_by = std::max(entry.kept_by, op.number);
        op.mappings[part] = events.mapping_of(entry);
        events.report_mapped(entry);
    } else if (op.asked && op.maps() && std::none_of(list.begin(), list.end(), is_asked)) {
        abandon_request(entry, now);
    }
    if (!entry.wanted())
        settle_unwanted(entry, cause::unwanted, now);
    else if (entry.phase != phase::deleting)
        reschedule(entry, entry.planned, now);
    else
        want(entry, now);
}

/// The application unmaps: what was wanted before that call is kept no longer.
inline void engine::stop_keeping(mapping_record& entry, std::uint64_t before, time_point now)
{
    if (entry.kept_by < before)
        entry.kept_by = 0;
    const mapping_key key = entry.key;
    for (auto at = pending_.begin(); at != pending_.end();) {
        operation& op = **at++;
        if (op.maps(key) && op.number < before)
            complete(op, net::error::operation_aborted, now);
    }
}

/// Unmaps without an operation that tells the outcome.
inline void engine::unmap_quietly(mapping_key key, time_point now)
{
    mapping_record* entry = closes_at_ || closed_ ? nullptr : records_.find(key);
    if (!entry || !entry->kept())
        return;
    abandon_request(*entry, now);
    stop_keeping(*entry, std::numeric_limits<std::uint64_t>::max(), now);
    entry = records_.find(key);
    if (entry)
        settle_unwanted(*entry, cause::unwanted, now);
}

/// Ends an operation early: cancelled, or past its deadline. Total cancellation ends it only while
/// nothing was sent for it.
NATPMP_COLD inline void engine::cancel(operation& op, bool total_only, error_code why,
                                       time_point now)
{
    if (!op.started || (total_only && op.sent))
        return;
    if (reader_ == &op)
        reader_ = nullptr;
    // What keeps trying stays wanted after its deadline ("tell me after 3 s, but go on"), also the
    // second mapping of a pair, which nobody has asked for yet.
    const bool keeps = why == errc::timed_out && op.maps() && op.request.keep_trying;
    for (std::uint8_t part = 0; keeps && part < op.parts(); ++part) {
        mapping_record& entry = records_.get(op.key(part));
        if (!entry.kept() && !entry.up()) {
            entry.suggested_port = op.request.external_port.value();
            entry.lifetime = static_cast<std::uint32_t>(op.request.lifetime.count());
        }
        entry.kept_by = std::max(entry.kept_by, op.number);
        if (entry.up())
            events.report_mapped(entry);
        const bool cleans_up = op.request.clean_up && !entry.history.cleaned;
        if (entry.phase >= phase::guarded)
            enter(entry, cause::wanted,
                  cleans_up && !entry.key.assigned() ? phase::cleaning : phase::requested, now,
                  now);
    }
    // All that is missing is the external address, which a success may lack.
    if (op.granted && why == errc::timed_out)
        why = {};
    complete(op, why, now);
    // A shutdown that nobody waits for any more ends at once.
    if (op.kind != operation_kind::shutdown || closed_)
        return;
    const bool waits = std::any_of(pending_.begin(), pending_.end(), [](const operation* each) {
        return each->kind == operation_kind::shutdown;
    });
    if (!waits)
        finish_shutdown(errc::gateway_silent, now);
}

inline void engine::cancel_all(error_code why, time_point now)
{
    while (!pending_.empty())
        cancel(*pending_.front(), false, why, now);
}

/// Ends everything at once and for good; nothing more is sent.
inline void engine::close(time_point now)
{
    closed_ = true;
    gateway_.connected = false;
    request_.reset();
    cancel_all(net::error::operation_aborted, now);
}

/// Takes back an operation whose owner goes away; it completes nowhere.
inline void engine::withdraw(operation& op)
{
    cancel(op, false, net::error::operation_aborted, now_);
    finished_.remove(&op);
    completing_.remove(&op);
}

/// The pending operation with this number; null if there is none.
inline operation* engine::find(std::uint64_t number) const noexcept
{
    const auto found = std::find_if(pending_.begin(), pending_.end(),
                                    [&](const operation* op) { return op->number == number; });
    return found == pending_.end() ? nullptr : *found;
}

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

#endif // NATPMP_DETAIL_CORE_ENGINE_OPERATIONS_HPP
