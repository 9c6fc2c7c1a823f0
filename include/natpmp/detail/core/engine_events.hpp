// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Events for a reader who may be slow, events for the application's callback, and the status.

#ifndef NATPMP_DETAIL_CORE_ENGINE_EVENTS_HPP
#define NATPMP_DETAIL_CORE_ENGINE_EVENTS_HPP

#include <natpmp/detail/core/engine.hpp>

#include <algorithm>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail {

inline void engine::report(event_kind kind, mapping_record& entry)
{
    reported_any_ = reported_any_ || kind == event_kind::mapped;
    entry.reader.renewal = entry.reader.renewal || kind == event_kind::renewed;
    records_.mark_unread(entry);
    if (collects_)
        reports_.push_back(event_of(kind, mapping_of(entry), entry.error));
}

/// Reports an event that concerns no single mapping.
inline void engine::report_client(event_kind kind, error_code why)
{
    gateway_change_unread_ = gateway_change_unread_ || kind == event_kind::gateway_changed;
    if (kind == event_kind::address_changed && !reported_any_)
        return;
    if (collects_)
        reports_.push_back(event_of(kind, {.external_address = address_.value}, why));
}

/// Reports the end of a mapping whose beginning was reported.
inline void engine::report_unmapped(mapping_record& entry)
{
    if (!entry.told)
        return;
    report(event_kind::unmapped, entry);
    entry.told = false;
    entry.reader.loss = true;
}

inline void engine::announcements_unavailable(error_code why)
{
    unread_announcements_error_ = why;
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

inline event engine::event_of(event_kind kind, const natpmp::mapping& about,
                              error_code why) const noexcept
{
    return {.kind = kind,
            .mapping = about,
            .error = why,
            .gateway = has_gateway() ? gateway_.last->address : net::ip::address{}};
}

/// The difference between what the reader knows of a mapping and now. A change outranks a
/// restoration, a loss, a failing renewal and a renewal.
inline std::optional<event_kind> unread_kind(const mapping_record& entry) noexcept
{
    const auto& reader = entry.reader;
    const auto unless = [&](known_state known, event_kind kind) {
        return reader.state == known ? std::nullopt : std::optional{kind};
    };
    if (entry.phase == phase::ended)
        return unless(known_state::nothing, event_kind::unmapped);
    if (!entry.wanted() || (!entry.told && !reader.failure))
        return std::nullopt;
    if (!entry.told)
        return event_kind::mapping_failing;
    if (!entry.up())
        return unless(known_state::lost, event_kind::lost);
    if (reader.state == known_state::nothing)
        return event_kind::mapped;
    if (entry.external_port != reader.port)
        return event_kind::port_changed;
    if (reader.loss || reader.state == known_state::lost)
        return event_kind::restored;
    if (entry.failing)
        return unless(known_state::failing, event_kind::renewal_failing);
    return reader.renewal ? std::optional{event_kind::renewed} : std::nullopt;
}

/// Events that concern no single mapping come first.
inline std::optional<event> engine::take_client_event() noexcept
{
    const mapping about{.external_address = address_.value};
    if (const auto why = std::exchange(unread_announcements_error_, std::nullopt))
        return event_of(event_kind::announcements_unavailable, about, *why);
    if (std::exchange(gateway_change_unread_, false))
        return event_of(event_kind::gateway_changed, about, {});
    if (reader_address_ && *reader_address_ != address_.value) {
        reader_address_ = address_.value;
        return event_of(event_kind::address_changed, about, address_.error);
    }
    return std::nullopt;
}

/// What the reader of events gets next; the reader then knows of it.
inline std::optional<event> engine::take_event()
{
    if (auto happened = take_client_event())
        return happened;
    while (mapping_record* unread = records_.take_unread()) {
        mapping_record& entry = *unread;
        const auto kind = unread_kind(entry);
        const event happened =
            event_of(kind.value_or(event_kind::renewed), mapping_of(entry), entry.error);
        if (entry.told) {
            entry.reader.state = !entry.up()     ? known_state::lost
                                 : entry.failing ? known_state::failing
                                                 : known_state::up;
            entry.reader.port = entry.external_port;
        }
        entry.reader.loss = entry.reader.loss && !entry.up();
        entry.reader.renewal = entry.reader.failure = false;
        if (entry.phase == phase::ended)
            records_.erase(entry);
        if (!kind)
            continue;
        if (!reader_address_ && *kind != event_kind::mapping_failing)
            reader_address_ = address_.value;
        return happened;
    }
    return std::nullopt;
}

/// Completes a waiting reader if there is something to read, or never will be.
inline void engine::serve_reader()
{
    if (!reader_)
        return;
    const auto happened = take_event();
    if (happened)
        reader_->happened = *happened;
    if (happened || closed_)
        finish(*std::exchange(reader_, nullptr), happened ? error_code{} : errc::closed);
}

/// Hands an operation over to be completed. Nothing refers to it any more.
inline void engine::finish(operation& op, error_code why) noexcept
{
    op.done = true;
    op.started = false;
    op.error = why;
    finished_.splice(finished_.end(), pending_, op.at);
}

inline void engine::collect_events(bool on) noexcept
{
    collects_ = on;
    reports_.clear();
}

/// The events for the callback since the last call; valid until the engine is called again.
inline std::span<const event> engine::take_reports() noexcept
{
    reported_.clear();
    reported_.swap(reports_);
    return reported_;
}

/// The mappings that are up and to be kept, by protocol and port.
inline std::vector<mapping> engine::mappings()
{
    std::vector<mapping> result;
    result.reserve(count(phase::leased));
    records_.for_each([&](const mapping_record& entry) {
        if (entry.kept && entry.up())
            result.push_back(mapping_of(entry));
    });
    return result;
}

inline status engine::status(time_point now)
{
    natpmp::status result = counters;
    records_.for_each([&](const mapping_record& entry) {
        result.up += entry.up();
        result.kept += entry.kept || std::any_of(entry.waiters.begin(), entry.waiters.end(),
                                                 [](const operation* op) {
                                                     return op->granted || op->request.keep_trying;
                                                 });
    });
    if (has_gateway())
        result.gateway = *gateway_.last;
    result.external_address = address_.value;
    result.external_address_kind = classify(address_.value);
    result.external_address_error = address_.error;
    if (const time_point next = next_time(); next != never && !closed_)
        result.next_due = std::max(next - now, duration{0});
    return result;
}

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

#endif // NATPMP_DETAIL_CORE_ENGINE_EVENTS_HPP
