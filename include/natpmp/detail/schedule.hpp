// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Records in the order in which they are due: a binary heap that knows where each record is.

#ifndef NATPMP_DETAIL_SCHEDULE_HPP
#define NATPMP_DETAIL_SCHEDULE_HPP

#include <natpmp/detail/registry.hpp>

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
        return *heap_.front();
    }

    [[nodiscard]] bool contains(const record& entry) const noexcept
    {
        return entry.*Place < heap_.size() && heap_[entry.*Place] == &entry;
    }

    /// Adds a record that is in no schedule of this place.
    void push(record& entry)
    {
        heap_.push_back(&entry);
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
        record* last = heap_.back();
        heap_.pop_back();
        if (last == &entry)
            return;
        put(place, last);
        rise(place);
        sink(last->*Place);
    }

private:
    void put(std::uint32_t place, record* entry) noexcept
    {
        heap_[place] = entry;
        entry->*Place = place;
    }

    void rise(std::uint32_t place) noexcept
    {
        record* entry = heap_[place];
        while (place > 0) {
            const std::uint32_t parent = (place - 1) / 2;
            if (!(entry->*Value < heap_[parent]->*Value))
                break;
            put(place, heap_[parent]);
            place = parent;
        }
        put(place, entry);
    }

    void sink(std::uint32_t place) noexcept
    {
        record* entry = heap_[place];
        for (;;) {
            std::size_t child = std::size_t{place} * 2 + 1;
            if (child >= heap_.size())
                break;
            if (child + 1 < heap_.size() && heap_[child + 1]->*Value < heap_[child]->*Value)
                ++child;
            if (!(heap_[child]->*Value < entry->*Value))
                break;
            put(place, heap_[child]);
            place = static_cast<std::uint32_t>(child);
        }
        put(place, entry);
    }

    std::vector<record*> heap_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_SCHEDULE_HPP
