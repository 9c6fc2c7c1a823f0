// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Unmapping (D-1 to D-7, V-7; design: queue).

#include "unit/engine_support.hpp"

namespace engine_unmap_test {
using namespace engine_test;

TEST_CASE("engine unmap: what was never mapped is success (D-6)", "[engine][unmap]")
{
    driver world;
    operation& call = world.unmap(udp(9));
    world.settle();
    CHECK(world.wire == lines{"0 delete udp 9"});
    CHECK(world.done_at(call) == "0");
    CHECK_FALSE(call.error);
    CHECK(world.take_events().empty());
    CHECK_FALSE(world.active());
}

TEST_CASE("engine unmap: twice is one event (D-6)", "[engine][unmap]")
{
    driver world;
    world.map(tcp(80));
    world.settle();
    CHECK(world.take_events() == lines{"mapped tcp 80 80"});
    operation& first = world.unmap(tcp(80));
    world.settle();
    operation& second = world.unmap(tcp(80));
    world.settle();
    CHECK_FALSE(first.error);
    CHECK_FALSE(second.error);
    CHECK(world.done_at(second) == "0");
    CHECK(world.take_events() == lines{"unmapped tcp 80 80"});
}

TEST_CASE("engine unmap: refused (D-7)", "[engine][unmap]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.take_wire();
    world.take_events();
    world.gateway = [&](const request& asked) {
        return map_answer(asked.kind(), asked.internal_port(), 80, 7200, world.epoch(), 2);
    };
    operation& call = world.unmap(tcp(80));
    world.settle();
    CHECK(call.error == result_code::not_authorized);
    CHECK(world.done_at(call) == "10");
    CHECK(world.mappings().empty());
    CHECK(world.take_events() == lines{"unmapped tcp 80 80: natpmp.result 2"});
    world.run_until(8000s);
    CHECK(world.wire == lines{"10 delete tcp 80"});
}

TEST_CASE("engine unmap: silence, and nothing after natural expiry (D-3, D-4)", "[engine][unmap]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        return asked.is_create() ? map_answer(protocol::tcp, 80, 80, 4, world.epoch())
                                 : world.conforming(asked);
    };
    world.map(tcp(80));
    world.run_until(1s);
    world.silence();
    world.take_wire();
    operation& call = world.unmap(tcp(80));
    world.run_until(1000s);
    CHECK(world.wire == lines{"1 delete tcp 80", "1.25 delete tcp 80", "1.75 delete tcp 80",
                              "2.75 delete tcp 80"});
    CHECK(world.done_at(call) != "pending");
    CHECK(std::stod(world.done_at(call)) <= 4.0);
    CHECK_FALSE(world.active());
}

TEST_CASE("engine unmap: five transmissions, and an answer's time for the last (D-3)",
          "[engine][unmap]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.take_wire();
    world.silence();
    operation& call = world.unmap(tcp(80));
    world.run_until(1000s);
    CHECK(world.wire == lines{"10 delete tcp 80", "10.25 delete tcp 80", "10.75 delete tcp 80",
                              "11.75 delete tcp 80", "13.75 delete tcp 80"});
    CHECK(world.done_at(call) == "17.75");
    CHECK(call.error == errc::gateway_silent);
}

TEST_CASE("engine unmap: during a renewal in flight", "[engine][unmap]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(3599s);
    world.take_events();
    world.silence();
    world.run_until(3600100ms);
    REQUIRE(world.wire.back() == "3600 map tcp 80 80 7200");
    world.take_wire();
    world.gateway = [&](const request& asked) {
        return asked.is_delete() ? world.conforming(asked) : bytes{};
    };
    operation& call = world.unmap(tcp(80));

    SECTION("no more retransmission, at most 1 s for its answer, then the delete")
    {
        world.run_until(3700s);
        CHECK(world.wire == lines{"3601.1 delete tcp 80"});
        CHECK(world.done_at(call) == "3601.1");
    }
    SECTION("the delete follows the answer at once")
    {
        world.run_until(3600500ms);
        world.receive(map_answer(protocol::tcp, 80, 80, 7200, world.epoch()));
        world.run_until(3700s);
        CHECK(world.wire == lines{"3600.5 delete tcp 80"});
        CHECK(world.done_at(call) == "3600.5");
    }
    SECTION("a grant after the delete causes one more delete")
    {
        world.run_until(3602s);
        CHECK(world.take_wire() == lines{"3601.1 delete tcp 80"});
        CHECK(world.active());
        world.receive(map_answer(protocol::tcp, 80, 80, 7200, world.epoch()));
        world.receive(map_answer(protocol::tcp, 80, 80, 7200, world.epoch()));
        world.run_until(3700s);
        CHECK(world.wire == lines{"3602 delete tcp 80"});
    }
    CHECK_FALSE(call.error);
    CHECK(world.mappings().empty());
    CHECK(world.take_events() == lines{"unmapped tcp 80 80"});
    CHECK_FALSE(world.active());
}

TEST_CASE("engine unmap: a late grant does not answer the delete (V-7)", "[engine][unmap]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        return asked.is_delete() && world.now > origin ? bytes{} : world.conforming(asked);
    };
    world.map(tcp(80));
    world.run_until(10s);
    operation& call = world.unmap(tcp(80));
    world.run_until(10100ms);
    CHECK(world.receive(map_answer(protocol::tcp, 80, 80, 7200, world.epoch())) ==
          ignore_reason::not_awaited);
    CHECK(world.done_at(call) == "pending");
    CHECK(world.receive(delete_answer(protocol::tcp, 80, world.epoch())) == ignore_reason::none);
    CHECK(world.done_at(call) == "10.1");
}

TEST_CASE("engine unmap: ends the map operations of its key", "[engine][unmap]")
{
    driver world;
    world.silence();
    operation& first = world.map(tcp(80));
    operation& other = world.map(tcp(81));
    operation& second = world.map(tcp(80));
    operation& pair = world.map_pair(tcp(80));
    operation& call = world.unmap(tcp(80));
    world.run_until(1s); // the clean-up in flight gives way
    CHECK(world.wire.back() == "1 delete tcp 80");
    for (operation* each : {&first, &second, &pair}) {
        CHECK(world.done_at(*each) != "pending");
        CHECK(each->error == natpmp::net::error::operation_aborted);
    }
    CHECK(world.done_at(other) == "pending");
    CHECK(world.done_at(call) == "pending");
}

TEST_CASE("engine unmap: cancelled before its first datagram has no effect", "[engine][unmap]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.silence();
    world.map(tcp(81)); // its datagram is in flight, so the next ones wait
    world.take_wire();
    operation& call = world.unmap(tcp(80));
    world.run_until(10100ms);
    CHECK(world.wire.empty());
    world.cancel(call);
    CHECK(call.error == natpmp::net::error::operation_aborted);
    world.heal();
    world.run_until(3600s);
    for (const std::string& line : world.wire)
        CHECK(line.find("delete tcp 80") == std::string::npos);
    CHECK(world.mappings().size() == 2);
}

TEST_CASE("engine unmap: without a gateway", "[engine][unmap]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.take_events();
    world.detach();
    operation& call = world.unmap(tcp(80));
    CHECK(world.done_at(call) == "10");
    CHECK(call.error == errc::no_gateway);
    CHECK(world.mappings().empty());
    CHECK(world.take_events() == lines{"unmapped tcp 80 80: natpmp 4"});
}

} // namespace engine_unmap_test
