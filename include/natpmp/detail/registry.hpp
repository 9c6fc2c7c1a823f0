// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Which mappings there are: a record for each, found by its key.

#ifndef NATPMP_DETAIL_REGISTRY_HPP
#define NATPMP_DETAIL_REGISTRY_HPP

#include <natpmp/detail/mapping_key.hpp>
#include <natpmp/detail/time.hpp>
#include <natpmp/error.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Keeps an error_code of this library or of the system in 32 bits.
inline std::uint32_t pack(const error_code& error) noexcept
{
    if (!error)
        return 0;
    const std::uint32_t category = error.category() == result_category()    ? 2
                                   : error.category() == library_category() ? 1
                                                                            : 3;
    return category << 16 | (static_cast<std::uint32_t>(error.value()) & 0xFFFF);
}

inline error_code unpack(std::uint32_t packed) noexcept
{
    const auto value = packed & 0xFFFF;
    switch (packed >> 16) {
    case 1:
        return make_error_code(static_cast<errc>(value));
    case 2:
        return make_error_code(static_cast<result_code>(value));
    case 3:
        return {static_cast<int>(value), net::error::get_system_category()};
    default:
        return {};
    }
}

/// What the reader of events knows of a mapping.
enum class known_state : std::uint8_t
{
    nothing,
    up,
    failing,
    lost
};

/// All that is known of one mapping.
struct record
{
    static constexpr std::uint32_t absent = 0xFFFFFFFF;

    mapping_key key{};
    std::uint16_t suggested_port = 0; ///< the application's suggestion
    std::uint16_t external_port = 0;  ///< as last granted, 0 before
    std::uint32_t lifetime = 0;       ///< as asked, in seconds
    std::uint32_t granted = 0;        ///< as last granted, in seconds
    std::uint32_t generation = 0;     ///< the gateway's state in which it was granted
    std::uint32_t next = absent;      ///< with the same hash, or unused as well

    time_point expiry{};               ///< of the lease
    time_point due{};                  ///< of the next request, or of another schedule
    time_point last_create = long_ago; ///< when a map request last went out
    time_point last_remove = long_ago; ///< when a delete last went out

    std::uint32_t due_index = absent, expiry_index = absent, news_index = absent; ///< in heaps
    std::uint32_t news_order = 0;
    std::uint32_t error = 0; ///< packed; the last failure

    std::uint32_t operations = 0;        ///< that are under way for this key
    std::uint16_t reported_port = 0;     ///< to the reader of events
    std::uint8_t creates_unanswered = 0; ///< map requests sent and not yet answered
    std::uint8_t removes_unanswered = 0; ///< deletes sent and not yet answered
    std::uint8_t failures = 0;           ///< in a row, of the mapping that is not up
    known_state reported = known_state::nothing;

    bool used : 1 = false;         ///< whether this slot holds a mapping
    bool wanted : 1 = false;       ///< whether it is to be kept
    bool claimed : 1 = false;      ///< whether an operation completed with it
    bool live : 1 = false;         ///< whether its lease runs
    bool possible : 1 = false;     ///< whether the gateway may have what a delete would end
    bool announced : 1 = false;    ///< whether the application has been told that it is up
    bool failing : 1 = false;      ///< whether its renewal failed
    bool interrupted : 1 = false;  ///< whether it was lost since the reader last read
    bool renewed : 1 = false;      ///< whether it was renewed since the reader last read
    bool removed : 1 = false;      ///< whether only the news of its removal is left
    bool late_removal : 1 = false; ///< whether a late grant has had its delete
    bool in_vain : 1 = false;      ///< whether attempts failed since the reader last read
    bool farewell : 1 = false;     ///< whether the shutdown has sent its delete
};

/// The records of all mappings, in slots that are chained by the hash of their key. References stay
/// valid until their record is erased. With every port of both protocols in use, what is beside the
/// records counts: 2 to 4 bytes each, where a node of a standard map takes 40.
class registry
{
public:
    [[nodiscard]] record& operator[](std::uint32_t slot) noexcept
    {
        return slots_[slot];
    }

    /// The slot of a key's record, or record::absent.
    [[nodiscard]] std::uint32_t slot_of(mapping_key key) const noexcept
    {
        std::uint32_t slot = chains_.empty() ? record::absent : chains_[chain_of(key)];
        while (slot != record::absent && slots_[slot].key != key)
            slot = slots_[slot].next;
        return slot;
    }

    [[nodiscard]] bool contains(mapping_key key) const noexcept
    {
        return slot_of(key) != record::absent;
    }

    /// The record of a key, or null.
    [[nodiscard]] record* find(mapping_key key) noexcept
    {
        const std::uint32_t slot = slot_of(key);
        return slot == record::absent ? nullptr : &slots_[slot];
    }

    /// The record of a key, made if there is none.
    record& get(mapping_key key)
    {
        if (record* found = find(key))
            return *found;
        if (size_ == 2 * chains_.size())
            grow();
        if (unused_ == record::absent) {
            slots_.emplace_back();
            unused_ = static_cast<std::uint32_t>(slots_.size() - 1);
        }
        const std::uint32_t slot = unused_;
        record& entry = slots_[slot];
        unused_ = entry.next;
        entry = record{};
        entry.key = key;
        entry.used = true;
        link(slot);
        ++size_;
        return entry;
    }

    void erase(record& entry) noexcept
    {
        std::uint32_t* place = &chains_[chain_of(entry.key)];
        while (&slots_[*place] != &entry)
            place = &slots_[*place].next;
        const std::uint32_t slot = *place;
        *place = entry.next;
        entry.used = false;
        entry.next = unused_;
        unused_ = slot;
        --size_;
    }

    [[nodiscard]] std::size_t size() const noexcept
    {
        return size_;
    }

    /// Calls `function` with every record. It may erase that one, and must not add any.
    template <class Function>
    void for_each(Function function)
    {
        for (record& entry : slots_)
            if (entry.used)
                function(entry);
    }

private:
    [[nodiscard]] std::size_t chain_of(mapping_key key) const noexcept
    {
        return (key.number() * 0x9E3779B1U >> 15) & (chains_.size() - 1);
    }

    void link(std::uint32_t slot) noexcept
    {
        std::uint32_t& chain = chains_[chain_of(slots_[slot].key)];
        slots_[slot].next = chain;
        chain = slot;
    }

    void grow()
    {
        std::vector<std::uint32_t> chains(std::max<std::size_t>(8, 2 * chains_.size()),
                                          record::absent);
        chains_.swap(chains);
        for (std::uint32_t slot = 0; slot < slots_.size(); ++slot)
            if (slots_[slot].used)
                link(slot);
    }

    std::deque<record> slots_;
    std::vector<std::uint32_t> chains_; ///< the first slot of each, a power of two of them
    std::uint32_t unused_ = record::absent;
    std::size_t size_ = 0;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_REGISTRY_HPP
