// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Each fault of the model gateway.

#include "unit/gateway_model_support.hpp"

namespace gateway_model_faults_test {
using namespace gateway_model_test;

TEST_CASE("fault_switch: off, on for good, on for a number of times", "[gateway_model]")
{
    fault_switch off, on = true, twice = fault_switch::times(2);
    for (int i = 0; i < 1000; ++i) {
        CHECK_FALSE(off.take());
        CHECK(on.take());
    }
    CHECK(on == fault_switch{true}); // is not counted down
    CHECK(static_cast<bool>(twice));
    CHECK(twice.take());
    CHECK(twice.take());
    CHECK_FALSE(static_cast<bool>(twice));
    CHECK_FALSE(twice.take());
}

TEST_CASE("gateway_faults: loss", "[gateway_model]")
{
    bench gateway;
    auto& faults = gateway.model.faults;
    const auto map = request(protocol::tcp, 80, 80, 7200);

    SECTION("of the first requests: nothing is done")
    {
        faults.drop = fault_switch::times(3);
        for (int i = 0; i < 3; ++i)
            CHECK(gateway.send(map).empty());
        CHECK(gateway.model.table.size(gateway.now) == 0);
        CHECK(gateway.send(map).size() == 1);
    }

    SECTION("of all requests")
    {
        faults.drop = true;
        for (int i = 0; i < 100; ++i)
            CHECK(gateway.send(map).empty());
        CHECK(gateway.model.requests.size() == 100);
    }

    SECTION("of answers: what was asked for is done")
    {
        faults.drop_reply = fault_switch::times(1);
        CHECK(gateway.send(map).empty());
        CHECK(gateway.model.table.size(gateway.now) == 1);
        CHECK(gateway.send(map).size() == 1);
    }
}

TEST_CASE("gateway_faults: delay and duplicates", "[gateway_model]")
{
    bench gateway;
    gateway.model.faults.delay = 500ms;
    gateway.model.faults.duplicates = 2;
    gateway.model.faults.duplicate_gap = 30ms;
    const auto replies = gateway.send({0, 0});
    REQUIRE(replies.size() == 3);
    CHECK(replies[0].delay == 500ms);
    CHECK(replies[1].delay == 530ms);
    CHECK(replies[2].delay == 560ms);
    for (const auto& reply : replies) {
        CHECK(reply.bytes == replies[0].bytes);
        CHECK_FALSE((reply.from_wrong_address || reply.from_wrong_port || reply.port_unreachable));
    }
}

TEST_CASE("gateway_faults: strangers", "[gateway_model]")
{
    bench gateway;
    gateway.model.faults.wrong_address = fault_switch::times(1);
    gateway.model.faults.wrong_port = fault_switch::times(2);
    CHECK(gateway.send({}).empty()); // no answer, none counted

    auto reply = gateway.send({0, 0}).at(0);
    CHECK(reply.from_wrong_address);
    CHECK(reply.from_wrong_port);
    CHECK(reply.bytes.size() == 12);
    reply = gateway.send({0, 0}).at(0);
    CHECK_FALSE(reply.from_wrong_address);
    CHECK(reply.from_wrong_port);
    reply = gateway.send({0, 0}).at(0);
    CHECK_FALSE(reply.from_wrong_port);
}

TEST_CASE("gateway_faults: ICMP port unreachable", "[gateway_model]")
{
    bench gateway;
    const auto map = request(protocol::tcp, 80, 80, 7200);
    gateway.model.faults.port_unreachable = fault_switch::times(1);
    auto replies = gateway.send(map);
    REQUIRE(replies.size() == 1);
    CHECK(replies[0].port_unreachable);
    CHECK(replies[0].bytes.empty());
    CHECK(gateway.model.table.size(gateway.now) == 0);
    replies = gateway.send(map);
    REQUIRE(replies.size() == 1);
    CHECK_FALSE(replies[0].port_unreachable);

    gateway.model.faults.port_unreachable = true;
    for (int i = 0; i < 10; ++i)
        CHECK(gateway.send(map).at(0).port_unreachable);
}

TEST_CASE("gateway_faults: silence to some requests only", "[gateway_model]")
{
    bench gateway;
    auto& faults = gateway.model.faults;
    gateway.map(protocol::tcp, 80, 80);
    const auto map = request(protocol::tcp, 81, 81, 7200), unmap = request(protocol::tcp, 80, 0, 0);

    SECTION("deletes")
    {
        faults.ignore_deletes = true;
        CHECK(gateway.send(unmap).empty());
        CHECK(gateway.send(request(protocol::tcp, 0, 0, 0)).empty());
        CHECK(gateway.model.table.find(host, protocol::tcp, 80, gateway.now));
        CHECK(gateway.send(map).size() == 1);
        CHECK(gateway.send({0, 0}).size() == 1);
    }

    SECTION("address requests")
    {
        faults.ignore_address_requests = true;
        CHECK(gateway.send({0, 0}).empty());
        CHECK(gateway.send(map).size() == 1);
        CHECK(gateway.send(unmap).size() == 1);
    }

    SECTION("map requests")
    {
        faults.ignore_maps = true;
        CHECK(gateway.send(map).empty());
        CHECK_FALSE(gateway.model.table.find(host, protocol::tcp, 81, gateway.now));
        CHECK(gateway.send(unmap).size() == 1);
        CHECK(gateway.send({0, 0}).size() == 1);
    }
}

TEST_CASE("gateway_faults: refusals, each kind of request for itself", "[gateway_model]")
{
    for (const unsigned number : {1u, 2u, 3u, 4u, 5u, 6u, 255u, 256u, 65535u}) {
        const auto code = static_cast<std::uint16_t>(number);
        bench gateway;
        auto& faults = gateway.model.faults;
        gateway.map(protocol::tcp, 80, 80);

        faults.refuse_maps = code;
        const answer map = gateway.map(protocol::tcp, 81, 81);
        CHECK(map.opcode == 130);
        CHECK(map.code == code);
        CHECK(map.internal_port == 81);
        CHECK(map.external_port == 0);
        CHECK(map.lifetime == 0);
        CHECK(gateway.model.table.count_of(host, gateway.now) == 1);
        CHECK(gateway.unmap(protocol::tcp, 82).code == 0);
        CHECK(gateway.ask({0, 0})[3] == 0);

        faults = {};
        faults.refuse_deletes = code;
        CHECK(gateway.unmap(protocol::tcp, 80).code == code);
        CHECK(gateway.unmap(protocol::tcp, 0).code == code);
        CHECK(gateway.model.table.count_of(host, gateway.now) == 1);
        CHECK(gateway.map(protocol::tcp, 80, 80).code == 0);

        faults = {};
        faults.refuse_address_requests = code;
        const auto high = static_cast<std::uint8_t>(code >> 8);
        const auto low = static_cast<std::uint8_t>(code & 0xFF);
        const bytes refused{0, 0x80, high, low, 0, 0, 0, 0, 0, 0, 0, 0};
        CHECK(gateway.ask({0, 0}) == refused);
        CHECK(gateway.model.announcement(gateway.now) == refused);
    }
}

TEST_CASE("gateway_faults: refusals of odd forms", "[gateway_model]")
{
    bench gateway{epoch_of(1000s)};
    auto& faults = gateway.model.faults;
    const auto map = hex("00 01 00 00 0f a1 0f a1 00 00 1c 20");
    faults.refuse_maps = 4;
    faults.refuse_address_requests = 3;

    SECTION("with stale fields")
    {
        faults.stale_errors = fault_switch::times(2);
        CHECK(gateway.ask(map) == hex("00 81 00 04 00 00 03 e8 0f a1 0f a1 00 00 1c 20"));
        CHECK(gateway.ask({0, 0}) == hex("00 80 00 03 00 00 03 e8 cb 00 71 07"));
        CHECK(gateway.ask(map) == hex("00 81 00 04 00 00 03 e8 0f a1 00 00 00 00 00 00"));
    }

    SECTION("cut to 8 bytes")
    {
        faults.short_errors = fault_switch::times(2);
        CHECK(gateway.ask(map) == hex("00 81 00 04 00 00 03 e8"));
        CHECK(gateway.ask({0, 0}) == hex("00 80 00 03 00 00 03 e8"));
        CHECK(gateway.ask({0, 0}).size() == 12);
    }

    SECTION("successes are left alone")
    {
        faults = {};
        faults.stale_errors = true;
        faults.short_errors = true;
        CHECK(gateway.ask(map).size() == 16);
        CHECK(gateway.ask({0, 0}).size() == 12);
        CHECK(gateway.unmap(protocol::udp, 4001).code == 0);
    }
}

TEST_CASE("gateway_faults: the wrong internal port", "[gateway_model]")
{
    bench gateway;
    gateway.model.faults.wrong_internal_port = true;
    CHECK(gateway.map(protocol::udp, 22002, 22002).internal_port == 242);
    CHECK(gateway.map(protocol::udp, 80, 80).internal_port == 336);
    CHECK(gateway.unmap(protocol::udp, 22002).internal_port == 242);
    gateway.model.faults.refuse_maps = 2;
    CHECK(gateway.map(protocol::udp, 22002, 22002).internal_port == 242);
    CHECK(gateway.model.table.find(host, protocol::udp, 80, gateway.now));
    CHECK_FALSE(gateway.model.table.find(host, protocol::udp, 336, gateway.now));
}

TEST_CASE("gateway_faults: successes with a zero in them", "[gateway_model]")
{
    bench gateway;
    auto& faults = gateway.model.faults;

    SECTION("address")
    {
        faults.zero_address = fault_switch::times(1);
        CHECK(gateway.ask({0, 0}) == hex("00 80 00 00 00 00 00 00 00 00 00 00"));
        CHECK(gateway.ask({0, 0}) == hex("00 80 00 00 00 00 00 00 cb 00 71 07"));
        faults.zero_address = true;
        gateway.model.settings.external_address = {};
        CHECK(gateway.ask({0, 0}) == hex("00 80 00 00 00 00 00 00 00 00 00 00"));
    }

    SECTION("lifetime")
    {
        faults.zero_lifetime = fault_switch::times(1);
        const answer odd = gateway.map(protocol::tcp, 80, 80);
        CHECK(odd.code == 0);
        CHECK(odd.external_port == 80);
        CHECK(odd.lifetime == 0);
        CHECK(gateway.model.table.size(gateway.now) == 0);
        CHECK(gateway.map(protocol::tcp, 80, 80).lifetime == 7200);
    }

    SECTION("external port")
    {
        faults.zero_external_port = fault_switch::times(1);
        const answer odd = gateway.map(protocol::tcp, 80, 80);
        CHECK(odd.code == 0);
        CHECK(odd.external_port == 0);
        CHECK(odd.lifetime == 7200);
        CHECK(gateway.model.table.size(gateway.now) == 0);
        CHECK(gateway.map(protocol::tcp, 80, 80).external_port == 80);
    }
}

TEST_CASE("gateway_faults: another external port at each renewal", "[gateway_model]")
{
    bench gateway;
    gateway.model.faults.move_ports = fault_switch::times(2);
    CHECK(gateway.map(protocol::tcp, 80, 50001).external_port == 50001);
    CHECK(gateway.map(protocol::tcp, 80, 50001).external_port == 50002);
    CHECK(gateway.map(protocol::tcp, 80, 50002).external_port == 50003);
    CHECK(gateway.map(protocol::tcp, 80, 50003).external_port == 50003);
    CHECK(gateway.model.table.size(gateway.now) == 1);
    CHECK_FALSE(gateway.model.table.find_external(protocol::tcp, 50001, gateway.now));
}

TEST_CASE("gateway_faults: version 0 is not known", "[gateway_model]")
{
    bench gateway{epoch_of(1000s)};
    gateway.model.faults.unsupported_version = fault_switch::times(1);
    CHECK(gateway.ask({2, 0}).at(3) == 1); // not counted: that version is never known
    CHECK(gateway.ask({0, 0}) == hex("00 80 00 01 00 00 03 e8"));
    CHECK(gateway.ask({0, 0}).at(3) == 0);
}

TEST_CASE("gateway_faults: the opcode is not known", "[gateway_model]")
{
    bench gateway;
    gateway.model.faults.unsupported_opcode = fault_switch::times(1);
    CHECK(gateway.ask({0, 0}) == bytes{0, 0x80, 0, 5});
    CHECK(gateway.ask({0, 0}).size() == 12);
}

TEST_CASE("gateway_faults: the epoch's clock", "[gateway_model]")
{
    bench gateway{epoch_of(1000s)};
    auto& faults = gateway.model.faults;

    SECTION("stuck")
    {
        faults.clock_percent = 0;
        CHECK(gateway.model.epoch(gateway.now + 24h) == 1000);
    }

    SECTION("slow")
    {
        faults.clock_percent = 88;
        CHECK(gateway.model.epoch(gateway.now + 1000s) == 1880);
        faults.clock_percent = 87;
        CHECK(gateway.model.epoch(gateway.now + 1000s) == 1870);
    }

    SECTION("fast")
    {
        faults.clock_percent = 200;
        CHECK(gateway.model.epoch(gateway.now + 1000s) == 3000);
    }

    SECTION("a change keeps what was counted up to the last packet")
    {
        gateway.now += 1000s;
        gateway.send({0, 0});
        faults.clock_percent = 0;
        gateway.now += 1000s;
        CHECK(gateway.model.epoch(gateway.now) == 2000);
        gateway.send({0, 0});
        faults.clock_percent = 100;
        CHECK(gateway.model.epoch(gateway.now + 10s) == 2010);
    }

    SECTION("jumping")
    {
        faults.epoch_jump = 4000000000s;
        CHECK(gateway.map(protocol::tcp, 80, 80).epoch == 4000001000);
        faults.epoch_jump = -900s;
        CHECK(gateway.map(protocol::tcp, 80, 80).epoch == 100);
        CHECK(gateway.model.table.size(gateway.now) == 1);
    }
}

} // namespace gateway_model_faults_test
