// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Wishes: mappings that are to be kept whether or not they are up.

#ifndef NATPMP_DETAIL_ENGINE_WISHES_HPP
#define NATPMP_DETAIL_ENGINE_WISHES_HPP

#include <natpmp/detail/engine_keeping.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Ends the wish for a mapping. Its removal is up to the caller.
inline void engine::unwish(mapping_record& entry, time_point now)
{
    abort_maps_of(entry.key, now);
    set_wanted(entry, false);
    entry.claimed = false;
    unplace(entry);
    if (flight_ && flight_->entry == &entry && flight_->what == request_kind::create)
        orphan(now);
}

/// Nobody is there to delete anything; the wishes end all the same.
inline void engine::fail_unmaps(error_code why, time_point now)
{
    while (operation* each = unmap_queue_.front()) {
        unwish(*records_.find(each->key()), now);
        finish(*each, why, now);
    }
}

/// Unmaps without an operation that tells the outcome.
inline void engine::give_up(mapping_key key, time_point now)
{
    mapping_record* entry = closing_ || closed_ ? nullptr : records_.find(key);
    if (entry && entry->wanted)
        forget(*entry, now);
}

/// Ends a mapping and what waits for it, whoever wanted it.
inline void engine::forget(mapping_record& entry, time_point now)
{
    ++entry.operations; // keeps the record while its operations end
    unwish(entry, now);
    --entry.operations;
    release(entry, now);
}

/// The wish is withdrawn, so nobody waits for it any more.
inline void engine::abort_maps_of(mapping_key key, time_point now)
{
    for (operation_queue* queue : {&user_queue_, &parked_})
        for (operation* each = queue->front(); each;) {
            operation* next = operation_queue::next(*each);
            if (each->maps() && each->concerns(key))
                cancel(*each, false, net::error::operation_aborted, now);
            each = next;
        }
}

/// The operation that a mapping was wanted for is gone. Another one may want it as well.
inline void engine::bequeath(mapping_record& entry) noexcept
{
    for (operation_queue* queue : {&user_queue_, &parked_})
        for (operation* each = queue->front(); each; each = operation_queue::next(*each))
            for (std::uint8_t which = 0; each->maps() && which < each->parts(); ++which)
                if (each->key(which) == entry.key && each->holds(which)) {
                    each->adopted[which] = true;
                    return;
                }
    set_wanted(entry, false);
    unplace(entry);
}

/// An operation waits for a mapping that is up to be granted again.
inline void engine::renew_soon(mapping_record& entry, error_code why, time_point now)
{
    const time_point next = now + pause_after(1, why == condition::refused);
    entry.due = renewals_.contains(entry) ? std::min(entry.due, next) : next;
    place(entry);
}

/// Leaves an operation to the background attempts, which go on for ever.
inline void engine::park(operation& what, error_code why, time_point now)
{
    move_to(what, operation_stage::parked);
    for (std::uint8_t which = 0; which < what.parts(); ++which) {
        mapping_record& entry = records_.get(what.key(which));
        if (!entry.wanted) {
            what.adopted[which] = true;
            entry.suggested_port = what.request.external_port.value();
            entry.lifetime = static_cast<std::uint32_t>(what.request.lifetime.count());
            set_wanted(entry, true);
        }
        if (entry.live) {
            if (which == what.part || !renewals_.contains(entry))
                renew_soon(entry, why, now);
            continue;
        }
        entry.due = now;
        if (which == what.part)
            postpone(entry, why, now);
        place(entry);
    }
}

/// An operation that is parked on a mapping that is up does not wait for its next renewal.
inline void engine::hurry_if_awaited(mapping_record& entry, time_point now) const
{
    for (const operation* each = parked_.front(); each; each = operation_queue::next(*each))
        if (each->concerns(entry.key)) {
            entry.due = std::min(entry.due, now + pause_after(count_failure(entry), false));
            return;
        }
}

/// Completes what waited in the background for this mapping.
inline void engine::unpark(mapping_record& entry, bool was_live, time_point now)
{
    for (operation* each = parked_.front(); each;) {
        operation* next = operation_queue::next(*each);
        if (each->concerns(entry.key)) {
            bool complete = true;
            for (std::uint8_t which = 0; which < each->parts(); ++which) {
                mapping_record& part = records_.get(each->key(which));
                if (part.live)
                    continue;
                complete = false;
                if (was_live)
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

inline void engine::set_wanted(mapping_record& entry, bool wanted) noexcept
{
    kept_ += wanted && !entry.wanted;
    kept_ -= !wanted && entry.wanted;
    entry.wanted = wanted;
}

/// Silence is the gateway's, not a mapping's: after a pause one request probes it for all. Returns
/// whether this is silence.
inline bool engine::close_gate(error_code why, time_point now)
{
    const bool silent = why == errc::gateway_silent || why == errc::not_supported;
    if (silent && gate_ <= now)
        gate_ = now + pause_after(++silences_, false);
    return silent;
}

/// Sets when a mapping that is not up is asked for again.
inline void engine::postpone(mapping_record& entry, error_code why, time_point now)
{
    entry.error = why;
    if (close_gate(why, now)) {
        // If others are answered it is this mapping's after all.
        entry.due = silences_ > 1 ? now : now + pause_after(count_failure(entry), false);
    } else if (attached_) {
        const bool refusal = why == condition::refused || why == result_code::unsupported_version;
        entry.due = now + pause_after(count_failure(entry), refusal);
    } else {
        entry.due = now;
    }
    if (!entry.announced) {
        entry.in_vain = true;
        tell(event_kind::mapping_failing, entry);
    }
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ENGINE_WISHES_HPP
