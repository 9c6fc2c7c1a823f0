// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Records in the order in which they are due: a binary heap that knows where each record is.

#ifndef NATPMP_DETAIL_SCHEDULE_HPP
#define NATPMP_DETAIL_SCHEDULE_HPP

#include <natpmp/detail/registry.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Records by the value of one member, the least first; another member holds the record's place.
/// A record is in at most one schedule of those that share the member for the place.
template <auto Value, std::uint32_t record::* Place>
class schedule
{
public:
    explicit schedule(registry& records) noexcept : records_(records)
    {}

    [[nodiscard]] bool empty() const noexcept
    {
        return heap_.empty();
    }

    [[nodiscard]] std::size_t size() const noexcept
    {
        return heap_.size();
    }

    [[nodiscard]] record& top() const noexcept
    {
        return records_[heap_.front()];
    }

    [[nodiscard]] bool contains(const record& entry) const noexcept
    {
        return entry.*Place < heap_.size() && &records_[heap_[entry.*Place]] == &entry;
    }

    /// Makes room for so many records, so that adding them does not throw, and for a quarter more
    /// than now: there are several schedules, each with room for all records.
    void reserve(std::size_t count)
    {
        if (count > heap_.capacity())
            heap_.reserve(std::max(count, heap_.capacity() + heap_.capacity() / 4));
    }

    /// Adds a record that is in no schedule of this place. There is room for it.
    void push(record& entry)
    {
        heap_.push_back(records_.slot_of(entry.key));
        entry.*Place = static_cast<std::uint32_t>(heap_.size() - 1);
        rise(entry.*Place);
    }

    /// Takes a record out if it is in here.
    void erase(record& entry) noexcept
    {
        if (!contains(entry))
            return;
        const std::uint32_t place = entry.*Place;
        entry.*Place = record::absent;
        const std::uint32_t last = heap_.back();
        heap_.pop_back();
        if (place == heap_.size())
            return;
        put(place, last);
        rise(place);
        sink(records_[last].*Place);
    }

private:
    [[nodiscard]] const auto& value(std::uint32_t place) const noexcept
    {
        return records_[heap_[place]].*Value;
    }

    void put(std::uint32_t place, std::uint32_t slot) noexcept
    {
        heap_[place] = slot;
        records_[slot].*Place = place;
    }

    void rise(std::uint32_t place) noexcept
    {
        const std::uint32_t slot = heap_[place];
        const auto moving = value(place);
        while (place > 0) {
            const std::uint32_t parent = (place - 1) / 2;
            if (!(moving < value(parent)))
                break;
            put(place, heap_[parent]);
            place = parent;
        }
        put(place, slot);
    }

    void sink(std::uint32_t place) noexcept
    {
        const std::uint32_t slot = heap_[place];
        const auto moving = value(place);
        for (;;) {
            std::uint32_t child = place * 2 + 1;
            if (child >= heap_.size())
                break;
            if (child + 1 < heap_.size() && value(child + 1) < value(child))
                ++child;
            if (!(value(child) < moving))
                break;
            put(place, heap_[child]);
            place = child;
        }
        put(place, slot);
    }

    registry& records_;
    std::vector<std::uint32_t> heap_; ///< slots
};

using due_schedule = schedule<&record::due, &record::due_index>;

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_SCHEDULE_HPP
