// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Ports that the gateway assigns (map_request::gateway_assigns_port): internal port 0 and external
// port 1 in every request, and never a delete, which would delete all (M-13, D-8).

#include "unit/engine_support.hpp"

namespace engine_assigned_test {
using namespace engine_test;

const map_request assigned{
    .protocol = protocol::udp, .internal_port = 0, .lifetime = 60s, .gateway_assigns_port = true};

/// A gateway of a provider: 60 s, its own port, and this internal port in the answer.
driver::script provider(driver& world, const std::uint16_t& port, std::uint16_t internal_port = 0)
{
    return [&world, &port, internal_port](const request& asked) {
        return asked.is_create() ? map_answer(asked.kind(), internal_port, port, 60, world.epoch())
                                 : world.conforming(asked);
    };
}

bool deletes(const lines& wire)
{
    return std::any_of(wire.begin(), wire.end(), [](const std::string& line) {
        return line.find("delete") != std::string::npos;
    });
}

TEST_CASE("engine assigned: the port is the gateway's, at every renewal", "[engine][assigned]")
{
    driver world;
    std::uint16_t port = 49152;
    world.gateway = provider(world, port);
    operation& call = world.map(assigned);
    world.run_until(29s);
    CHECK(world.take_wire() == lines{"0 map udp 0 1 60", "0 address"});
    CHECK(world.sent[0].raw == hex("00 01 00 00 00 00 00 01 00 00 00 3c"));
    REQUIRE(world.done_at(call) == "0");
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].internal_port == 0);
    CHECK(call.mappings[0].external_port == 49152);
    CHECK(call.mappings[0].lifetime == 60s);
    world.run_until(31s);
    CHECK(world.take_wire() == lines{"30 map udp 0 1 60"});
    CHECK(world.take_events() == lines{"mapped udp 0 49152"});
    port = 50000;
    world.run_until(61s);
    CHECK(world.take_wire() == lines{"60 map udp 0 1 60"});
    CHECK(world.take_events() == lines{"port_changed udp 0 50000"});
    CHECK(world.mappings().at(0).external_port == 50000);
}

TEST_CASE("engine assigned: both protocols are asked alike", "[engine][assigned]")
{
    driver world;
    std::uint16_t port = 49152;
    world.gateway = provider(world, port);
    operation& call = world.map_pair(assigned);
    world.run_until(1s);
    CHECK(world.wire == lines{"0 map tcp 0 1 60", "0 map udp 0 1 60", "0 address"});
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].external_port == 49152);
    CHECK(call.mappings[1].external_port == 49152);
}

TEST_CASE("engine assigned: late answers for a port that is unmapped are not ours (V-4)",
          "[engine][assigned]")
{
    driver world;
    world.map(udp(80));
    world.settle();
    world.unmap(udp(80));
    world.settle();
    world.silence();
    operation& call = world.map(assigned);
    CHECK(world.receive(map_answer(protocol::udp, 80, 80, 7200, world.epoch())) ==
          ignore_reason::wrong_port);
    CHECK(world.receive(delete_answer(protocol::udp, 80, world.epoch())) ==
          ignore_reason::wrong_port);
    CHECK_FALSE(call.done);
}

TEST_CASE("engine assigned: an answer for another mapping is not ours (V-4)", "[engine][assigned]")
{
    driver world;
    world.map(udp(80));
    world.settle();
    world.silence();
    operation& call = world.map(assigned);
    const auto answer = map_answer(protocol::udp, 80, 80, 7200, world.epoch());
    CHECK(world.receive(answer) == ignore_reason::wrong_port);
    CHECK_FALSE(call.done);
    CHECK(world.receive(map_answer(protocol::udp, 0, 49152, 60, world.epoch())) ==
          ignore_reason::none);
    CHECK(call.mappings[0].external_port == 49152);
}

TEST_CASE("engine assigned: internal port 0 takes no other mapping's part", "[engine][assigned]")
{
    driver world;
    world.silence();
    world.map(udp(80));
    world.run_until(1s);
    world.receive(delete_answer(protocol::udp, 80, world.epoch()));
    CHECK(world.receive(map_answer(protocol::udp, 0, 49152, 60, world.epoch())) ==
          ignore_reason::wrong_port);
}

TEST_CASE("engine assigned: an error without a port may be about it, and then is not about another",
          "[engine][assigned]")
{
    driver world;
    std::uint16_t port = 49152;
    world.gateway = provider(world, port);
    const bool both = GENERATE(true, false);
    if (both)
        world.map(assigned);
    world.run_until(1s);
    world.silence();
    map_request other = udp(80);
    other.clean_up = false;
    operation& call = world.map(other);
    world.run_until(1'100ms);
    const auto error = map_answer(protocol::udp, 0, 0, 0, world.epoch(), 2);
    CHECK(world.receive(error) == (both ? ignore_reason::wrong_port : ignore_reason::none));
    CHECK(call.done == !both);
}

TEST_CASE("engine assigned: unmapped, it is sent nothing and runs out (D-8)", "[engine][assigned]")
{
    driver world;
    std::uint16_t port = 49152;
    world.gateway = provider(world, port);
    world.map(assigned);
    world.run_until(1s);
    world.take_wire();
    operation& call = world.unmap(udp(0));
    CHECK(world.done_at(call) == "1");
    CHECK_FALSE(call.error);
    CHECK(world.mappings().empty());
    CHECK_FALSE(world.active());
    world.run_until(1000s);
    CHECK(world.wire.empty());

    operation& again = world.unmap(udp(0));
    CHECK(again.error == errc::invalid_argument);
}

TEST_CASE("engine assigned: unmapped while it is asked for", "[engine][assigned]")
{
    driver world;
    std::uint16_t port = 49152;
    world.gateway = provider(world, port);
    world.delay = 400ms;
    operation& call = world.map(assigned);
    operation& unmap = world.unmap(udp(0));
    CHECK(call.error == natpmp::net::error::operation_aborted);
    CHECK_FALSE(unmap.error);
    world.run_until(1000s);
    CHECK(world.wire == lines{"0 map udp 0 1 60"});
    CHECK(world.mappings().empty());
    CHECK_FALSE(world.active());
}

TEST_CASE("engine assigned: cancelled with its answer under way", "[engine][assigned]")
{
    driver world;
    std::uint16_t port = 49152;
    world.gateway = provider(world, port);
    world.delay = 20s;
    operation& call = world.map(assigned);
    world.run_until(5s);
    world.cancel(call);
    world.run_until(1000s);
    CHECK_FALSE(deletes(world.wire));
    CHECK(world.mappings().empty());
    CHECK_FALSE(world.active());
}

TEST_CASE("engine assigned: a shutdown deletes the others only (D-8)", "[engine][assigned]")
{
    driver world;
    std::uint16_t port = 49152;
    world.map(tcp(80));
    world.settle();
    world.gateway = provider(world, port);
    world.map(assigned);
    world.run_until(1s);
    world.take_wire();
    world.heal();
    operation& call = world.shutdown(2s);
    world.settle();
    CHECK(world.wire == lines{"1 delete tcp 80"});
    CHECK(call.done);
    CHECK_FALSE(call.error);
}

TEST_CASE("engine assigned: what contradicts it is refused", "[engine][assigned][input]")
{
    driver world;
    map_request wrong = assigned;
    wrong.internal_port = 6881;
    CHECK(world.map(wrong).error == errc::invalid_argument);
    wrong = assigned;
    wrong.external_port = 6881;
    CHECK(world.map(wrong).error == errc::invalid_argument);
    wrong = assigned;
    wrong.gateway_assigns_port = false;
    CHECK(world.map(wrong).error == errc::invalid_argument);
    wrong = assigned;
    wrong.internal_port = 70000;
    CHECK(world.map(wrong).error == errc::invalid_argument);
    CHECK(world.wire.empty());
}

} // namespace engine_assigned_test
