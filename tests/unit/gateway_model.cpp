// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The model gateway without faults: packets byte for byte, epoch, announcements, record.

#include "unit/gateway_model_support.hpp"

namespace gateway_model_test {
using namespace gateway_model_test;

TEST_CASE("gateway_model: the golden vectors", "[gateway_model]")
{
    bench gateway{epoch_of(1000s)};

    CHECK(gateway.ask(hex("00 00")) == hex("00 80 00 00 00 00 03 e8 cb 00 71 07"));
    CHECK(gateway.ask(hex("00 01 00 00 0f a1 0f a1 00 00 1c 20")) ==
          hex("00 81 00 00 00 00 03 e8 0f a1 0f a1 00 00 1c 20"));
    CHECK(gateway.ask(hex("00 02 00 00 00 50 00 00 00 00 1c 20")) ==
          hex("00 82 00 00 00 00 03 e8 00 50 c0 00 00 00 1c 20"));
    CHECK(gateway.ask(hex("00 02 00 00 00 50 00 00 00 00 00 00")) ==
          hex("00 82 00 00 00 00 03 e8 00 50 00 00 00 00 00 00"));
    CHECK(gateway.ask(hex("00 01 00 00 00 00 00 00 00 00 00 00")) ==
          hex("00 81 00 00 00 00 03 e8 00 00 00 00 00 00 00 00"));

    gateway.model.faults.refuse_maps = 2;
    CHECK(gateway.ask(hex("00 02 00 00 00 50 00 50 00 00 1c 20")) ==
          hex("00 82 00 02 00 00 03 e8 00 50 00 00 00 00 00 00"));
    gateway.model.faults = {};

    SECTION("unsupported version, in the form of the erratum, as printed, as miniupnpd's")
    {
        CHECK(gateway.ask(hex("02 00")) == hex("00 80 00 01 00 00 03 e8"));
        gateway.model.faults.unsupported_version_opcode = 0x00;
        CHECK(gateway.ask(hex("01 01")) == hex("00 00 00 01 00 00 03 e8"));
        gateway.model.faults.unsupported_version_opcode = 0x81;
        CHECK(gateway.ask(bytes{2, 1, 0, 0, 0, 0, 0, 0}) == hex("00 81 00 01 00 00 03 e8"));
    }

    SECTION("unsupported opcode")
    {
        gateway.model.faults.unsupported_opcode = true;
        CHECK(gateway.ask(hex("00 01 00 00 0f a1 0f a1 00 00 1c 20")) ==
              hex("00 81 00 05 0f a1 0f a1 00 00 1c 20"));
    }

    SECTION("a server of PCP only")
    {
        gateway.model.faults.pcp_reply_length = 24;
        CHECK(gateway.ask(hex("00 00")) == hex("02 80 00 01 00 00 07 08 00 00 03 e8"
                                               "00 00 00 00 00 00 00 00 00 00 00 00"));
        gateway.model.faults.pcp_reply_length = 2;
        CHECK(gateway.ask(hex("00 00")) == hex("02 80"));
        gateway.model.faults.pcp_reply_length = 12;
        CHECK(gateway.ask(hex("00 01 00 00 0f a1 0f a1 00 00 1c 20")) ==
              hex("02 81 00 02 00 00 07 08 00 00 03 e8"));
    }
}

TEST_CASE("gateway_model: unknown opcodes are echoed with code 5", "[gateway_model]")
{
    bench gateway;
    for (unsigned opcode = 3; opcode < 128; ++opcode) {
        const auto byte = static_cast<std::uint8_t>(opcode);
        const auto reply = static_cast<std::uint8_t>(opcode + 128);
        CHECK(gateway.ask({0, byte, 9, 9, 1, 2, 3}) == bytes{0, reply, 0, 5, 1, 2, 3});
        CHECK(gateway.ask({0, byte}) == bytes{0, reply, 0, 5});
    }
}

TEST_CASE("gateway_model: responses are never answered", "[gateway_model]")
{
    bench gateway;
    for (unsigned version = 0; version < 4; ++version)
        for (unsigned opcode = 128; opcode < 256; ++opcode) {
            bytes packet(24);
            packet[0] = static_cast<std::uint8_t>(version);
            packet[1] = static_cast<std::uint8_t>(opcode);
            CHECK(gateway.send(packet).empty());
        }
}

TEST_CASE("gateway_model: requests of every length", "[gateway_model]")
{
    bench gateway;
    for (std::size_t length = 0; length <= 1500; ++length) {
        for (const unsigned opcode : {0u, 1u, 2u}) {
            bytes packet(length);
            if (length > 1)
                packet[1] = static_cast<std::uint8_t>(opcode);
            if (length > 5)
                packet[5] = 80;
            const std::size_t least = opcode == 0 ? 2 : 12;
            const std::size_t answered = opcode == 0 ? 12 : 16;
            REQUIRE(gateway.ask(packet).size() == (length < least ? 0 : answered));
        }
    }
}

TEST_CASE("gateway_model: without an external address the answer is code 3", "[gateway_model]")
{
    bench gateway;
    gateway.model.settings.external_address = {};
    CHECK(gateway.ask({0, 0}) == hex("00 80 00 03 00 00 00 00 00 00 00 00"));
    CHECK(gateway.model.announcement(gateway.now) == hex("00 80 00 03 00 00 00 00 00 00 00 00"));
    CHECK(gateway.map(protocol::tcp, 80, 80).code == 0);
}

TEST_CASE("gateway_model: the epoch counts whole seconds from the start", "[gateway_model]")
{
    bench gateway;
    CHECK(gateway.model.epoch(gateway.now + 999999us) == 0);
    CHECK(gateway.model.epoch(gateway.now + 1s) == 1);
    CHECK(gateway.model.epoch(gateway.now + 24h * 365 * 100) == 100u * 365 * 86400);

    gateway.now += 5s;
    CHECK(gateway.map(protocol::tcp, 80, 80).epoch == 5);

    SECTION("and many packets do not slow it down")
    {
        gateway.model.faults.clock_percent = 88;
        for (int i = 0; i < 100'000; ++i) {
            gateway.now += 1234567us;
            gateway.send({0, 0});
        }
        CHECK(gateway.model.epoch(gateway.now) == 5 + 108641); // 123456.7 s x 0.88 = 108641.896
    }

    SECTION("and it wraps at 32 bits")
    {
        bench old{epoch_of(4294967295s)};
        CHECK(old.model.epoch(old.now) == 4294967295);
        CHECK(old.model.epoch(old.now + 3s) == 2);
    }
}

TEST_CASE("gateway_model: a reboot forgets the mappings and begins an epoch", "[gateway_model]")
{
    bench gateway{epoch_of(1000s)};
    gateway.map(protocol::tcp, 80, 0);
    REQUIRE(gateway.model.table.put({host, protocol::udp, 53, 53, time_point::max(), true},
                                    gateway.now));
    gateway.now += 10s;
    gateway.model.reboot(gateway.now);

    CHECK(gateway.model.epoch(gateway.now) == 0);
    CHECK_FALSE(gateway.model.table.find(host, protocol::tcp, 80, gateway.now));
    CHECK(gateway.model.table.find(host, protocol::udp, 53, gateway.now)); // the administrator's
    gateway.now += 7s;
    CHECK(gateway.map(protocol::tcp, 81, 0).epoch == 7);
    CHECK(gateway.model.table.find(host, protocol::tcp, 81, gateway.now)->external_port == 49152);
}

TEST_CASE("gateway_model: announcements", "[gateway_model]")
{
    bench gateway{epoch_of(1000s)};
    CHECK(gateway.model.announcement(gateway.now) == hex("00 80 00 00 00 00 03 e8 cb 00 71 07"));
    CHECK(gateway.model.pcp_announcement(gateway.now) ==
          hex("02 80 00 00 00 00 00 00 00 00 03 e8 00 00 00 00 00 00 00 00 00 00 00 00"));

    // Another address is no loss of state: the epoch goes on.
    gateway.model.settings.external_address = address_v4{0xC6336401};
    CHECK(gateway.model.announcement(gateway.now + 2s) ==
          hex("00 80 00 00 00 00 03 ea c6 33 64 01"));

    constexpr auto times = gateway_model::announcement_times;
    const std::vector<std::chrono::milliseconds> expected{
        0ms, 250ms, 750ms, 1750ms, 3750ms, 7750ms, 15750ms, 31750ms, 63750ms, 127750ms};
    REQUIRE(times.size() == expected.size());
    for (std::size_t i = 0; i < times.size(); ++i)
        CHECK(times[i] == expected[i]);
}

TEST_CASE("gateway_model: the record of requests", "[gateway_model]")
{
    bench gateway;
    gateway.model.faults.drop = fault_switch::times(1);
    gateway.send({0, 0});
    gateway.now += 250ms;
    gateway.send({0, 0}, other);
    gateway.send({});

    const auto& requests = gateway.model.requests;
    REQUIRE(requests.size() == 3);
    CHECK(requests[0].bytes == bytes{0, 0});
    CHECK(requests[0].source == host);
    CHECK(requests[1].source == other);
    CHECK(requests[1].when - requests[0].when == 250ms);
    CHECK(requests[2].bytes.empty());

    SECTION("can be cleared")
    {
        gateway.model.requests.clear();
        gateway.send({0, 0});
        CHECK(requests.size() == 1);
    }

    SECTION("is bounded, and the oldest go first")
    {
        gateway.model.settings.recorded_requests = 2;
        gateway.send({0, 3});
        REQUIRE(requests.size() == 2);
        CHECK(requests[0].bytes.empty());
        CHECK(requests[1].bytes == bytes{0, 3});
    }

    SECTION("can be switched off")
    {
        gateway.model.settings.recorded_requests = 0;
        gateway.send({0, 0});
        CHECK(requests.empty());
    }
}

} // namespace gateway_model_test
