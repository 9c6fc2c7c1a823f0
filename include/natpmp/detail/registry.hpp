// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Which mappings there are: a record for each, found by its key.

#ifndef NATPMP_DETAIL_REGISTRY_HPP
#define NATPMP_DETAIL_REGISTRY_HPP

#include <natpmp/detail/mapping_key.hpp>
#include <natpmp/detail/time.hpp>
#include <natpmp/error.hpp>

#include <cstdint>
#include <deque>
#include <unordered_map>
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

    time_point expiry{};               ///< of the lease
    time_point due{};                  ///< of the next request, or of another schedule
    time_point last_create = long_ago; ///< when a map request last went out
    time_point last_remove = long_ago; ///< when a delete last went out

    std::uint32_t due_index = absent, expiry_index = absent, news_index = absent; ///< in heaps
    std::uint32_t news_order = 0;
    std::uint32_t error = 0; ///< packed; the last failure

    std::uint16_t operations = 0;        ///< that are under way for this key
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

/// The records of all mappings. References stay valid until their record is erased.
class registry
{
public:
    /// The record of a key, or null.
    [[nodiscard]] record* find(mapping_key key) noexcept
    {
        const auto found = index_.find(key.number());
        return found == index_.end() ? nullptr : &slots_[found->second];
    }

    [[nodiscard]] bool contains(mapping_key key) const noexcept
    {
        return index_.contains(key.number());
    }

    /// The record of a key, made if there is none.
    record& get(mapping_key key)
    {
        if (record* found = find(key))
            return *found;
        if (free_.empty()) {
            slots_.emplace_back();
            free_.reserve(slots_.size()); // erase() must not throw
            free_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
        }
        const std::uint32_t slot = free_.back();
        index_.emplace(key.number(), slot);
        free_.pop_back();
        slots_[slot] = record{};
        slots_[slot].key = key;
        slots_[slot].used = true;
        return slots_[slot];
    }

    void erase(record& entry) noexcept
    {
        const auto found = index_.find(entry.key.number());
        free_.push_back(found->second);
        entry.used = false;
        index_.erase(found);
    }

    [[nodiscard]] std::size_t size() const noexcept
    {
        return index_.size();
    }

    /// Calls `function` with every record. It must not add or erase any.
    template <class Function>
    void for_each(Function function)
    {
        for (record& entry : slots_)
            if (entry.used)
                function(entry);
    }

private:
    std::deque<record> slots_;
    std::vector<std::uint32_t> free_;
    std::unordered_map<std::uint32_t, std::uint32_t> index_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_REGISTRY_HPP
