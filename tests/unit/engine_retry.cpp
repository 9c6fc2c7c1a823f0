// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Retransmission and clean-up (T-1 to T-5, T-8, D-3).

#include "unit/engine_support.hpp"

namespace engine_retry_test {
using namespace engine_test;

const lines schedule{"0", "0.25", "0.75", "1.75", "3.75", "7.75", "15.75", "31.75", "63.75"};

map_request without_clean_up(map_request what)
{
    what.clean_up = false;
    return what;
}

TEST_CASE("engine: nine sends and a verdict at 127.75 s (T-1, T-2, T-3, T-4)", "[engine][retry]")
{
    driver world;
    world.silence();
    const bool maps = GENERATE(true, false);
    operation& call = maps ? world.map(without_clean_up(tcp(80))) : world.address();
    world.run_until(127'749ms);
    CHECK(times_of(world) == schedule);
    CHECK(world.done_at(call) == "pending");
    world.run_until(1000s);
    CHECK(times_of(world) == schedule);
    CHECK(world.done_at(call) == "127.75");
    CHECK(call.error == errc::gateway_silent);
    for (const request& each : world.sent)
        CHECK(each.raw == world.sent.front().raw);
    const natpmp::status status = world.status();
    CHECK(status.sent == 9);
    CHECK(status.retransmitted == 8);
    CHECK(status.last_error == errc::gateway_silent);
}

TEST_CASE("engine: the clean-up is tried thrice, until 1.75 s, then the map follows (D-3)",
          "[engine][retry]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        return asked.is_delete() ? bytes{} : world.conforming(asked);
    };
    operation& call = world.map(tcp(80));
    world.run_until(100s);
    CHECK(world.wire == lines{"0 delete tcp 80", "0.25 delete tcp 80", "0.75 delete tcp 80",
                              "1.75 map tcp 80 80 7200", "1.75 address"});
    CHECK(world.done_at(call) == "1.75");
    CHECK_FALSE(call.error);
}

TEST_CASE("engine: after a silent clean-up the map request still has its 127.75 s",
          "[engine][retry]")
{
    driver world;
    world.silence();
    operation& call = world.map(tcp(80));
    world.run_until(1000s);
    CHECK(world.sent.size() == 12);
    CHECK(world.done_at(call) == "129.5");
    CHECK(call.error == errc::gateway_silent);
    CHECK_FALSE(world.active());
}

TEST_CASE("engine: a refused clean-up does not stop the map", "[engine][retry]")
{
    driver world;
    SECTION("by a result code")
    {
        const auto code = GENERATE(as<std::uint16_t>{}, 1, 2, 3, 4, 5, 6, 65535);
        world.gateway = [&world, code](const request& asked) {
            return asked.is_delete()
                       ? delete_answer(asked.kind(), asked.internal_port(), world.epoch(), code)
                       : world.conforming(asked);
        };
        operation& call = world.map(tcp(80));
        world.run_until(100s);
        CHECK(world.wire == lines{"0 delete tcp 80", "0 map tcp 80 80 7200", "0 address"});
        CHECK(world.done_at(call) == "0");
        CHECK_FALSE(call.error);
    }
    SECTION("by ICMP")
    {
        world.silence();
        operation& call = world.map(tcp(80));
        world.heal();
        world.refused();
        world.run_until(100s);
        CHECK(world.wire == lines{"0 delete tcp 80", "0 map tcp 80 80 7200", "0 address"});
        CHECK_FALSE(call.error);
    }
}

TEST_CASE("engine: the clean-up is sent once per key", "[engine][retry]")
{
    driver world;
    world.map(tcp(80));
    world.settle();
    world.unmap(tcp(80));
    world.settle();
    world.run_until(10s);
    world.take_wire();
    world.map(tcp(80));
    world.run_until(20s);
    CHECK(world.take_wire() == lines{"10 map tcp 80 80 7200"});
    world.map(udp(80));
    world.settle();
    CHECK(world.take_wire() == lines{"20 delete udp 80", "20 map udp 80 80 7200"});
    world.map(without_clean_up(tcp(81)));
    world.settle();
    CHECK(world.take_wire() == lines{"20 map tcp 81 81 7200"});
}

TEST_CASE("engine: what gives way to an unmap still takes its answer", "[engine][retry]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        return asked.is_delete() ? world.conforming(asked) : bytes{};
    };
    operation& call = world.map(without_clean_up(tcp(80)));
    operation& removal = world.unmap(udp(7));
    world.run_until(100ms);
    CHECK(world.done_at(removal) == "pending");
    SECTION("a refusal (T-8)")
    {
        world.receive(map_answer(protocol::tcp, 80, 0, 0, 5, 2));
        CHECK(call.error == result_code::not_authorized);
    }
    SECTION("a grant (T-8)")
    {
        world.receive(map_answer(protocol::tcp, 80, 80, 7200, 5));
    }
    SECTION("ICMP (T-5)")
    {
        world.refused();
        CHECK(call.error == errc::not_supported);
    }
    world.run_until(50s);
    CHECK(world.done_at(removal) == "0.1");
    lines maps;
    for (const std::string& line : world.wire)
        if (line.find("map tcp 80") != std::string::npos)
            maps.push_back(line);
    CHECK(maps == lines{"0 map tcp 80 80 7200"});
}

TEST_CASE("engine: what gives way to an unmap starts again after it", "[engine][retry]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        return asked.is_delete() ? world.conforming(asked) : bytes{};
    };
    operation& call = world.map(without_clean_up(tcp(80)));
    world.run_until(100ms);
    operation& removal = world.unmap(udp(7));
    world.run_until(1200ms);
    CHECK(world.take_wire() ==
          lines{"0 map tcp 80 80 7200", "1.1 delete udp 7", "1.1 map tcp 80 80 7200"});
    CHECK(world.done_at(removal) == "1.1");
    world.run_until(1000s);
    CHECK(world.done_at(call) == "128.85");
    CHECK(call.error == errc::gateway_silent);
}

TEST_CASE("engine: any answer stops the retransmission (T-8)", "[engine][retry]")
{
    driver world;
    world.silence();
    operation& call = world.map(without_clean_up(tcp(80)));
    world.run_until(300ms);
    CHECK(world.sent.size() == 2);
    world.receive(map_answer(protocol::tcp, 80, 0, 0, 5, 2));
    CHECK(call.error == result_code::not_authorized);
    CHECK(world.done_at(call) == "0.3");
    world.run_until(100s);
    CHECK(std::count_if(world.sent.begin(), world.sent.end(),
                        [](const request& each) { return each.is_create(); }) == 2);
}

} // namespace engine_retry_test
