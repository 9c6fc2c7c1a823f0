// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_UNIT_ENGINE_PACKETS_HPP
#define NATPMP_TESTS_UNIT_ENGINE_PACKETS_HPP

// Packets by hand: on purpose not by the library's own wire.hpp.

#include <natpmp/event.hpp>

#include "support/request_text.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace engine_test {

using natpmp::protocol;

using bytes = std::vector<std::uint8_t>;

/// "00 81 0f a1" as bytes.
inline bytes hex(std::string_view text)
{
    bytes result;
    for (std::size_t at = 0; at < text.size(); ++at)
        if (text[at] != ' ')
            result.push_back(static_cast<std::uint8_t>(
                std::stoul(std::string{text.substr(at++, 2)}, nullptr, 16)));
    return result;
}

/// Numbers as bytes, the highest first: {value, size in bytes}.
inline bytes big_endian(std::initializer_list<std::pair<std::uint32_t, int>> numbers)
{
    bytes result;
    for (const auto& [value, size] : numbers)
        for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
            result.push_back(static_cast<std::uint8_t>(value >> shift & 0xFF));
    return result;
}

inline bytes map_answer(protocol kind, std::uint16_t internal_port, std::uint16_t external_port,
                        std::uint32_t lifetime, std::uint32_t epoch, std::uint16_t code = 0)
{
    return big_endian({{0, 1},
                       {0x80U | static_cast<std::uint32_t>(kind), 1},
                       {code, 2},
                       {epoch, 4},
                       {internal_port, 2},
                       {external_port, 2},
                       {lifetime, 4}});
}

inline bytes delete_answer(protocol kind, std::uint16_t internal_port, std::uint32_t epoch,
                           std::uint16_t code = 0)
{
    return map_answer(kind, internal_port, 0, 0, epoch, code);
}

/// Also an announcement.
inline bytes address_answer(const std::string& address, std::uint32_t epoch, std::uint16_t code = 0)
{
    const auto value = natpmp::net::ip::make_address_v4(address).to_bytes();
    bytes result = big_endian({{0x0080, 2}, {code, 2}, {epoch, 4}});
    result.insert(result.end(), value.begin(), value.end());
    return result;
}

/// A datagram that the engine sent.
struct request
{
    bytes raw;

    [[nodiscard]] bool is_address() const
    {
        return raw == bytes{0, 0};
    }

    [[nodiscard]] bool is_map() const
    {
        return raw.size() == 12 && raw[0] == 0 && (raw[1] == 1 || raw[1] == 2) && number(2, 2) == 0;
    }

    [[nodiscard]] bool is_create() const
    {
        return is_map() && lifetime() != 0;
    }

    [[nodiscard]] bool is_delete() const
    {
        return is_map() && lifetime() == 0 && external_port() == 0;
    }

    [[nodiscard]] protocol kind() const
    {
        return static_cast<protocol>(raw[1]);
    }

    [[nodiscard]] std::uint16_t internal_port() const
    {
        return static_cast<std::uint16_t>(number(4, 2));
    }

    [[nodiscard]] std::uint16_t external_port() const
    {
        return static_cast<std::uint16_t>(number(6, 2));
    }

    [[nodiscard]] std::uint32_t lifetime() const
    {
        return number(8, 4);
    }

    /// "map tcp 80 8080 7200", "delete tcp 80" or "address".
    [[nodiscard]] std::string text() const
    {
        return test_support::request_text(raw);
    }

private:
    [[nodiscard]] std::uint32_t number(std::size_t at, std::size_t size) const
    {
        std::uint32_t result = 0;
        for (std::size_t i = at; i < at + size; ++i)
            result = result << 8 | raw.at(i);
        return result;
    }
};

/// "mapped tcp 80 8080", "address_changed 203.0.113.8", "lost tcp 80: the error".
inline std::string event_text(const natpmp::event& news)
{
    std::string result{to_string(news.kind)};
    if (news.about_mapping())
        result += ' ' + std::string{to_string(news.mapping.protocol)} + ' ' +
                  std::to_string(news.mapping.internal_port) + ' ' +
                  std::to_string(news.mapping.external_port);
    else if (news.kind == natpmp::event_kind::address_changed)
        result += ' ' + news.mapping.external_address.to_string();
    else if (news.kind == natpmp::event_kind::gateway_changed)
        result += ' ' + news.gateway.to_string();
    if (news.error)
        result += std::string{": "} + news.error.category().name() + ' ' +
                  std::to_string(news.error.value());
    return result;
}

} // namespace engine_test

#endif // NATPMP_TESTS_UNIT_ENGINE_PACKETS_HPP
