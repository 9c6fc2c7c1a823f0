// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The model gateway's mappings: ports, lifetimes, deletes, other hosts.

#include "unit/gateway_model_support.hpp"

namespace gateway_model_table_test {
using namespace gateway_model_test;
using natpmp::testing::gateway_table;

TEST_CASE("gateway_table: a known internal port keeps its external port", "[gateway_model]")
{
    bench gateway;
    CHECK(gateway.map(protocol::tcp, 80, 8080).external_port == 8080);
    CHECK(gateway.map(protocol::tcp, 80, 9090).external_port == 8080);
    CHECK(gateway.map(protocol::tcp, 80, 0).external_port == 8080);
    CHECK(gateway.model.table.size(gateway.now) == 1);

    // Another protocol, internal port or host is another mapping.
    CHECK(gateway.map(protocol::udp, 80, 9090).external_port == 9090);
    CHECK(gateway.map(protocol::tcp, 81, 9091).external_port == 9091);
    CHECK(gateway.map(protocol::tcp, 80, 9092, 7200, other).external_port == 9092);
    CHECK(gateway.model.table.size(gateway.now) == 4);
    CHECK(gateway.model.table.count_of(host, gateway.now) == 3);
    CHECK(gateway.model.table.count_of(other, gateway.now) == 1);
}

TEST_CASE("gateway_table: a taken port gives the next free one", "[gateway_model]")
{
    bench gateway;
    REQUIRE(gateway.model.table.occupy(protocol::tcp, 80, gateway.now));
    CHECK_FALSE(gateway.model.table.occupy(protocol::tcp, 80, gateway.now));
    CHECK(gateway.map(protocol::tcp, 80, 80).external_port == 81);
    CHECK(gateway.map(protocol::tcp, 81, 80).external_port == 82);

    // After the last port it goes on above the well-known ones.
    REQUIRE(gateway.model.table.occupy(protocol::tcp, 65535, gateway.now));
    CHECK(gateway.map(protocol::tcp, 90, 65535).external_port == 1024);

    REQUIRE(gateway.model.table.remove_external(protocol::tcp, 80));
    CHECK_FALSE(gateway.model.table.remove_external(protocol::tcp, 80));
    CHECK(gateway.map(protocol::tcp, 82, 80).external_port == 80);
}

TEST_CASE("gateway_table: the companion port is kept for the same host", "[gateway_model]")
{
    bench gateway;
    CHECK(gateway.map(protocol::tcp, 80, 8080).external_port == 8080);
    CHECK(gateway.map(protocol::udp, 80, 8080, 7200, other).external_port == 8081);
    CHECK(gateway.map(protocol::udp, 80, 8080).external_port == 8080);
    CHECK_FALSE(gateway.model.table.occupy(protocol::udp, 8080, gateway.now));

    // It is free for all once the first is gone.
    gateway.unmap(protocol::tcp, 80);
    gateway.unmap(protocol::udp, 80);
    CHECK(gateway.model.table.occupy(protocol::udp, 8080, gateway.now));
}

TEST_CASE("gateway_table: how ports are chosen", "[gateway_model]")
{
    bench gateway;
    REQUIRE(gateway.model.table.occupy(protocol::tcp, 49153, gateway.now));

    SECTION("suggestion 0: a high one")
    {
        CHECK(gateway.map(protocol::tcp, 80, 0).external_port == 49152);
        CHECK(gateway.map(protocol::tcp, 81, 0).external_port == 49154);
    }

    SECTION("suggestion 0: the internal one")
    {
        gateway.model.settings.ports = port_policy::suggested_or_internal;
        CHECK(gateway.map(protocol::tcp, 80, 0).external_port == 80);
        CHECK(gateway.map(protocol::tcp, 81, 80).external_port == 81);
    }

    SECTION("always a high one")
    {
        gateway.model.settings.ports = port_policy::own_choice;
        CHECK(gateway.map(protocol::tcp, 80, 80).external_port == 49152);
        CHECK(gateway.map(protocol::tcp, 81, 81).external_port == 49154);
        CHECK(gateway.map(protocol::tcp, 80, 80).external_port == 49152);
    }

    SECTION("the high ones go round")
    {
        gateway_settings settings;
        settings.first_high_port = 65534;
        bench narrow{settings};
        CHECK(narrow.map(protocol::tcp, 1, 0).external_port == 65534);
        CHECK(narrow.map(protocol::tcp, 2, 0).external_port == 65535);
        CHECK(narrow.map(protocol::tcp, 3, 0).external_port == 1024);
        narrow.unmap(protocol::tcp, 1);
        CHECK(narrow.map(protocol::tcp, 4, 0).external_port == 1025);
    }
}

TEST_CASE("gateway_table: no room is code 4", "[gateway_model]")
{
    bench gateway;
    gateway.model.settings.capacity = 1;
    CHECK(gateway.map(protocol::tcp, 80, 80).code == 0);
    const answer refused = gateway.map(protocol::tcp, 81, 81);
    CHECK(refused.code == 4);
    CHECK(refused.internal_port == 81);
    CHECK(refused.external_port == 0);
    CHECK(refused.lifetime == 0);
    CHECK(gateway.map(protocol::tcp, 80, 80).code == 0); // a renewal needs no room

    SECTION("nor is a port, when all are taken")
    {
        gateway.model.settings.capacity = 100'000;
        for (std::uint32_t port = 1; port < 65536; ++port)
            static_cast<void>(gateway.model.table.occupy(
                protocol::udp, static_cast<std::uint16_t>(port), gateway.now));
        // Port 80 is kept for the holder of TCP port 80.
        CHECK(gateway.map(protocol::udp, 90, 70).external_port == 80);
        CHECK(gateway.map(protocol::udp, 91, 70).code == 4);
    }
}

TEST_CASE("gateway_table: lifetimes are granted within the gateway's limits", "[gateway_model]")
{
    bench gateway;
    CHECK(gateway.map(protocol::tcp, 80, 80, 7200).lifetime == 7200);
    CHECK(gateway.map(protocol::tcp, 80, 80, 0xFFFFFFFF).lifetime == 86400);

    auto& settings = gateway.model.settings;
    settings.min_lifetime = 120s;
    CHECK(gateway.map(protocol::tcp, 80, 80, 60).lifetime == 120); // more than asked
    settings.min_lifetime = settings.max_lifetime = 1s;
    CHECK(gateway.map(protocol::tcp, 80, 80, 7200).lifetime == 1);
    settings.min_lifetime = settings.max_lifetime = 0xFFFFFFFFs;
    CHECK(gateway.map(protocol::tcp, 80, 80, 7200).lifetime == 0xFFFFFFFF);
    CHECK(gateway.model.table.find(host, protocol::tcp, 80, gateway.now)->expiry ==
          gateway.now + 0xFFFFFFFFs);
    settings.min_lifetime = settings.max_lifetime = 0x1FFFFFFFFs; // does not fit
    CHECK(gateway.map(protocol::tcp, 80, 80, 7200).lifetime == 0xFFFFFFFF);
    settings.min_lifetime = settings.max_lifetime = 0s; // would be a delete
    CHECK(gateway.map(protocol::tcp, 80, 80, 7200).lifetime == 1);
}

TEST_CASE("gateway_table: a mapping ends with its lifetime", "[gateway_model]")
{
    bench gateway;
    auto& table = gateway.model.table;
    gateway.map(protocol::tcp, 80, 80, 10);
    const time_point end = gateway.now + 10s;
    CHECK(table.find(host, protocol::tcp, 80, end - 1us));
    CHECK_FALSE(table.find(host, protocol::tcp, 80, end));
    CHECK(table.find_external(protocol::tcp, 80, end - 1us));
    CHECK_FALSE(table.find_external(protocol::tcp, 80, end));
    CHECK(table.entries(end - 1us).size() == 1);
    CHECK(table.entries(end).empty());
    CHECK(table.count_of(host, end) == 0);

    SECTION("unless it is renewed")
    {
        gateway.now += 5s;
        CHECK(gateway.map(protocol::tcp, 80, 80, 10).external_port == 80);
        CHECK(table.find(host, protocol::tcp, 80, end + 4s));
        gateway.now = end + 4s;
        CHECK(table.size(gateway.now) == 1);
        gateway.now += 1s;
        CHECK(table.size(gateway.now) == 0);
    }

    SECTION("and then others get its port, and its companion")
    {
        gateway.now = end;
        CHECK(gateway.map(protocol::udp, 80, 80, 10, other).external_port == 80);
        CHECK(gateway.map(protocol::tcp, 80, 80, 10, other).external_port == 80);
        CHECK(gateway.map(protocol::tcp, 80, 80, 10).external_port == 81);
        CHECK(table.size(gateway.now) == 3);
    }
}

TEST_CASE("gateway_table: deletes", "[gateway_model]")
{
    bench gateway;
    gateway.map(protocol::tcp, 80, 80);
    gateway.map(protocol::udp, 80, 80);
    gateway.map(protocol::tcp, 81, 81);
    gateway.map(protocol::tcp, 82, 82, 7200, other);
    auto& table = gateway.model.table;

    SECTION("one, and again")
    {
        for (int i = 0; i < 2; ++i) {
            const answer deleted = gateway.unmap(protocol::tcp, 80);
            CHECK(deleted.opcode == 130);
            CHECK(deleted.code == 0);
            CHECK(deleted.internal_port == 80);
            CHECK(deleted.external_port == 0);
            CHECK(deleted.lifetime == 0);
            CHECK_FALSE(table.find(host, protocol::tcp, 80, gateway.now));
            CHECK(table.size(gateway.now) == 3);
        }
    }

    SECTION("the external port asked for does not matter")
    {
        CHECK(gateway.map(protocol::tcp, 80, 4711, 0).external_port == 0);
        CHECK_FALSE(table.find(host, protocol::tcp, 80, gateway.now));
    }

    SECTION("what another host has stays")
    {
        CHECK(gateway.unmap(protocol::tcp, 82).code == 0);
        CHECK(table.find(other, protocol::tcp, 82, gateway.now));
    }

    SECTION("all of one protocol")
    {
        const answer deleted = gateway.unmap(protocol::tcp, 0);
        CHECK(deleted.code == 0);
        CHECK(deleted.internal_port == 0);
        CHECK(table.count_of(host, gateway.now) == 1);
        CHECK(table.find(host, protocol::udp, 80, gateway.now));
        CHECK(table.find(other, protocol::tcp, 82, gateway.now));
    }

    SECTION("all of the other")
    {
        CHECK(gateway.unmap(protocol::udp, 0).opcode == 129);
        CHECK(table.count_of(host, gateway.now) == 2);
        CHECK_FALSE(table.find(host, protocol::udp, 80, gateway.now));
    }

    SECTION("all of a host, by another program")
    {
        CHECK(table.remove_all_of(host));
        CHECK(table.count_of(host, gateway.now) == 0);
        CHECK(table.count_of(other, gateway.now) == 1);
    }

    SECTION("what the administrator made stays")
    {
        REQUIRE(table.put({host, protocol::tcp, 90, 90, time_point::max(), true}, gateway.now));
        const answer renewed = gateway.map(protocol::tcp, 90, 91);
        CHECK(renewed.code == 0);
        CHECK(renewed.external_port == 90);
        CHECK(renewed.lifetime == 7200);
        CHECK(gateway.unmap(protocol::tcp, 90).code == 2);
        CHECK(gateway.unmap(protocol::tcp, 0).code == 2); // the others go all the same
        CHECK(table.entries(gateway.now).size() == 3);
        CHECK(table.find(host, protocol::tcp, 90, gateway.now)->expiry == time_point::max());
    }
}

TEST_CASE("gateway_table: port 0 with a lifetime is refused", "[gateway_model]")
{
    bench gateway;
    CHECK(gateway.map(protocol::tcp, 0, 80).code == 2);
    CHECK(gateway.model.table.size(gateway.now) == 0);
}

TEST_CASE("gateway_table: put keeps external ports unique", "[gateway_model]")
{
    gateway_table table;
    const time_point now{1s};
    CHECK(table.put({host, protocol::tcp, 80, 80, now + 10s}, now));
    CHECK_FALSE(table.put({other, protocol::tcp, 80, 80}, now));
    CHECK_FALSE(table.put({host, protocol::tcp, 81, 80}, now));
    CHECK_FALSE(table.put({host, protocol::tcp, 81, 0}, now));
    CHECK(table.put({host, protocol::tcp, 80, 81, now + 10s}, now)); // moves
    CHECK_FALSE(table.find_external(protocol::tcp, 80, now));
    CHECK(table.put({other, protocol::tcp, 80, 80}, now));
    CHECK(table.put({other, protocol::tcp, 81, 81}, now + 10s)); // the first has ended

    const auto entries = table.entries(now);
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].source == other);
    CHECK(entries[0].external_port == 80);
    CHECK(entries[1].external_port == 81);
}

} // namespace gateway_model_table_test
