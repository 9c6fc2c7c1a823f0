// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The mappings by protocol and port, by time, by urgency, and by what is unread of them.

#ifndef NATPMP_DETAIL_CORE_MAPPING_TABLE_HPP
#define NATPMP_DETAIL_CORE_MAPPING_TABLE_HPP

#include <natpmp/detail/core/mapping.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail {

/// All records in the order of a key, equal keys in the order in which they were set. A record is
/// always in it, so that a new key moves the node it has, without memory.
template <class Key, auto Place>
class record_order
{
public:
    /// The first record; null if there is none.
    [[nodiscard]] mapping_record* front() const noexcept
    {
        return order_.empty() ? nullptr : order_.begin()->second;
    }

    void move(mapping_record& entry, const Key& key)
    {
        auto node = order_.extract(entry.*Place);
        entry.*Place = {key, ++count_};
        if (!node)
            return void(order_.emplace(entry.*Place, &entry));
        node.key() = entry.*Place;
        order_.insert(std::move(node));
    }

    void erase(mapping_record& entry) noexcept
    {
        order_.erase(entry.*Place);
    }

private:
    std::map<std::pair<Key, std::uint64_t>, mapping_record*> order_;
    std::uint64_t count_ = 0; ///< of the keys that were set
};

/// Whose turn it is: the most urgent, and among operations the one that began first.
using ready_key = std::pair<priority, std::uint32_t>;

constexpr ready_key not_ready{priority::nothing, 0};

/// The records of all mappings. References stay valid until their record is erased.
class mapping_table
{
public:
    /// The record of a key, or null.
    [[nodiscard]] mapping_record* find(mapping_key key) noexcept
    {
        const auto found = records_.find(key);
        return found == records_.end() ? nullptr : &found->second;
    }

    /// The record of a key, made if there is none. Nothing else takes memory for a record.
    mapping_record& get(mapping_key key)
    {
        mapping_record& entry = records_.try_emplace(key, key).first->second;
        if (entry.unread_place.second == 0) { // it is new, or memory was refused the last time
            timeline.move(entry, never);
            ready.move(entry, not_ready);
            unread.move(entry, read);
        }
        return entry;
    }

    void erase(mapping_record& entry) noexcept
    {
        timeline.erase(entry);
        ready.erase(entry);
        unread.erase(entry);
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

    /// Changes the phase; engine::enter() is the one place that does.
    void set_phase(mapping_record& entry, phase to) noexcept
    {
        if (entry.phase != phase::ended)
            --in_phase_[static_cast<std::size_t>(entry.phase)];
        if (to != phase::ended)
            ++in_phase_[static_cast<std::size_t>(to)];
        entry.phase = to;
    }

    /// The number of mappings in a phase other than `ended`.
    [[nodiscard]] std::size_t count(phase which) const noexcept
    {
        return in_phase_[static_cast<std::size_t>(which)];
    }

    [[nodiscard]] bool any_wanted() const noexcept
    {
        return count(phase::cleaning) + count(phase::requested) + count(phase::leased) > 0;
    }

    /// Whether there is anything to do for a mapping, now or later.
    [[nodiscard]] bool any_left() const noexcept
    {
        return any_wanted() || count(phase::deleting) + count(phase::guarded) > 0;
    }

    /// Marks a record as one that the reader of events may have to hear of.
    void mark_unread(mapping_record& entry)
    {
        if (entry.unread_place.first == read)
            unread.move(entry, 0);
    }

    /// The record that was marked first, which is then marked no longer; null if there is none.
    mapping_record* take_unread()
    {
        mapping_record* entry = unread.front();
        if (!entry || entry->unread_place.first == read)
            return nullptr;
        unread.move(*entry, read);
        return entry;
    }

    /// By the next time at which something is due: a request, or the end of the phase.
    record_order<time_point, &mapping_record::timeline_place> timeline;

    /// By urgency: records that wait for the one request in flight to end.
    record_order<ready_key, &mapping_record::ready_place> ready;

private:
    static constexpr std::uint64_t read = std::numeric_limits<std::uint64_t>::max();

    record_order<std::uint64_t, &mapping_record::unread_place> unread;
    std::map<mapping_key, mapping_record> records_;
    std::array<std::size_t, 5> in_phase_{};
};

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

#endif // NATPMP_DETAIL_CORE_MAPPING_TABLE_HPP
