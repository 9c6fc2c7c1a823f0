// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// One mapping: where it is in its life, what was asked for, what was granted, and when it acts
/// next. docs/architecture.md has the table of transitions.

#ifndef NATPMP_DETAIL_CORE_MAPPING_HPP
#define NATPMP_DETAIL_CORE_MAPPING_HPP

#include <natpmp/detail/core/lease.hpp>
#include <natpmp/detail/core/operation.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail {

/// Where a mapping is in its life. Changed by engine::enter() only.
enum class phase : std::uint8_t
{
    cleaning,  ///< wanted; the delete of what an earlier run may have left comes first
    requested, ///< wanted, no lease: a map request is due
    leased,    ///< wanted; the lease runs until `expiry`, and a renewal is due
    deleting,  ///< a delete is due; nobody wants it, but for those who asked again meanwhile
    guarded,   ///< deleted, but the network may still hold a map request
    ended      ///< only its last event is left to be read
};

/// What makes a mapping change its phase.
enum class cause : std::uint8_t
{
    wanted,       ///< an operation asks for it
    unwanted,     ///< it is unmapped, or the last operation that wanted it failed
    granted,      ///< the gateway made or extended it
    failed,       ///< a map request was refused or not answered
    deleted,      ///< a delete was answered, or given up
    late_grant,   ///< the answer to an earlier map request came after the delete
    expired,      ///< the lease, or the time of the phase, is over
    gateway_left, ///< another gateway or local address, or none
    shutdown      ///< the client unmaps everything
};

/// Called with each transition of a mapping: from, why, to. For tests of the documented table.
using transition_recorder = std::function<void(mapping_key, phase, cause, phase)>;

/// How urgent a request is; the most urgent first.
enum class priority : std::uint8_t
{
    deletion,
    overdue, ///< a renewal that has waited for half of what was left of its lease
    operation,
    renewal,
    background,
    nothing
};

/// What is asked first: the most urgent, and of operations the one that was initiated first.
using ready_key = std::pair<priority, std::uint64_t>;

constexpr ready_key not_ready{priority::nothing, 0};

/// What the reader of events knows of a mapping.
enum class known_state : std::uint8_t
{
    nothing,
    up,
    failing,
    lost
};

inline unsigned count_up(std::uint8_t& count) noexcept
{
    return count = static_cast<std::uint8_t>(std::min(count + 1, 255));
}

inline void count_down(std::uint8_t& count) noexcept
{
    count = static_cast<std::uint8_t>(std::max(count - 1, 0));
}

/// What outlives the record of a mapping.
struct key_history
{
    bool cleaned = false;           ///< its clean-up went out, which does so once
    time_point last_map = long_ago; ///< when a map request last went out
};

/// All that is known of one mapping.
struct mapping_record
{
    mapping_record(mapping_key what, key_history& past) : key(what), history(past)
    {}

    mapping_key key;
    key_history& history;
    detail::phase phase = phase::ended;

    // What the application asked for. Set by a grant, to what its operation asked for, or by the
    // deadline of an operation that keeps trying. Renewals repeat it.
    std::uint16_t suggested_port = 0;
    std::uint32_t lifetime = 0; ///< in seconds

    /// operation::number of the last operation that the application keeps it for, also while nobody
    /// waits for it; 0: none. Set when an operation completes with it, or passes its deadline and
    /// keeps trying; cleared by engine::stop_keeping() and by a shutdown.
    std::uint64_t kept_by = 0;

    /// Operations that map and wait for it, or hold it: a pair holds its first mapping while it
    /// waits for the second. In the order of their start.
    std::list<operation*> waiters;
    std::list<operation*> unmaps; ///< operations that wait for it to be deleted

    // The lease, as granted (RFC 6886, section 3.3). Set by engine::map_granted().
    std::uint16_t external_port = 0; ///< 0 before the first grant; kept after the lease
    std::uint32_t granted = 0;       ///< in seconds

    /// The gateway's state in which it was granted. Under another number the gateway has lost it,
    /// and engine::recover() asks for it again.
    std::uint32_t generation = 0;

    /// The end of the lease; long_ago while there is none. Counted from the last transmission
    /// before the answer, so that it never ends later here than at the gateway.
    time_point expiry = long_ago;

    /// A renewal failed. Set by plan_after_failure(); cleared by a grant and the end of the lease.
    bool failing = false;

    // Times. `planned` and `next` are set by engine::reschedule() only.
    time_point planned = never; ///< the next request, if no operation wants one sooner
    time_point next = never;    ///< the next request; never while one is in flight

    /// How long the gateway may hold it: until then a mapping that nobody wants needs a delete.
    /// Moved on by each map request that goes out and each grant; long_ago after a delete and at
    /// another gateway.
    time_point may_exist_until = long_ago;

    time_point last_delete = long_ago; ///< when a delete last went out

    // Datagrams without an answer yet. NAT-PMP's answers have no number that tells which request
    // they answer, so these tell which answers may still be on their way.
    std::uint8_t maps_unanswered = 0;
    std::uint8_t deletes_unanswered = 0;

    /// Requests that failed in a row, for the pause before the next one; of a shutdown, its
    /// deletes. Cleared by a grant, a hint, another gateway, and the end of a lease.
    std::uint8_t failures = 0;

    error_code error{}; ///< the last failure, for events; cleared by a grant

    /// `mapped` was reported, and `unmapped` not since. Set by event_reporter::report_mapped(),
    /// cleared by report_unmapped().
    bool reported = false;
    net::ip::address_v4 reported_address{}; ///< the external address of its last event

    /// What the reader of events last read of it, and what it has not read yet.
    struct
    {
        known_state state = known_state::nothing;
        std::uint16_t port = 0;
        net::ip::address_v4 address{};
        bool loss = false, renewal = false, failure = false;
    } reader;
    bool unread = false; ///< set by mapping_table::mark_unread(), cleared by take_unread()

    // Places in the mapping_table's orders.
    std::multimap<time_point, mapping_record*>::iterator timeline_place{};
    std::multimap<ready_key, mapping_record*>::iterator ready_place{};
    std::list<mapping_record*>::iterator unread_place{};

    [[nodiscard]] bool kept() const noexcept
    {
        return kept_by != 0;
    }

    /// Whether the application keeps the mapping, or an operation waits for it.
    [[nodiscard]] bool wanted() const noexcept
    {
        return kept() || !waiters.empty();
    }

    /// Whether its lease runs, also while it waits for its delete.
    [[nodiscard]] bool up() const noexcept
    {
        return expiry != long_ago;
    }

    /// The gateway may hold it for these seconds. One with internal port 0 is never deleted.
    void may_exist(time_point from, std::uint32_t seconds) noexcept
    {
        if (!key.assigned())
            may_exist_until =
                std::max<time_point>(may_exist_until, from + std::chrono::seconds{seconds});
    }

    /// Whether an operation waits for a map request to begin, also in the background.
    [[nodiscard]] bool awaited() const noexcept
    {
        return std::any_of(waiters.begin(), waiters.end(),
                           [&](const operation* op) { return op->awaits(key) && !op->asked; });
    }

    /// The first operation that waits for one; null if there is none. One whose attempts fail waits
    /// in the background: no request goes out for it alone before its time.
    [[nodiscard]] const operation* first_waiter() const noexcept
    {
        const auto found = std::find_if(waiters.begin(), waiters.end(), [&](const operation* op) {
            return op->awaits(key) && !op->asked && !op->background;
        });
        return found == waiters.end() ? nullptr : *found;
    }

    /// When the next map request may go out: one second after the last, whatever was granted.
    [[nodiscard]] time_point soonest_map(time_point at) const noexcept
    {
        return std::max(at, history.last_map + least_request_gap);
    }

    /// When its phase ends by itself, whatever is due before.
    [[nodiscard]] time_point phase_end() const noexcept
    {
        if (phase == phase::leased)
            return expiry;
        return phase == phase::deleting && unmaps.empty() ? may_exist_until : never;
    }

    /// When half of what was left of the lease has gone by without the renewal that was due.
    [[nodiscard]] time_point overdue_at() const noexcept
    {
        return next + std::max(duration{0}, expiry - next) / 2;
    }
};

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

#endif // NATPMP_DETAIL_CORE_MAPPING_HPP
