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

    /// Whether it stands for a port that the gateway assigns (map_request::gateway_assigns_port).
    [[nodiscard]] bool assigned() const noexcept
    {
        return internal_port == 0;
    }

    friend bool operator==(const mapping_key&, const mapping_key&) = default;

    /// TCP before UDP, as in a mapping_pair; then by port.
    friend auto operator<=>(const mapping_key& left, const mapping_key& right) noexcept
    {
        return left.rank() <=> right.rank();
    }

private:
    [[nodiscard]] std::uint32_t rank() const noexcept
    {
        return (protocol == natpmp::protocol::udp ? 0x10000U : 0U) | internal_port;
    }
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CORE_MAPPING_KEY_HPP
