// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The main exchange: clean up, map, learn the address, renew, unmap, leave.

#include "unit/engine_support.hpp"

namespace engine_map_test {
using namespace engine_test;

TEST_CASE("engine: delete, map, address, serially (Q-1, D-2, M-5, X0-1)", "[engine]")
{
    driver world;
    world.delay = 40ms;
    operation& call = world.map(tcp(6881));
    world.run_until(10s);

    CHECK(world.wire == lines{"0 delete tcp 6881", "0.04 map tcp 6881 6881 7200", "0.08 address"});
    REQUIRE(world.done_at(call) == "0.12");
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0] ==
          natpmp::mapping{.protocol = protocol::tcp,
                          .internal_port = 6881,
                          .external_port = 6881,
                          .external_address = natpmp::net::ip::make_address("203.0.113.7"),
                          .lifetime = 7200s});
    CHECK(world.mappings() == std::vector{call.mappings[0]});
    CHECK(world.take_events() == lines{"mapped tcp 6881 6881"});
    CHECK(world.deadline() == origin + 40ms + 3600s);
}

TEST_CASE("engine: the bytes on the wire (M-1, M-2, M-3, M-10)", "[engine]")
{
    driver world;
    world.map({.protocol = protocol::tcp, .internal_port = 80, .external_port = 8080});
    world.map(udp(4001));
    world.settle();
    REQUIRE(world.sent.size() == 5);
    CHECK(world.sent[0].raw == hex("00 02 00 00 00 50 00 00 00 00 00 00"));
    CHECK(world.sent[1].raw == hex("00 02 00 00 00 50 1f 90 00 00 1c 20"));
    CHECK(world.sent[2].raw == hex("00 00"));
    CHECK(world.sent[3].raw == hex("00 01 00 00 0f a1 00 00 00 00 00 00"));
    CHECK(world.sent[4].raw == hex("00 01 00 00 0f a1 0f a1 00 00 1c 20"));
}

TEST_CASE("engine: renewal at half of the lease, then unmap (N-1, D-1)", "[engine]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(3600s);
    CHECK(world.take_wire() == lines{"0 delete tcp 80", "0 map tcp 80 80 7200", "0 address",
                                     "3600 map tcp 80 80 7200", "3600 address"});
    CHECK(world.take_events() == lines{"mapped tcp 80 80"});
    world.run_until(7300s);
    CHECK(world.take_wire() == lines{"7200 map tcp 80 80 7200", "7200 address"});
    CHECK(world.take_events() == lines{"renewed tcp 80 80"});

    operation& call = world.unmap(tcp(80));
    world.settle();
    CHECK(world.take_wire() == lines{"7300 delete tcp 80"});
    CHECK(world.done_at(call) == "7300");
    CHECK_FALSE(call.error);
    CHECK(world.mappings().empty());
    CHECK(world.take_events() == lines{"unmapped tcp 80 80"});
    CHECK_FALSE(world.active());
    world.run_until(100'000s);
    CHECK(world.wire.empty());
    CHECK(world.status().renewals == 2);
}

TEST_CASE("engine: shutdown deletes every mapping, one at a time (D-1, Q-2)", "[engine]")
{
    driver world;
    world.delay = 10ms;
    world.map(tcp(80));
    world.map(udp(80));
    world.map(tcp(81));
    world.run_until(5s);
    world.take_wire();
    operation& call = world.shutdown(2s);
    world.run_until(10s);
    lines wire = world.take_wire();
    REQUIRE(wire.size() == 3);
    CHECK(wire[0].substr(0, 9) == "5 delete ");
    CHECK(wire[1].substr(0, 12) == "5.01 delete ");
    CHECK(wire[2].substr(0, 12) == "5.02 delete ");
    for (std::string& line : wire)
        line.erase(0, line.find(' ') + 1);
    std::sort(wire.begin(), wire.end());
    CHECK(wire == lines{"delete tcp 80", "delete tcp 81", "delete udp 80"});
    CHECK(world.done_at(call) == "5.03");
    CHECK_FALSE(call.error);
    CHECK(world.closed());
    CHECK(world.mappings().empty());
}

} // namespace engine_map_test
