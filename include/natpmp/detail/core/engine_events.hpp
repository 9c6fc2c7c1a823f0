// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Events for a reader who may be slow, events for the application's callback, and the status.

#ifndef NATPMP_DETAIL_CORE_ENGINE_EVENTS_HPP
#define NATPMP_DETAIL_CORE_ENGINE_EVENTS_HPP

#include <natpmp/detail/core/engine_class.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Marks a record as one that the reader of events may have to hear of.
inline void engine::mark_unread(mapping_record& entry)
{
    if (unread_.contains(entry))
        return;
    entry.unread_order = next_unread_++;
    unread_.push(entry);
}

inline void engine::report(event_kind kind, mapping_record& entry)
{
    reported_any_ = reported_any_ || kind == event_kind::mapped;
    entry.unread_renewal = entry.unread_renewal || kind == event_kind::renewed;
    mark_unread(entry);
    if (collects_)
        report_to_callback(event_of(kind, entry));
}

inline void engine::report_to_callback(const event& happened)
{
    collected_.push_back(happened);
}

/// Tells the end of a mapping, if its beginning was told.
inline void engine::report_unmapped(mapping_record& entry)
{
    if (!entry.reported_mapped)
        return;
    report(event_kind::unmapped, entry);
    entry.reported_mapped = false;
    entry.unread_loss = true;
}

inline void engine::report_client(event_kind kind, error_code why)
{
    gateway_change_unread_ = gateway_change_unread_ || kind == event_kind::gateway_changed;
    if (kind == event_kind::address_changed && !reported_any_)
        return;
    if (collects_) {
        event happened = event_of(kind, mapping_record{{}});
        happened.error = why;
        report_to_callback(happened);
    }
}

inline void engine::announcements_unavailable(error_code why)
{
    announcements_error_unread_ = true;
    announcements_error_ = why;
    report_client(event_kind::announcements_unavailable, why);
}

inline mapping engine::mapping_of(const mapping_record& entry) const noexcept
{
    return {.protocol = entry.key.protocol,
            .internal_port = entry.key.internal_port,
            .external_port = entry.external_port,
            .external_address = address_.value,
            .lifetime = std::chrono::seconds{entry.granted}};
}

inline event engine::event_of(event_kind kind, const mapping_record& entry) const noexcept
{
    return {.kind = kind,
            .mapping = mapping_of(entry),
            .error = entry.error,
            .gateway = has_gateway_ ? gateway_->address : net::ip::address{}};
}

/// The difference between what the reader knows of a mapping and now; a change outranks a
/// restoration, a loss, a failing renewal and a renewal.
inline std::optional<event_kind> engine::unread_kind(const mapping_record& entry) const noexcept
{
    const bool known = entry.reported != known_state::nothing;
    if (entry.ended)
        return known ? std::optional{event_kind::unmapped} : std::nullopt;
    if (!entry.kept)
        return std::nullopt;
    if (!entry.reported_mapped)
        return entry.unread_failures ? std::optional{event_kind::mapping_failing} : std::nullopt;
    if (!entry.leased)
        return entry.reported == known_state::lost ? std::nullopt : std::optional{event_kind::lost};
    if (!known)
        return event_kind::mapped;
    if (entry.external_port != entry.reported_port)
        return event_kind::port_changed;
    if (entry.unread_loss || entry.reported == known_state::lost)
        return event_kind::restored;
    if (entry.failing)
        return entry.reported == known_state::failing ? std::nullopt
                                                      : std::optional{event_kind::renewal_failing};
    return entry.unread_renewal ? std::optional{event_kind::renewed} : std::nullopt;
}

/// Events that concern no single mapping; they come first.
inline std::optional<event> engine::take_client_event()
{
    event happened = event_of(event_kind::announcements_unavailable, mapping_record{{}});
    if (announcements_error_unread_) {
        announcements_error_unread_ = false;
        happened.error = announcements_error_;
        return happened;
    }
    if (gateway_change_unread_) {
        gateway_change_unread_ = false;
        happened.kind = event_kind::gateway_changed;
        return happened;
    }
    if (reported_address_ && *reported_address_ != address_.value) {
        reported_address_ = address_.value;
        happened.kind = event_kind::address_changed;
        happened.error = address_.error;
        return happened;
    }
    return std::nullopt;
}

inline std::optional<event> engine::take_event()
{
    if (auto happened = take_client_event())
        return happened;
    while (!unread_.empty()) {
        mapping_record& entry = unread_.top();
        unread_.erase(entry);
        const auto kind = unread_kind(entry);
        event happened = event_of(kind.value_or(event_kind::renewed), entry);
        if (entry.ended) {
            records_.erase(entry);
        } else {
            mark_read(entry);
        }
        if (!kind)
            continue;
        if (!reported_address_ && *kind != event_kind::mapping_failing)
            reported_address_ = address_.value;
        return happened;
    }
    return std::nullopt;
}

/// The reader of events knows of the mapping what is so now.
inline void engine::mark_read(mapping_record& entry) noexcept
{
    if (entry.reported_mapped) {
        entry.reported = !entry.leased   ? known_state::lost
                         : entry.failing ? known_state::failing
                                         : known_state::up;
        entry.reported_port = entry.external_port;
    }
    entry.unread_loss = entry.unread_loss && !entry.leased;
    entry.unread_renewal = entry.unread_failures = false;
}

/// Completes a waiting reader if there is something to read, or never will be.
inline void engine::serve_reader()
{
    if (!reader_)
        return;
    const auto happened = take_event();
    if (!happened && !closed_)
        return;
    operation& what = *reader_;
    reader_ = nullptr;
    what.done = true;
    if (happened)
        what.happened = *happened;
    else
        what.error = errc::closed;
    finished_.push_back(what);
}

/// The events for the application's callback since the last call.
inline std::vector<event>& engine::collected_events() noexcept
{
    return collected_;
}

inline void engine::collect_events(bool on) noexcept
{
    collects_ = on;
    collected_.clear();
}

/// The mappings that are up and to be kept, in the order of protocol and port.
inline std::vector<mapping> engine::mappings()
{
    std::vector<mapping> result;
    result.reserve(up_);
    records_.for_each([&](const mapping_record& entry) {
        if (entry.kept && entry.leased && entry.reported_mapped)
            result.push_back(mapping_of(entry));
    });
    return result;
}

inline status engine::status(time_point now) const
{
    natpmp::status result = counters;
    result.up = up_;
    result.kept = kept_;
    if (has_gateway_)
        result.gateway = *gateway_;
    result.external_address = address_.value;
    result.external_address_kind = classify(address_.value);
    result.external_address_error = address_.error;
    if (const time_point next = deadline(); next != never && !closed_)
        result.next_due = std::max(next - now, duration{0});
    return result;
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CORE_ENGINE_EVENTS_HPP
