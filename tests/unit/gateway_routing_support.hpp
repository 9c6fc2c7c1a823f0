// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_UNIT_GATEWAY_ROUTING_SUPPORT_HPP
#define NATPMP_TESTS_UNIT_GATEWAY_ROUTING_SUPPORT_HPP

// Builds the messages of the routing tables of macOS and the BSDs, as their kernels would.

#include "unit/gateway_routing_formats.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace gateway_routing_test {

namespace net = natpmp::net;
namespace detail = natpmp::detail;
using buffer = std::vector<std::byte>;

inline net::ip::address_v4 v4(const std::string& text)
{
    return net::ip::make_address_v4(text);
}

inline buffer joined(const std::vector<buffer>& parts)
{
    buffer result;
    for (const auto& part : parts)
        result.insert(result.end(), part.begin(), part.end());
    return result;
}

template <class Value>
void put(buffer& into, std::size_t at, const Value& value)
{
    std::memcpy(into.data() + at, &value, sizeof value);
}

/// A sockaddr: the length and the family in front, then zeros.
inline buffer any_address(std::size_t length, unsigned family)
{
    buffer result(length);
    if (length > 0)
        result[0] = std::byte(length);
    if (length > 1)
        result[1] = std::byte(family);
    return result;
}

/// A sockaddr_in, cut off after `length` bytes.
inline buffer ipv4(const std::string& text, std::size_t length = 16, unsigned family = 2)
{
    buffer result = any_address(16, family);
    put(result, 4, v4(text).to_bytes());
    result[0] = std::byte(length);
    result.resize(length);
    return result;
}

/// A link-layer address (sockaddr_dl, AF_LINK on all but OpenBSD and macOS alike).
inline buffer link_address()
{
    return any_address(20, 18);
}

constexpr std::uint32_t up = 1, through_gateway = 2, to_host = 4;

/// What a test says about a route: by default, a default route through 192.168.1.1.
struct route
{
    std::uint8_t type = 4; // RTM_GET
    std::uint16_t index = 2;
    std::uint32_t flags = up | through_gateway | 0x800; // static

    std::uint32_t present = 7;
    std::vector<buffer> addresses{ipv4("0.0.0.0"), ipv4("192.168.1.1"), {}};
};

inline route via(const std::string& gateway, std::uint16_t index = 2)
{
    route result;
    result.index = index;
    result.addresses[1] = ipv4(gateway);
    return result;
}

/// The message of a route; the header's size is what the format says, with garbage in the rest.
inline buffer message(const detail::routing_format& format, const route& from)
{
    buffer result(format.header_size, std::byte{0xA5});
    for (const auto& address : from.addresses) {
        result.insert(result.end(), address.begin(), address.end());
        const std::size_t least = address.empty() ? format.alignment : 0;
        const std::size_t padding =
            (format.alignment - address.size() % format.alignment) % format.alignment;
        result.resize(result.size() + std::max(least, padding));
    }
    put(result, 0, static_cast<std::uint16_t>(result.size()));
    result[2] = std::byte{format.version};
    result[3] = std::byte{from.type};
    put(result, format.index_at, from.index);
    put(result, format.flags_at, from.flags);
    put(result, format.addresses_at, from.present);
    return result;
}

/// A message about something else: an interface, say, whose layout is not looked at.
inline buffer message(const detail::routing_format& format, std::uint8_t type)
{
    buffer result(24, std::byte{0xA5});
    put(result, 0, static_cast<std::uint16_t>(result.size()));
    result[2] = std::byte{format.version};
    result[3] = std::byte{type};
    return result;
}

} // namespace gateway_routing_test

#endif // NATPMP_TESTS_UNIT_GATEWAY_ROUTING_SUPPORT_HPP
