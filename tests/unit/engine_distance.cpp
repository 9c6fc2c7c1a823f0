// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Requests for one mapping keep their distance, and hold up nobody else (design: grants, queue).

#include "unit/engine_support.hpp"

namespace engine_distance_test {
using namespace engine_test;

map_request without_clean_up(std::uint16_t port)
{
    return {.protocol = protocol::tcp, .internal_port = port, .clean_up = false};
}

lines creates(const driver& world)
{
    lines result;
    for (const std::string& line : world.wire)
        if (line.find("map tcp") != std::string::npos)
            result.push_back(line);
    return result;
}

TEST_CASE("engine distance: one renewal put off does not put off the others", "[engine][distance]")
{
    driver world;
    for (std::uint16_t port = 1; port <= 3; ++port)
        world.map(without_clean_up(port));
    world.run_until(3599'500ms);
    world.refuse(2);
    const auto port = GENERATE(as<std::uint16_t>{}, 1, 2, 3);
    world.map(without_clean_up(port)); // refused: the renewal has to wait until 3600.5
    world.settle();
    world.heal();
    world.take_wire();
    world.run_until(3600s);
    CHECK(creates(world).size() == 2);
    world.run_until(3610s);
    const lines all = creates(world);
    REQUIRE(all.size() == 3);
    const std::string number = std::to_string(port);
    CHECK(all[2] == "3600.5 map tcp " + number + ' ' + number + " 7200");
}

TEST_CASE("engine distance: one retry put off does not put off the others", "[engine][distance]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        return asked.is_create()
                   ? map_answer(asked.kind(), asked.internal_port(), 80, 8, world.epoch())
                   : world.conforming(asked);
    };
    for (std::uint16_t port = 1; port <= 3; ++port)
        world.map(without_clean_up(port));
    world.run_until(1s);
    world.refuse(3);
    world.run_until(7'500ms);
    const auto port = GENERATE(as<std::uint16_t>{}, 1, 2, 3);
    world.map(without_clean_up(port));
    world.settle();
    world.heal();
    world.take_wire();
    world.run_until(8s); // all three leases end
    CHECK(creates(world).size() == 2);
    world.run_until(8'500ms);
    CHECK(creates(world).size() == 3);
    world.run_until(9s);
    CHECK(world.mappings().size() == 3);
}

TEST_CASE("engine distance: renewals that gave way come again", "[engine][distance]")
{
    driver world;
    world.map(without_clean_up(1));
    world.run_until(3599s);
    world.silence();
    world.run_until(3600'100ms);
    REQUIRE(world.wire.back() == "3600 map tcp 1 1 7200");
    world.take_wire();
    world.address();
    world.run_until(3601s);
    CHECK(world.wire.empty()); // no retransmission, and a second for the answer
    world.heal();
    world.run_until(3700s);
    CHECK(world.wire == lines{"3601.1 address", "3602 map tcp 1 1 7200"});
    CHECK(world.status().renewals == 1);
}

TEST_CASE("engine distance: after an unmap a map starts 1 s after the last one",
          "[engine][distance]")
{
    driver world;
    world.map(without_clean_up(1));
    world.run_until(200ms);
    world.unmap(tcp(1));
    operation& call = world.map(without_clean_up(1));
    world.run_until(10s);
    CHECK(world.wire ==
          lines{"0 map tcp 1 1 7200", "0 address", "0.2 delete tcp 1", "1 map tcp 1 1 7200"});
    CHECK_FALSE(call.error);
    CHECK(world.mappings().size() == 1);
}

} // namespace engine_distance_test
