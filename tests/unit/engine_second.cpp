// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A second map operation for a key (design: wishes).

#include "unit/engine_support.hpp"

namespace engine_second_test {
using namespace engine_test;

TEST_CASE("engine second map: replaces the wish, with its own request", "[engine][second]")
{
    driver world;
    operation& first = world.map(tcp(80));
    world.run_until(10s);
    world.take_wire();
    map_request what = tcp(80);
    what.external_port = 8080;
    what.lifetime = 600s;
    operation& second = world.map(what);
    world.run_until(20s);
    CHECK(world.take_wire() == lines{"10 map tcp 80 8080 600"});
    CHECK(world.done_at(second) == "10");
    CHECK(first.mappings[0].external_port == 80);
    CHECK(second.mappings[0].external_port == 8080);
    CHECK(second.mappings[0].lifetime == 600s);
    CHECK(world.mappings().size() == 1);
    world.run_until(310s);
    CHECK(world.take_wire() == lines{"310 map tcp 80 8080 600"});
}

TEST_CASE("engine second map: starts 1 s after the first at the earliest", "[engine][second]")
{
    driver world;
    operation& first = world.map(tcp(80));
    operation& second = world.map(tcp(80));
    operation& other = world.map(tcp(81)); // it need not wait
    world.run_until(999ms);
    CHECK(world.done_at(first) == "0");
    CHECK(world.done_at(other) == "0");
    CHECK(world.done_at(second) == "pending");
    CHECK(world.wire == lines{"0 delete tcp 80", "0 map tcp 80 80 7200", "0 address",
                              "0 delete tcp 81", "0 map tcp 81 81 7200"});
    world.run_until(1s);
    CHECK(world.wire.back() == "1 map tcp 80 80 7200");
    CHECK(world.done_at(second) == "1");
    CHECK_FALSE(second.error);
}

TEST_CASE("engine second map: failing does not undo the first", "[engine][second]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.take_wire();
    SECTION("refused")
    {
        world.refuse(2);
        operation& second = world.map(tcp(80));
        world.settle();
        CHECK(second.error == result_code::not_authorized);
    }
    SECTION("silence")
    {
        world.silence();
        operation& second = world.map(tcp(80));
        world.run_until(200s);
        CHECK(second.error == errc::gateway_silent);
    }
    SECTION("cancelled")
    {
        world.silence();
        operation& second = world.map(tcp(80));
        world.run_until(11s);
        world.cancel(second);
        CHECK(second.error == natpmp::net::error::operation_aborted);
    }
    world.heal();
    world.run_until(1000s);
    CHECK(world.mappings().size() == 1);
    for (const std::string& line : world.wire)
        CHECK(line.find("delete") == std::string::npos);
    world.run_until(3601s);
    CHECK(std::count_if(world.wire.begin(), world.wire.end(), [](const std::string& line) {
              return line == "3600 map tcp 80 80 7200";
          }) == 1);
}

TEST_CASE("engine second map: the renewal keeps its distance from a failed second",
          "[engine][second]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(3599'500ms);
    world.refuse(2);
    operation& second = world.map(tcp(80));
    world.settle();
    CHECK(second.error == result_code::not_authorized);
    world.heal();
    world.take_wire();
    world.run_until(3610s);
    lines maps;
    for (const std::string& line : world.wire)
        if (line.find("map tcp 80") != std::string::npos)
            maps.push_back(line);
    CHECK(maps == lines{"3600.5 map tcp 80 80 7200"}); // 1 s after the other
}

TEST_CASE("engine second map: granted across the end of the first lease", "[engine][second]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        return asked.is_create() ? map_answer(protocol::tcp, 80, 80, 60, world.epoch())
                                 : world.conforming(asked);
    };
    world.map(tcp(80));
    world.run_until(10s);
    world.silence();
    world.run_until(59'900ms);
    operation& second = world.map(tcp(80));
    world.run_until(60'050ms);
    // The lease ended at 60; the answer comes right after that.
    world.heal();
    world.run_until(61s);
    world.receive(map_answer(protocol::tcp, 80, 80, 7200, world.epoch()));
    world.settle();
    CHECK_FALSE(second.error);
    CHECK(world.done_at(second) != "pending");
    world.take_wire();
    operation& leaving = world.shutdown(2s);
    world.run_until(70s);
    REQUIRE(world.wire.size() == 1);
    CHECK(world.wire[0].find("delete tcp 80") != std::string::npos);
    CHECK_FALSE(leaving.error);
}

TEST_CASE("engine second map: each call completes with its own answer", "[engine][second]")
{
    driver world;
    std::uint16_t next_port = 1000;
    world.gateway = [&](const request& asked) {
        return asked.is_create() ? map_answer(protocol::tcp, 80, next_port++, 7200, world.epoch())
                                 : world.conforming(asked);
    };
    operation& first = world.map(tcp(80));
    operation& second = world.map(tcp(80));
    operation& third = world.map(tcp(80));
    world.run_until(10s);
    CHECK(first.mappings[0].external_port == 1000);
    CHECK(second.mappings[0].external_port == 1001);
    CHECK(third.mappings[0].external_port == 1002);
    CHECK(world.done_at(third) == "2");
    CHECK(world.take_events() == lines{"mapped tcp 80 1002"});
}

} // namespace engine_second_test
