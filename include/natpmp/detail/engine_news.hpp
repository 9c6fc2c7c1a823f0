// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What the engine tells: events for a reader who may be slow, events for a hook, and the status.

#ifndef NATPMP_DETAIL_ENGINE_NEWS_HPP
#define NATPMP_DETAIL_ENGINE_NEWS_HPP

#include <natpmp/detail/engine_state.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Marks a record as one that the reader of events may have to hear of.
inline void engine::note(mapping_record& entry)
{
    if (news_.contains(entry))
        return;
    entry.news_order = next_news_++;
    news_.push(entry);
}

inline void engine::tell(event_kind kind, mapping_record& entry)
{
    told_any_ = told_any_ || kind == event_kind::mapped;
    entry.renewed = entry.renewed || kind == event_kind::renewed;
    note(entry);
    if (hook_on_)
        tell_hook(event_of(kind, entry));
}

inline void engine::tell_hook(const event& news)
{
    hooked_.push_back(news);
}

/// Tells the end of a mapping, if its beginning was told.
inline void engine::tell_unmapped(mapping_record& entry)
{
    if (!entry.announced)
        return;
    tell(event_kind::unmapped, entry);
    entry.announced = false;
    entry.interrupted = true;
}

inline void engine::tell_client(event_kind kind, error_code why)
{
    gateway_news_ = gateway_news_ || kind == event_kind::gateway_changed;
    if (kind == event_kind::address_changed && !told_any_)
        return;
    if (hook_on_) {
        event news = event_of(kind, mapping_record{{}});
        news.error = why;
        tell_hook(news);
    }
}

inline void engine::announcements_unavailable(error_code why)
{
    deaf_news_ = true;
    deaf_error_ = why;
    tell_client(event_kind::announcements_unavailable, why);
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
            .gateway = attached_ ? gateway_->address : net::ip::address{}};
}

/// The difference between what the reader knows of a mapping and now; a change outranks a
/// restoration, a loss, a failing renewal and a renewal.
inline std::optional<event_kind> engine::news_of(const mapping_record& entry) const noexcept
{
    const bool known = entry.reported != known_state::nothing;
    if (entry.removed)
        return known ? std::optional{event_kind::unmapped} : std::nullopt;
    if (!entry.wanted)
        return std::nullopt;
    if (!entry.announced)
        return entry.in_vain ? std::optional{event_kind::mapping_failing} : std::nullopt;
    if (!entry.live)
        return entry.reported == known_state::lost ? std::nullopt : std::optional{event_kind::lost};
    if (!known)
        return event_kind::mapped;
    if (entry.external_port != entry.reported_port)
        return event_kind::port_changed;
    if (entry.interrupted || entry.reported == known_state::lost)
        return event_kind::restored;
    if (entry.failing)
        return entry.reported == known_state::failing ? std::nullopt
                                                      : std::optional{event_kind::renewal_failing};
    return entry.renewed ? std::optional{event_kind::renewed} : std::nullopt;
}

/// News that concern no single mapping; they come first.
inline std::optional<event> engine::take_client_event() noexcept
{
    event news = event_of(event_kind::announcements_unavailable, mapping_record{{}});
    if (deaf_news_) {
        deaf_news_ = false;
        news.error = deaf_error_;
        return news;
    }
    if (gateway_news_) {
        gateway_news_ = false;
        news.kind = event_kind::gateway_changed;
        return news;
    }
    if (reported_address_ && *reported_address_ != address_.value) {
        reported_address_ = address_.value;
        news.kind = event_kind::address_changed;
        news.error = address_.error;
        return news;
    }
    return std::nullopt;
}

inline std::optional<event> engine::take_event()
{
    if (auto news = take_client_event())
        return news;
    while (!news_.empty()) {
        mapping_record& entry = news_.top();
        news_.erase(entry);
        const auto kind = news_of(entry);
        event news = event_of(kind.value_or(event_kind::renewed), entry);
        if (entry.removed) {
            records_.erase(entry);
        } else {
            mark_read(entry);
        }
        if (!kind)
            continue;
        if (!reported_address_ && *kind != event_kind::mapping_failing)
            reported_address_ = address_.value;
        return news;
    }
    return std::nullopt;
}

/// The reader of events knows of the mapping what is so now.
inline void engine::mark_read(mapping_record& entry) noexcept
{
    if (entry.announced) {
        entry.reported = !entry.live     ? known_state::lost
                         : entry.failing ? known_state::failing
                                         : known_state::up;
        entry.reported_port = entry.external_port;
    }
    entry.interrupted = entry.interrupted && !entry.live;
    entry.renewed = entry.in_vain = false;
}

/// Completes a waiting reader if there is something to read, or never will be.
inline void engine::serve_reader()
{
    if (!reader_)
        return;
    const auto news = take_event();
    if (!news && !closed_)
        return;
    operation& what = *reader_;
    reader_ = nullptr;
    what.done = true;
    if (news)
        what.news = *news;
    else
        what.error = errc::closed;
    finished_.push_back(what);
}

/// The events for the hook since it last looked.
inline std::vector<event>& engine::hooked() noexcept
{
    return hooked_;
}

inline void engine::hook_events(bool on) noexcept
{
    hook_on_ = on;
    hooked_.clear();
}

/// The mappings that are up and to be kept, in the order of protocol and port.
inline std::vector<mapping> engine::mappings()
{
    std::vector<mapping> result;
    result.reserve(up_);
    records_.for_each([&](const mapping_record& entry) {
        if (entry.wanted && entry.live && entry.announced)
            result.push_back(mapping_of(entry));
    });
    return result;
}

inline status engine::status(time_point now) const
{
    natpmp::status result = counters;
    result.up = up_;
    result.kept = kept_;
    if (attached_)
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

#endif // NATPMP_DETAIL_ENGINE_NEWS_HPP
