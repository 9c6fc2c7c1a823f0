// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_UNIT_GATEWAY_MODEL_SUPPORT_HPP
#define NATPMP_TESTS_UNIT_GATEWAY_MODEL_SUPPORT_HPP

#include <natpmp/testing/gateway_model.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gateway_model_test {

using namespace std::chrono_literals;

using natpmp::protocol;
using natpmp::time_point;
using natpmp::net::ip::address_v4;
using natpmp::testing::fault_switch;
using natpmp::testing::gateway_model;
using natpmp::testing::gateway_settings;
using natpmp::testing::port_policy;

using bytes = std::vector<std::uint8_t>;

inline const address_v4 host{0xC0A8010A};  // 192.168.1.10
inline const address_v4 other{0xC0A8010B}; // 192.168.1.11

/// "00 81 0f a1" as bytes.
inline bytes hex(std::string_view text)
{
    bytes result;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == ' ') {
            ++at;
            continue;
        }
        result.push_back(
            static_cast<std::uint8_t>(std::stoul(std::string{text.substr(at, 2)}, nullptr, 16)));
        at += 2;
    }
    return result;
}

inline bytes request(protocol kind, std::uint16_t internal_port, std::uint16_t external_port,
                     std::uint32_t lifetime)
{
    bytes result{0, static_cast<std::uint8_t>(kind), 0, 0};
    for (const std::uint32_t value : {std::uint32_t{internal_port} << 16 | external_port, lifetime})
        for (const int shift : {24, 16, 8, 0})
            result.push_back(static_cast<std::uint8_t>(value >> shift & 0xFF));
    return result;
}

/// An answer about a mapping, taken apart.
struct answer
{
    unsigned opcode = 0, code = 0;
    std::uint32_t epoch = 0;
    unsigned internal_port = 0, external_port = 0;
    std::uint32_t lifetime = 0;

    explicit answer(const bytes& packet)
    {
        if (packet.size() != 16)
            throw std::runtime_error("not an answer about a mapping");
        const auto number = [&](std::size_t at, std::size_t size) {
            std::uint32_t value = 0;
            for (std::size_t i = at; i < at + size; ++i)
                value = value << 8 | packet[i];
            return value;
        };
        opcode = packet[1];
        code = number(2, 2);
        epoch = number(4, 4);
        internal_port = number(8, 2);
        external_port = number(10, 2);
        lifetime = number(12, 4);
    }
};

/// A gateway, with the time that tests pass to it.
struct bench
{
    gateway_model model;
    time_point now{1h};

    explicit bench(const gateway_settings& settings = {}) : model(time_point{1h}, settings)
    {}

    auto send(const bytes& packet, const address_v4& source = host)
    {
        return model.handle(source, packet, now);
    }

    /// The bytes of the only answer; empty if there is none.
    bytes ask(const bytes& packet, const address_v4& source = host)
    {
        const auto replies = send(packet, source);
        if (replies.size() > 1)
            throw std::runtime_error("several answers");
        return replies.empty() ? bytes{} : replies.front().bytes;
    }

    answer map(protocol kind, std::uint16_t internal_port, std::uint16_t external_port,
               std::uint32_t lifetime = 7200, const address_v4& source = host)
    {
        return answer{ask(request(kind, internal_port, external_port, lifetime), source)};
    }

    answer unmap(protocol kind, std::uint16_t internal_port, const address_v4& source = host)
    {
        return map(kind, internal_port, 0, 0, source);
    }
};

inline gateway_settings epoch_of(std::chrono::seconds epoch)
{
    gateway_settings result;
    result.epoch = epoch;
    return result;
}

} // namespace gateway_model_test

#endif // NATPMP_TESTS_UNIT_GATEWAY_MODEL_SUPPORT_HPP
