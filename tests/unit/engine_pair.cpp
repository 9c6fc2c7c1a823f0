// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// TCP and UDP for one port (M-9; design: async_map_port_pair).

#include "unit/engine_support.hpp"

namespace engine_pair_test {
using namespace engine_test;

TEST_CASE("engine pair: the second suggests what the first was granted (M-9)", "[engine][pair]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        return asked.is_create() && asked.kind() == protocol::tcp
                   ? map_answer(protocol::tcp, 80, 50'001, 7200, world.epoch())
                   : world.conforming(asked);
    };
    operation& call = world.map_pair({.internal_port = 80, .external_port = 8080});
    world.settle();
    CHECK(world.wire == lines{"0 delete tcp 80", "0 map tcp 80 8080 7200", "0 delete udp 80",
                              "0 map udp 80 50001 7200", "0 address"});
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].protocol == protocol::tcp);
    CHECK(call.mappings[1].protocol == protocol::udp);
    CHECK(call.mappings[0].external_port == 50'001);
    CHECK(call.mappings[1].external_port == 50'001);
    CHECK(call.mappings[0].external_address.to_string() == "203.0.113.7");
    CHECK(call.mappings[1].external_address.to_string() == "203.0.113.7");
    CHECK(world.mappings().size() == 2);
    lines events = world.take_events();
    CHECK(events == lines{"mapped tcp 80 50001", "mapped udp 80 50001"});
}

TEST_CASE("engine pair: differing ports are reported", "[engine][pair]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        const std::uint16_t port = asked.is_map() && asked.kind() == protocol::tcp ? 1000 : 2000;
        return asked.is_create() ? map_answer(asked.kind(), 80, port, 7200, world.epoch())
                                 : world.conforming(asked);
    };
    operation& call = world.map_pair(tcp(80));
    world.settle();
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].external_port == 1000);
    CHECK(call.mappings[1].external_port == 2000);
}

TEST_CASE("engine pair: the protocol of the request does not matter", "[engine][pair]")
{
    driver world;
    map_request what = udp(80);
    what.protocol = static_cast<protocol>(9);
    operation& call = world.map_pair(what);
    world.settle();
    CHECK_FALSE(call.error);
    CHECK(world.sent.size() == 5);
}

TEST_CASE("engine pair: if one fails the other is unmapped", "[engine][pair]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        if (!asked.is_create() || asked.kind() == protocol::tcp)
            return world.conforming(asked);
        return map_answer(protocol::udp, 80, 0, 0, world.epoch(), 4);
    };
    operation& call = world.map_pair(tcp(80));
    world.run_until(100s);
    CHECK(call.error == result_code::out_of_resources);
    CHECK(world.done_at(call) == "0");
    CHECK(world.wire == lines{"0 delete tcp 80", "0 map tcp 80 80 7200", "0 delete udp 80",
                              "0 map udp 80 80 7200", "0 delete tcp 80"});
    CHECK(world.mappings().empty());
    CHECK(world.take_events().empty());
    CHECK_FALSE(world.active());
}

TEST_CASE("engine pair: a mapping that was there before is not undone", "[engine][pair]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.take_wire();
    world.gateway = [&](const request& asked) {
        if (!asked.is_create() || asked.kind() == protocol::tcp)
            return world.conforming(asked);
        return map_answer(protocol::udp, 80, 0, 0, world.epoch(), 4);
    };
    operation& call = world.map_pair(tcp(80));
    world.run_until(100s);
    CHECK(call.error == result_code::out_of_resources);
    CHECK(world.wire ==
          lines{"10 map tcp 80 80 7200", "10 delete udp 80", "10 map udp 80 80 7200"});
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("engine pair: cancelled half-way", "[engine][pair]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        return asked.is_create() && asked.kind() == protocol::udp ? bytes{}
                                                                  : world.conforming(asked);
    };
    operation& call = world.map_pair(tcp(80));
    world.run_until(100ms);
    world.cancel(call);
    world.run_until(100s);
    CHECK(call.error == natpmp::net::error::operation_aborted);
    std::vector<request> undone(world.sent.begin() + 4, world.sent.end());
    REQUIRE(undone.size() == 2);
    CHECK(undone[0].is_delete());
    CHECK(undone[1].is_delete());
    CHECK(undone[0].kind() != undone[1].kind());
    CHECK(world.mappings().empty());
    CHECK_FALSE(world.active());
}

TEST_CASE("engine pair: renewed and unmapped one by one", "[engine][pair]")
{
    driver world;
    world.map_pair(tcp(80));
    world.run_until(3600s);
    CHECK(world.status().renewals == 2);
    world.unmap(udp(80));
    world.settle();
    REQUIRE(world.mappings().size() == 1);
    CHECK(world.mappings()[0].protocol == protocol::tcp);
}

} // namespace engine_pair_test
