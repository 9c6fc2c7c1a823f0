// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Every length of every answer, opcodes that are none of ours, and noise (V-3, V-9, V-10).

#include <natpmp/detail/core/wire.hpp>

#include "support/catch.hpp"
#include "unit/engine_network.hpp"

#include <random>

namespace wire_lengths_test {
using namespace engine_test;
using natpmp::ignore_reason;
using natpmp::detail::decode;
using natpmp::detail::response;

/// The bytes, cut or filled up with zeros, at the end of their own allocation: a sanitizer sees
/// every read beyond them.
response decode_cut(const bytes& whole, std::size_t length)
{
    bytes cut(length);
    cut.shrink_to_fit();
    for (std::size_t at = 0; at < std::min(length, whole.size()); ++at)
        cut[at] = whole[at];
    return decode(cut);
}

/// The shortest length that is accepted; every longer one up to 1500 is, too.
std::size_t least_length(const bytes& whole)
{
    std::size_t least = 0;
    while (least <= 1500 && decode_cut(whole, least).reason != ignore_reason::none) {
        CHECK(decode_cut(whole, least).reason == ignore_reason::too_short);
        ++least;
    }
    for (std::size_t length = least; length <= 1500; ++length)
        if (decode_cut(whole, length).reason != ignore_reason::none)
            return 9999;
    return least;
}

TEST_CASE("wire: the least length of each answer; trailing bytes are ignored (V-10)", "[wire]")
{
    CHECK(least_length(address_answer("203.0.113.7", 1000)) == 12);
    CHECK(least_length(map_answer(protocol::udp, 4001, 4001, 7200, 1000)) == 16);
    CHECK(least_length(map_answer(protocol::tcp, 80, 0, 0, 1000)) == 16);
    CHECK(least_length(address_answer("0.0.0.0", 1000, 3)) == 8);
    CHECK(least_length(map_answer(protocol::tcp, 80, 0, 0, 1000, 2)) == 8);
    CHECK(least_length(map_answer(protocol::udp, 80, 0, 0, 1000, 65535)) == 8);
    CHECK(least_length(hex("00 80 00 01 00 00 03 e8")) == 4);
    CHECK(least_length(hex("00 81 00 05 0f a1 0f a1 00 00 1c 20")) == 4);
}

TEST_CASE("wire: the fields do not depend on what follows them", "[wire]")
{
    bytes grant = map_answer(protocol::udp, 4001, 4002, 7200, 1000);
    grant.resize(1500, 0xee);
    const response answer = decode(grant);
    CHECK(answer.internal_port == 4001);
    CHECK(answer.external_port == 4002);
    CHECK(answer.lifetime == 7200);
}

TEST_CASE("wire: version 2 by length (X-6)", "[wire]")
{
    const bytes refusal = hex("02 80 00 01 00 00 07 08 00 00 03 e8");
    for (std::size_t length = 0; length <= 1500; ++length) {
        const response answer = decode_cut(refusal, length);
        const bool taken = length == 2 || length >= 4;
        INFO(length);
        REQUIRE((answer.reason == ignore_reason::none) == taken);
        if (taken)
            REQUIRE_FALSE(answer.epoch);
    }
}

TEST_CASE("wire: only answers to opcodes 0, 1 and 2 (V-3, V-9)", "[wire]")
{
    for (std::uint32_t opcode = 0; opcode < 256; ++opcode)
        for (const std::uint32_t code : {0U, 2U, 5U}) {
            const response answer = decode(
                big_endian({{opcode, 2}, {code, 2}, {1000, 4}, {80, 2}, {80, 2}, {7200, 4}}));
            const bool ours = opcode >= 128 && opcode <= 130;
            INFO(opcode << ' ' << code);
            REQUIRE(answer.reason == (ours ? ignore_reason::none : ignore_reason::wrong_opcode));
            if (ours)
                REQUIRE(answer.opcode == opcode - 128);
        }
}

TEST_CASE("wire: noise", "[wire]")
{
    std::mt19937 random{20260101};
    unsigned taken = 0;
    for (int round = 0; round < 200'000; ++round) {
        bytes noise(random() % 40);
        noise.shrink_to_fit();
        for (std::uint8_t& each : noise)
            each = static_cast<std::uint8_t>(random() & 0xFF);
        if (round % 2 && noise.size() > 3) {
            noise[0] = 0;
            noise[1] = static_cast<std::uint8_t>(0x80 + random() % 4);
            noise[2] = 0;
            noise[3] = static_cast<std::uint8_t>(random() % 8);
        }
        const response answer = decode(noise);
        if (answer.reason != ignore_reason::none)
            continue;
        ++taken;
        REQUIRE(noise.size() >= 2);
        if (noise[0] == 0)
            REQUIRE(noise.size() >= 4);
        if (answer.epoch)
            REQUIRE(noise.size() >= 8);
        if (answer.opcode && answer.success())
            REQUIRE(noise.size() >= (answer.opcode == 0 ? 12U : 16U));
    }
    CHECK(taken > 10'000);
}

} // namespace wire_lengths_test
