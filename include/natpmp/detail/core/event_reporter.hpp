// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What the application is told of: each event for its observer, and for a reader of events, who
/// may be slow, the difference between what was last read and now.

#ifndef NATPMP_DETAIL_CORE_EVENT_REPORTER_HPP
#define NATPMP_DETAIL_CORE_EVENT_REPORTER_HPP

#include <natpmp/detail/core/gateway_status.hpp>
#include <natpmp/detail/core/mapping_table.hpp>
#include <natpmp/event.hpp>

#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail {

/// Knows what the application was told, and finds out what is to be told.
class event_reporter
{
public:
    event_reporter(mapping_table& records, const gateway_status& gateway,
                   const external_address& address) noexcept
        : records_(records), gateway_(gateway), address_(address)
    {}

    /// What the application sees of a mapping.
    [[nodiscard]] mapping mapping_of(const mapping_record& entry) const noexcept
    {
        return {.protocol = entry.key.protocol,
                .internal_port = entry.key.internal_port,
                .external_port = entry.external_port,
                .external_address = address_.value,
                .lifetime = std::chrono::seconds{entry.granted}};
    }

    /// The mappings that are up and to be kept, by protocol and port.
    [[nodiscard]] std::vector<mapping> mappings() const
    {
        std::vector<mapping> result;
        records_.for_each([&](const mapping_record& entry) {
            if (entry.kept() && entry.up())
                result.push_back(mapping_of(entry));
        });
        return result;
    }

    /// The same of one mapping; none if it is not among them.
    [[nodiscard]] std::optional<mapping> mapping_of(mapping_key key) const noexcept
    {
        const mapping_record* entry = records_.find(key);
        return entry && entry->kept() && entry->up() ? std::optional{mapping_of(*entry)}
                                                     : std::nullopt;
    }

    /// Reports an event of a mapping: to the observer as it is, and for the reader by marking the
    /// mapping, whose state then is compared with what the reader last read.
    void report(event_kind kind, mapping_record& entry)
    {
        any_reported_ = any_reported_ || kind == event_kind::mapped;
        entry.reader.renewal = entry.reader.renewal || kind == event_kind::renewed;
        if (kind == event_kind::restored && is_other(entry.reported_address))
            kind = event_kind::endpoint_changed;
        const bool ends = kind == event_kind::lost || kind == event_kind::unmapped;
        if (!ends || !address_.value.is_unspecified())
            entry.reported_address = address_.value;
        records_.mark_unread(entry);
        collect(kind, mapping_of(entry), entry.error);
    }

    /// Reports that a mapping was made, once until its end is reported.
    void report_mapped(mapping_record& entry)
    {
        if (!std::exchange(entry.reported, true))
            report(event_kind::mapped, entry);
    }

    /// Reports the end of a mapping whose beginning was reported.
    void report_unmapped(mapping_record& entry)
    {
        if (!entry.reported)
            return;
        report(event_kind::unmapped, entry);
        entry.reported = false;
        entry.reader.loss = true;
    }

    /// Reports that the external address is another one, and with it the endpoint of each mapping.
    void report_address(error_code why)
    {
        report(event_kind::address_changed, why);
        records_.for_each([&](mapping_record& entry) {
            if (entry.reported && entry.up() && is_other(entry.reported_address))
                report(event_kind::endpoint_changed, entry);
        });
    }

    /// Reports an event that concerns no single mapping. The external address interests nobody
    /// before the first mapping.
    void report(event_kind kind, error_code why)
    {
        unread_gateway_change_ = unread_gateway_change_ || kind == event_kind::gateway_changed;
        unread_no_response_ = unread_no_response_ || kind == event_kind::no_response;
        if (kind == event_kind::announcements_unavailable)
            unread_announcements_error_ = why;
        if (kind != event_kind::address_changed || any_reported_)
            collect(kind, {.external_address = address_.value}, why);
    }

    /// From now on, whether each event is collected for the observer.
    void collect(bool on) noexcept
    {
        collects_ = on;
        reports_.clear();
    }

    [[nodiscard]] bool has_reports() const noexcept
    {
        return !reports_.empty();
    }

    /// The events for the observer since the last call; valid until the engine is called again.
    [[nodiscard]] std::span<const event> take_reports() noexcept
    {
        reported_.clear();
        reported_.swap(reports_);
        return reported_;
    }

    /// What the reader of events gets next; the reader then knows of it.
    [[nodiscard]] std::optional<event> take_event()
    {
        // What concerns all mappings comes first, since it explains what follows.
        if (auto happened = take_client_event())
            return happened;
        // A record that was marked may be as it was when it was last read: then nothing is told.
        while (mapping_record* unread = records_.take_unread()) {
            mapping_record& entry = *unread;
            const auto kind = unread_kind(entry);
            event happened =
                event_of(kind.value_or(event_kind::renewed), mapping_of(entry), entry.error);
            if (entry.reported) {
                entry.reader.state = !entry.up()     ? known_state::lost
                                     : entry.failing ? known_state::failing
                                                     : known_state::up;
                entry.reader.port = entry.external_port;
                if (entry.up() || !address_.value.is_unspecified())
                    entry.reader.address = address_.value;
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

private:
    [[nodiscard]] event event_of(event_kind kind, const mapping& about,
                                 error_code why) const noexcept
    {
        return {.kind = kind,
                .mapping = about,
                .error = why,
                .gateway = gateway_.connected ? gateway_.last->address : net::ip::address{}};
    }

    /// Whether the external address is known to be another one than this.
    [[nodiscard]] bool is_other(const net::ip::address_v4& known) const noexcept
    {
        return !address_.value.is_unspecified() && address_.value != known;
    }

    void collect(event_kind kind, const mapping& about, error_code why)
    {
        if (collects_)
            reports_.push_back(event_of(kind, about, why));
    }

    /// Of several things that happened to a mapping since the last read one is told, the one that
    /// matters most. A change outranks a restoration, a loss, a failing renewal and a renewal.
    [[nodiscard]] std::optional<event_kind> unread_kind(const mapping_record& entry) const noexcept
    {
        const auto& reader = entry.reader;
        const auto unless = [&](known_state known, event_kind kind) {
            return reader.state == known ? std::nullopt : std::optional{kind};
        };
        if (entry.phase == phase::ended)
            return unless(known_state::nothing, event_kind::unmapped);
        if (!entry.wanted() || (!entry.reported && !reader.failure))
            return std::nullopt;
        if (!entry.reported)
            return event_kind::mapping_failing;
        if (!entry.up())
            return unless(known_state::lost, event_kind::lost);
        if (reader.state == known_state::nothing)
            return event_kind::mapped;
        if (entry.external_port != reader.port || is_other(reader.address))
            return event_kind::endpoint_changed;
        if (reader.loss || reader.state == known_state::lost)
            return event_kind::restored;
        if (entry.failing)
            return unless(known_state::failing, event_kind::renewal_failing);
        return reader.renewal ? std::optional{event_kind::renewed} : std::nullopt;
    }

    /// Events that concern no single mapping come first.
    std::optional<event> take_client_event() noexcept
    {
        const mapping about{.external_address = address_.value};
        if (const auto why = std::exchange(unread_announcements_error_, std::nullopt))
            return event_of(event_kind::announcements_unavailable, about, *why);
        if (std::exchange(reader_misses_gateway_, !!gateway_.absence) != !!gateway_.absence)
            return event_of(gateway_.absence ? event_kind::gateway_lost : event_kind::gateway_found,
                            about, gateway_.absence);
        if (std::exchange(unread_gateway_change_, false))
            return event_of(event_kind::gateway_changed, about, {});
        if (std::exchange(unread_no_response_, false) && gateway_.no_response)
            return event_of(event_kind::no_response, about, gateway_.no_response);
        if (!reader_address_ || *reader_address_ == address_.value)
            return std::nullopt;
        reader_address_ = address_.value;
        return event_of(event_kind::address_changed, about, address_.error);
    }

    mapping_table& records_;
    const gateway_status& gateway_;
    const external_address& address_;
    // For the observer.
    bool collects_ = false;       ///< the application set one
    bool any_reported_ = false;   ///< a mapping was reported
    std::vector<event> reports_;  ///< in the order in which they happened
    std::vector<event> reported_; ///< that take_reports() gave last

    // For the reader: what it read last of the client as a whole, to be compared with now. What it
    // read of a mapping is in the mapping's record.
    bool unread_gateway_change_ = false;
    bool reader_misses_gateway_ = false; ///< it last read gateway_lost, not gateway_found
    bool unread_no_response_ = false;
    std::optional<error_code> unread_announcements_error_;
    std::optional<net::ip::address> reader_address_; ///< that the reader last read
};

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

#endif // NATPMP_DETAIL_CORE_EVENT_REPORTER_HPP
