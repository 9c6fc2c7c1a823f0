// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What identifies a mapping of this host.

#ifndef NATPMP_DETAIL_CORE_MAPPING_KEY_HPP
#define NATPMP_DETAIL_CORE_MAPPING_KEY_HPP

#include <natpmp/types.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// What identifies a mapping of this host.
struct mapping_key
{
    natpmp::protocol protocol = natpmp::protocol::udp;
    std::uint16_t internal_port = 0;

    /// How many keys there are.
    static constexpr std::size_t count = std::size_t{1} << 17;

    /// The key as one number below `count`.
    [[nodiscard]] std::uint32_t number() const noexcept
    {
        return (protocol == natpmp::protocol::tcp ? 0x10000U : 0U) | internal_port;
    }

    /// Whether it stands for a port that the gateway assigns (map_request::gateway_assigns_port).
    [[nodiscard]] bool assigned() const noexcept
    {
        return internal_port == 0;
    }

    friend auto operator<=>(const mapping_key&, const mapping_key&) = default;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CORE_MAPPING_KEY_HPP
