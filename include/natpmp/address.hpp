// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Which addresses the Internet can reach.

#ifndef NATPMP_ADDRESS_HPP
#define NATPMP_ADDRESS_HPP

#include <natpmp/detail/asio.hpp>

#include <cstdint>
#include <iosfwd>
#include <string_view>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {

/// What kind of address a gateway calls its external one.
enum class address_kind : std::uint8_t
{
    /// No address: the gateway did not tell, refused, or answered 0.0.0.0.
    unknown,
    /// An address that the Internet can reach.
    routable,
    /// 10/8, 172.16/12 or 192.168/16 (RFC 1918): a NAT behind another NAT.
    private_use,
    /// 100.64/10 (RFC 6598): the provider's NAT stands in between.
    shared,
    /// Any other address that is not for general use: loopback, link-local, multicast and so on.
    reserved
};

/// The name of an address kind.
[[nodiscard]] constexpr std::string_view to_string(address_kind kind) noexcept
{
    constexpr std::string_view names[] = {"unknown", "routable", "private", "shared", "reserved"};
    return static_cast<std::size_t>(kind) < 5 ? names[static_cast<std::size_t>(kind)] : "unknown";
}

/// Writes to_string() of it.
template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out,
                                             address_kind kind)
{
    return out << to_string(kind);
}

namespace detail {

struct address_block
{
    std::uint32_t prefix;
    unsigned length;
    address_kind kind;
};

constexpr address_block address_blocks[] = {
    {0x0A000000, 8, address_kind::private_use},  // 10/8
    {0xAC100000, 12, address_kind::private_use}, // 172.16/12
    {0xC0A80000, 16, address_kind::private_use}, // 192.168/16
    {0x64400000, 10, address_kind::shared},      // 100.64/10
    {0x00000000, 8, address_kind::reserved},     // 0/8, "this network"
    {0x7F000000, 8, address_kind::reserved},     // 127/8, loopback
    {0xA9FE0000, 16, address_kind::reserved},    // 169.254/16, link-local
    {0xC0000000, 24, address_kind::reserved},    // 192.0.0/24, protocol assignments
    {0xC6120000, 15, address_kind::reserved},    // 198.18/15, benchmarking
    {0xE0000000, 3, address_kind::reserved},     // 224/3, multicast, reserved, broadcast
};

} // namespace detail

/// Tells an address apart that only a neighbour can reach (RFC 6886, section 4.3.1: a NAT behind a
/// NAT). The documentation blocks of RFC 5737 count as routable. Thread-safe.
[[nodiscard]] inline address_kind classify(const net::ip::address& address) noexcept
{
    if (!address.is_v4())
        return address.is_unspecified() ? address_kind::unknown : address_kind::routable;
    const std::uint32_t value = address.to_v4().to_uint();
    if (value == 0)
        return address_kind::unknown;
    for (const auto& block : detail::address_blocks)
        if ((value ^ block.prefix) >> (32 - block.length) == 0)
            return block.kind;
    return address_kind::routable;
}

/// Whether the Internet can reach this address; false for an unspecified one. Thread-safe.
[[nodiscard]] inline bool publicly_routable(const net::ip::address& address) noexcept
{
    return classify(address) == address_kind::routable;
}

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_ADDRESS_HPP
