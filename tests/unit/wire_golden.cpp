// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The golden vectors, both ways (RFC 6886, sections 3.2, 3.3 and 3.5).

#include <natpmp/detail/core/wire.hpp>

#include "support/catch.hpp"
#include "unit/engine_network.hpp"

namespace wire_golden_test {
using namespace engine_test;
using natpmp::ignore_reason;
using natpmp::detail::decode;
using natpmp::detail::encode_address_request;
using natpmp::detail::encode_map_request;
using natpmp::detail::packet;
using natpmp::detail::response;

bytes of(const packet& from)
{
    const auto view = from.view();
    return {view.begin(), view.end()};
}

TEST_CASE("wire: requests (M-1, M-2, M-3, D-2)", "[wire]")
{
    CHECK(of(encode_address_request()) == hex("00 00"));
    CHECK(of(encode_map_request(protocol::udp, 4001, 4001, 7200)) ==
          hex("00 01 00 00 0f a1 0f a1 00 00 1c 20"));
    CHECK(of(encode_map_request(protocol::tcp, 80, 0, 7200)) ==
          hex("00 02 00 00 00 50 00 00 00 00 1c 20"));
    CHECK(of(encode_map_request(protocol::tcp, 80, 0, 0)) ==
          hex("00 02 00 00 00 50 00 00 00 00 00 00"));
    CHECK(of(encode_map_request(protocol::udp, 0xfedc, 0xba98, 0x76543210)) ==
          hex("00 01 00 00 fe dc ba 98 76 54 32 10"));
    CHECK(of(encode_map_request(protocol::tcp, 1, 2, 0xffffffff)) ==
          hex("00 02 00 00 00 01 00 02 ff ff ff ff"));
}

TEST_CASE("wire: an address (X0-1)", "[wire]")
{
    const response answer = decode(hex("00 80 00 00 00 00 03 e8 cb 00 71 07"));
    REQUIRE(answer.reason == ignore_reason::none);
    CHECK(answer.opcode == 0);
    CHECK(answer.success());
    CHECK(answer.epoch == 1000U);
    CHECK(answer.address == 0xcb007107);
    CHECK_FALSE(answer.internal_port);
}

TEST_CASE("wire: a grant", "[wire]")
{
    const response answer = decode(hex("00 81 00 00 00 00 03 e8 0f a1 0f a2 00 00 1c 20"));
    REQUIRE(answer.reason == ignore_reason::none);
    CHECK(answer.opcode == 1);
    CHECK(answer.success());
    CHECK(answer.epoch == 1000U);
    CHECK(answer.internal_port == 4001);
    CHECK(answer.external_port == 4002);
    CHECK(answer.lifetime == 7200);
    CHECK(answer.concerns(4001));
    CHECK_FALSE(answer.concerns(4002));
    CHECK_FALSE(answer.concerns(0));
}

TEST_CASE("wire: a delete done, a map refused", "[wire]")
{
    const response deleted = decode(hex("00 82 00 00 00 00 03 e8 00 50 00 00 00 00 00 00"));
    REQUIRE(deleted.reason == ignore_reason::none);
    CHECK(deleted.opcode == 2);
    CHECK(deleted.success());
    CHECK(deleted.internal_port == 80);
    CHECK(deleted.external_port == 0);
    CHECK(deleted.lifetime == 0);

    const response refused = decode(hex("00 82 00 02 00 00 03 e8 00 50 00 00 00 00 00 00"));
    REQUIRE(refused.reason == ignore_reason::none);
    CHECK(refused.opcode == 2);
    CHECK_FALSE(refused.success());
    CHECK(refused.result == 2);
    CHECK(refused.epoch == 1000U);
    CHECK(refused.concerns(80));
    CHECK_FALSE(refused.concerns(81));
}

TEST_CASE("wire: unsupported version, whatever the opcode (C-1)", "[wire]")
{
    for (const char* text :
         {"00 80 00 01 00 00 03 e8", "00 00 00 01 00 00 03 e8", "00 81 00 01 00 00 03 e8",
          "00 82 00 01 00 00 03 e8", "00 ff 00 01 00 00 03 e8", "00 7f 00 01 00 00 03 e8"}) {
        const response answer = decode(hex(text));
        INFO(text);
        REQUIRE(answer.reason == ignore_reason::none);
        CHECK_FALSE(answer.opcode);
        CHECK(answer.result == 1);
        CHECK(answer.epoch == 1000U);
    }
    CHECK(decode(hex("00 80 00 01")).reason == ignore_reason::none);
    CHECK_FALSE(decode(hex("00 80 00 01 00 00 03")).epoch);
}

TEST_CASE("wire: the echo of an unsupported opcode has no epoch (C-2, E-8)", "[wire]")
{
    const response answer = decode(hex("00 81 00 05 0f a1 0f a2 00 00 1c 20"));
    REQUIRE(answer.reason == ignore_reason::none);
    CHECK(answer.opcode == 1);
    CHECK(answer.result == 5);
    CHECK_FALSE(answer.epoch);
    CHECK(answer.concerns(4001)); // at 4, as in the request
    CHECK_FALSE(answer.concerns(4002));

    const response other = decode(hex("00 82 00 05 00 00 03 e8 00 50 00 00 00 00 00 00"));
    REQUIRE(other.reason == ignore_reason::none);
    CHECK_FALSE(other.epoch);
    CHECK(other.concerns(80)); // at 8, as in an answer
    CHECK_FALSE(other.concerns(81));

    const response address = decode(hex("00 80 00 05"));
    REQUIRE(address.reason == ignore_reason::none);
    CHECK(address.opcode == 0);
    CHECK_FALSE(address.epoch);
}

TEST_CASE("wire: an error without a port can be of any (V-4)", "[wire]")
{
    for (const char* text : {"00 82 00 02 00 00 03 e8", "00 82 00 02 00 00 03 e8 00",
                             "00 82 00 02 00 00 03 e8 00 00 00 00 00 00 00 00"}) {
        const response answer = decode(hex(text));
        INFO(text);
        REQUIRE(answer.reason == ignore_reason::none);
        CHECK(answer.concerns(80));
        CHECK(answer.concerns(65535));
    }
    CHECK_FALSE(decode(hex("00 82 00 00 00 00 03 e8 00 00 00 50 00 00 1c 20")).concerns(80));
}

TEST_CASE("wire: the result code has 16 bits (V-8)", "[wire]")
{
    for (const std::uint32_t code : {6U, 255U, 256U, 0x0180U, 65535U}) {
        const response answer = decode(big_endian({{0x0082, 2}, {code, 2}, {9, 4}, {80, 2}}));
        REQUIRE(answer.reason == ignore_reason::none);
        CHECK_FALSE(answer.success());
        CHECK(answer.result == code);
        CHECK(answer.epoch == 9U);
        CHECK(answer.concerns(80));
    }
}

TEST_CASE("wire: the address of a failure is not read (C-3)", "[wire]")
{
    const response answer = decode(hex("00 80 00 03 00 00 03 e8 cb 00 71 07"));
    REQUIRE(answer.reason == ignore_reason::none);
    CHECK(answer.result == 3);
    CHECK(answer.address == 0);
}

TEST_CASE("wire: version 2 (X-6)", "[wire]")
{
    const auto refuses = [](std::string_view text) {
        const response answer = decode(hex(text));
        return answer.reason == ignore_reason::none && !answer.opcode && !answer.epoch &&
               answer.result == 1;
    };
    CHECK(refuses("02 80 00 01 00 00 07 08 00 00 03 e8 00 00 00 00 00 00 00 00 00 00 00 00"));
    CHECK(refuses("02 80"));
    CHECK(refuses("02 81"));
    CHECK(refuses("02 81 00 02 a2 a9 00 00 00 4f 8f d2"));
    CHECK(refuses("02 81 00 01"));
    for (const char* text : {"02 00", "02 80 00", "02 80 00 00", "02 80 01 01 00 00 00 00",
                             "02 80 00 03 00 00 00 00", "02 00 00 01 00 00 00 00", "01 80",
                             "01 80 00 01 00 00 03 e8", "03 80 00 01", "ff 80 00 01"}) {
        INFO(text);
        CHECK(decode(hex(text)).reason == ignore_reason::wrong_version);
    }
}

} // namespace wire_golden_test
