// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_SUPPORT_REQUEST_TEXT_HPP
#define NATPMP_TESTS_SUPPORT_REQUEST_TEXT_HPP

// The text of a request, in which every test tells what it expects on the wire. It is read by hand
// here: on purpose not by the library's own wire.hpp.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace test_support {

/// A request as a line: "map tcp 80 8080 7200" (internal port, suggested external port, lifetime),
/// "delete tcp 80", "address". A delete that suggests a port, which is wrong, tells that as well.
inline std::string request_text(std::span<const std::uint8_t> bytes)
{
    const auto number = [&](std::size_t at, std::size_t size) {
        std::uint32_t result = 0;
        for (const std::uint8_t each : bytes.subspan(at, size))
            result = result << 8 | each;
        return result;
    };
    if (bytes.size() == 2 && bytes[0] == 0 && bytes[1] == 0)
        return "address";
    if (bytes.size() != 12 || bytes[0] != 0 || (bytes[1] != 1 && bytes[1] != 2) || number(2, 2))
        return "malformed";
    const std::string internal = (bytes[1] == 2 ? "tcp " : "udp ") + std::to_string(number(4, 2));
    const std::string external = ' ' + std::to_string(number(6, 2));
    const std::uint32_t lifetime = number(8, 4);
    if (lifetime == 0)
        return "delete " + internal + (number(6, 2) ? external : std::string{});
    return "map " + internal + external + ' ' + std::to_string(lifetime);
}

} // namespace test_support

#endif // NATPMP_TESTS_SUPPORT_REQUEST_TEXT_HPP
