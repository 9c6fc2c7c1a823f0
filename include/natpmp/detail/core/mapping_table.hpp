// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The mappings by protocol and port, and by the times at which something is due for them.

#ifndef NATPMP_DETAIL_CORE_MAPPING_TABLE_HPP
#define NATPMP_DETAIL_CORE_MAPPING_TABLE_HPP

#include <natpmp/detail/core/mapping_key.hpp>
#include <natpmp/detail/core/time.hpp>
#include <natpmp/error.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <type_traits>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

struct mapping_record;

/// Where a record is in a schedule by values of this type. The node is made with the record, so
/// that going from one schedule to another takes no memory and cannot fail.
template <class Value>
struct schedule_place
{
    using container = std::multimap<Value, mapping_record*>;

    schedule_place()
    {
        container made;
        made.emplace(Value{}, nullptr);
        node = made.extract(made.begin());
    }

    typename container::node_type node; ///< while the record is in no schedule
    typename container::iterator at{};
    const void* in = nullptr; ///< the schedule
};

/// What the reader of events knows of a mapping.
enum class known_state : std::uint8_t
{
    nothing,
    up,
    failing,
    lost
};

/// All that is known of one mapping.
struct mapping_record
{
    explicit mapping_record(mapping_key what) : key(what)
    {}

    mapping_key key;

    std::uint16_t suggested_port = 0; ///< the application's suggestion
    std::uint16_t external_port = 0;  ///< as last granted, 0 before
    std::uint32_t lifetime = 0;       ///< as asked, in seconds
    std::uint32_t granted = 0;        ///< as last granted, in seconds
    std::uint32_t generation = 0;     ///< the gateway's state in which it was granted

    time_point expiry{};               ///< of the lease
    time_point due{};                  ///< of the next request, or the end of the guard
    time_point last_create = long_ago; ///< when a map request last went out
    time_point last_remove = long_ago; ///< when a delete last went out

    schedule_place<time_point> due_place, expiry_place;
    schedule_place<std::uint32_t> unread_place;
    std::uint32_t unread_order = 0;
    error_code error{}; ///< the last failure; cleared by a grant

    std::uint32_t operations = 0;        ///< that are pending for this key
    std::uint16_t reported_port = 0;     ///< to the reader of events
    std::uint8_t creates_unanswered = 0; ///< map requests sent and not yet answered
    std::uint8_t removes_unanswered = 0; ///< deletes sent and not yet answered
    std::uint8_t failures = 0;           ///< in a row, of the mapping that is not up
    known_state reported = known_state::nothing;

    bool kept = false; ///< to be kept; set by a grant or an operation that keeps trying, cleared by
                       ///< unmapping
    bool claimed = false;   ///< an operation completed with it; cleared by unmapping
    bool leased = false;    ///< its lease runs; set by a grant, cleared by its end and a delete
    bool may_exist = false; ///< the gateway may have it; set by sending, cleared by a delete
    bool reported_mapped =
        false;                   ///< the application knows of it; cleared when told that it is gone
    bool failing = false;        ///< its renewal failed; cleared by a grant and the lease's end
    bool unread_loss = false;    ///< it was lost since the reader of events last read
    bool unread_renewal = false; ///< it was renewed since the reader last read
    bool ended = false;          ///< only the event of its removal is left
    bool late_grant_deleted = false; ///< a late grant has had its delete; cleared by a map request
    bool unread_failures = false;    ///< attempts failed since the reader last read
    bool shutdown_delete = false;    ///< the shutdown is to delete it
};

/// Records by the value of one member, the least first; equal ones in the order in which they came.
/// A record is in at most one schedule of those that share the member for the place.
template <auto Value, auto Place>
class schedule
{
public:
    schedule() = default;
    schedule(const schedule&) = delete;
    schedule& operator=(const schedule&) = delete;

    [[nodiscard]] bool empty() const noexcept
    {
        return entries_.empty();
    }

    [[nodiscard]] std::size_t size() const noexcept
    {
        return entries_.size();
    }

    [[nodiscard]] mapping_record& top() const noexcept
    {
        return *entries_.begin()->second;
    }

    [[nodiscard]] bool contains(const mapping_record& entry) const noexcept
    {
        return (entry.*Place).in == this;
    }

    /// Adds a record that is in no schedule of this place.
    void push(mapping_record& entry) noexcept
    {
        auto& place = entry.*Place;
        place.node.key() = entry.*Value;
        place.node.mapped() = &entry;
        place.at = entries_.insert(std::move(place.node));
        place.in = this;
    }

    /// Takes a record out if it is in here.
    void erase(mapping_record& entry) noexcept
    {
        if (!contains(entry))
            return;
        auto& place = entry.*Place;
        place.node = entries_.extract(place.at);
        place.in = nullptr;
    }

private:
    using value_type = std::remove_cvref_t<decltype(std::declval<mapping_record&>().*Value)>;

    typename schedule_place<value_type>::container entries_;
};

using due_schedule = schedule<&mapping_record::due, &mapping_record::due_place>;
using expiry_schedule = schedule<&mapping_record::expiry, &mapping_record::expiry_place>;
using unread_schedule = schedule<&mapping_record::unread_order, &mapping_record::unread_place>;

/// The records of all mappings by key. References stay valid until their record is erased.
class mapping_table
{
public:
    [[nodiscard]] bool contains(mapping_key key) const noexcept
    {
        return records_.contains(key);
    }

    /// The record of a key, or null.
    [[nodiscard]] mapping_record* find(mapping_key key) noexcept
    {
        const auto found = records_.find(key);
        return found == records_.end() ? nullptr : &found->second;
    }

    /// The record of a key, made if there is none.
    mapping_record& get(mapping_key key)
    {
        return records_.try_emplace(key, key).first->second;
    }

    /// Erases a record that is in no schedule.
    void erase(mapping_record& entry) noexcept
    {
        records_.erase(entry.key);
    }

    /// Calls `function` with every record, by key. It may erase that one, and must not add any.
    template <class Function>
    void for_each(Function function)
    {
        for (auto at = records_.begin(); at != records_.end();) {
            mapping_record& entry = at->second;
            ++at;
            function(entry);
        }
    }

private:
    std::map<mapping_key, mapping_record> records_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CORE_MAPPING_TABLE_HPP
