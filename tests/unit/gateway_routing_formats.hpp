// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_UNIT_GATEWAY_ROUTING_FORMATS_HPP
#define NATPMP_TESTS_UNIT_GATEWAY_ROUTING_FORMATS_HPP

// The layouts of rt_msghdr on 64-bit systems, written down by hand from their documentation.

#include <natpmp/detail/platform/routing_socket.hpp>

namespace gateway_routing_test {

/// arm64 and x86-64.
constexpr natpmp::detail::routing_format macos{
    .version = 5,
    .header_size = 92,
    .index_at = 4,
    .flags_at = 8,
    .addresses_at = 12,
    .alignment = 4,
    .scoped_flag = 0x1000000,
    .interface_types = 1U << 0xC | 1U << 0xD | 1U << 0xE,
};

constexpr natpmp::detail::routing_format freebsd{
    .version = 5,
    .header_size = 152,
    .index_at = 4,
    .flags_at = 8,
    .addresses_at = 12,
    .alignment = 8,
    .interface_types = 1U << 0xC | 1U << 0xD | 1U << 0xE,
};

constexpr natpmp::detail::routing_format openbsd{
    .version = 5,
    .header_size = 96,
    .index_at = 6,
    .flags_at = 16,
    .addresses_at = 12,
    .alignment = 8,
    .interface_types = 1U << 0xC | 1U << 0xD | 1U << 0xE,
};

constexpr natpmp::detail::routing_format netbsd{
    .version = 4,
    .header_size = 120,
    .index_at = 4,
    .flags_at = 8,
    .addresses_at = 12,
    .alignment = 8,
    .interface_types = 1U << 0x14 | 1U << 0x16 | 1U << 0x17,
};

} // namespace gateway_routing_test

#endif // NATPMP_TESTS_UNIT_GATEWAY_ROUTING_FORMATS_HPP
