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
#include <list>
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

    /// Puts a new record in, unless it was already: then memory was refused for its other places.
    void add(mapping_record& entry, const Key& key)
    {
        if (entry.*Place == typename std::multimap<Key, mapping_record*>::iterator{})
            entry.*Place = order_.emplace(key, &entry);
    }

    /// Gives a record another key. Among equal keys it is then the last one.
    void move(mapping_record& entry, const Key& key) noexcept
    {
        auto node = order_.extract(entry.*Place);
        node.key() = key;
        entry.*Place = order_.insert(std::move(node));
    }

    void erase(mapping_record& entry) noexcept
    {
        order_.erase(entry.*Place);
    }

private:
    std::multimap<Key, mapping_record*> order_;
};

/// The records of all mappings. References stay valid until their record is erased. Each record is
/// in every order, so that nothing but a new record takes memory: a renewal does not.
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
        key_history& past = history_.try_emplace(key).first->second;
        mapping_record& entry = records_.try_emplace(key, key, past).first->second;
        timeline.add(entry, never);
        ready.add(entry, not_ready);
        if (entry.unread_place == std::list<mapping_record*>::iterator{})
            entry.unread_place = read_.insert(read_.end(), &entry);
        return entry;
    }

    /// Erases a record, which is in no phase and which nothing refers to any more.
    void erase(mapping_record& entry) noexcept
    {
        timeline.erase(entry);
        ready.erase(entry);
        (entry.unread ? unread_ : read_).erase(entry.unread_place);
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
    void mark_unread(mapping_record& entry) noexcept
    {
        if (!std::exchange(entry.unread, true))
            unread_.splice(unread_.end(), read_, entry.unread_place);
    }

    /// The record that was marked first, which is then marked no longer; null if there is none.
    mapping_record* take_unread() noexcept
    {
        if (unread_.empty())
            return nullptr;
        mapping_record* entry = unread_.front();
        entry->unread = false;
        read_.splice(read_.end(), unread_, entry->unread_place);
        return entry;
    }

    /// By the next time at which something is due: a request, or the end of the phase.
    record_order<time_point, &mapping_record::timeline_place> timeline;

    /// By urgency: records that wait for the one request in flight to end.
    record_order<ready_key, &mapping_record::ready_place> ready;

private:
    // The nodes of both stay where they are.
    std::map<mapping_key, mapping_record> records_;
    std::map<mapping_key, key_history> history_; ///< of each key that was ever asked for
    std::list<mapping_record*> unread_, read_;   ///< marked in this order, and not marked
    std::array<std::size_t, 5> in_phase_{};
};

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

#endif // NATPMP_DETAIL_CORE_MAPPING_TABLE_HPP
