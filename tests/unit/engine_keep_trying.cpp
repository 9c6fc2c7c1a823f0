// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Wishes that are kept from the start (design: wishes, renewal).

#include "unit/engine_support.hpp"

namespace engine_keep_trying_test {
using namespace engine_test;

map_request patient(std::uint16_t port)
{
    return {
        .protocol = protocol::tcp, .internal_port = port, .clean_up = false, .keep_trying = true};
}

TEST_CASE("engine keep trying: silence is an event, the first success completes",
          "[engine][keep_trying]")
{
    driver world;
    world.silence();
    operation& call = world.map(patient(80));
    world.run_until(127'749ms);
    CHECK(world.take_events().empty());
    world.run_until(150s);
    CHECK(world.done_at(call) == "pending");
    CHECK(world.take_events() == lines{"mapping_failing tcp 80 0: natpmp 6"});
    CHECK(world.take_events().empty());
    CHECK(world.status().kept == 1);
    CHECK(world.mappings().empty());
    world.heal();
    world.run_until(157'749ms);
    CHECK(world.sent.size() == 9);
    world.run_until(157'750ms); // 30 s after the verdict
    CHECK(world.done_at(call) == "157.75");
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].external_port == 80);
    CHECK(call.mappings[0].external_address.to_string() == "203.0.113.7");
    CHECK(world.take_events() == lines{"mapped tcp 80 80"});
}

TEST_CASE("engine keep trying: pauses after silence", "[engine][keep_trying]")
{
    driver world;
    world.silence();
    world.map(patient(80));
    world.run_until(1h);
    lines first;
    for (std::size_t at = 0; at < world.sent.size(); at += 9)
        first.push_back(text_of(world.sent_at[at]));
    // 127.75 s each, then 30 s, doubling to 8 minutes (backoff.hpp).
    CHECK(first ==
          lines{"0", "157.75", "345.5", "593.25", "961", "1568.75", "2176.5", "2784.25", "3392"});
}

TEST_CASE("engine keep trying: pauses after refusals and transient errors (C-7)",
          "[engine][keep_trying]")
{
    driver world;
    SECTION("refused")
    {
        world.refuse(GENERATE(as<std::uint16_t>{}, 1, 2, 5, 6, 65535));
        world.map(patient(80));
        world.run_until(3h);
        CHECK(times_of(world) == lines{"0", "300", "900", "2100", "3900", "5700", "7500", "9300"});
    }
    SECTION("transient")
    {
        world.refuse(GENERATE(as<std::uint16_t>{}, 3, 4));
        world.map(patient(80));
        world.run_until(1200s);
        CHECK(times_of(world) == lines{"0", "30", "90", "210", "450", "930"});
    }
    SECTION("no grant")
    {
        world.gateway = [&](const request& asked) {
            return map_answer(asked.kind(), 80, 0, 0, world.epoch());
        };
        world.map(patient(80));
        world.run_until(200s);
        CHECK(times_of(world) == lines{"0", "0.25", "0.75", "1.75", "33.75", "34", "34.5", "35.5",
                                       "97.5", "97.75", "98.25", "99.25"});
    }
}

TEST_CASE("engine keep trying: the verdict does not end it, but the others",
          "[engine][keep_trying]")
{
    driver world;
    world.silence();
    operation& patient_call = world.map(patient(80));
    operation& other = world.map(tcp(81));
    world.run_until(130s);
    CHECK(world.done_at(other) == "127.75");
    CHECK(world.done_at(patient_call) == "pending");
    // Started while the verdict is known: parked at once.
    operation& late = world.map(patient(82));
    CHECK(world.done_at(late) == "pending");
    world.heal();
    world.run_until(160s);
    CHECK_FALSE(patient_call.error);
    CHECK_FALSE(late.error);
    CHECK(world.done_at(late) != "pending");
    CHECK(world.mappings().size() == 2);
}

TEST_CASE("engine keep trying: before there is a network", "[engine][keep_trying]")
{
    driver world;
    world.route.reset();
    operation& call = world.map(patient(80));
    world.run_until(20s);
    CHECK(world.done_at(call) == "pending");
    CHECK(world.sent.empty());
    CHECK(world.take_events() == lines{"mapping_failing tcp 80 0: natpmp 4"});
    SECTION("the host says that there is one now")
    {
        world.attach(home());
        world.settle();
        CHECK(world.done_at(call) == "20");
    }
    SECTION("the application says that something changed")
    {
        world.route = home();
        world.network_changed();
        world.run_until(25s);
        CHECK(world.done_at(call) != "pending");
    }
    SECTION("nobody says so")
    {
        world.route = home();
        world.run_until(31s);
        CHECK(world.done_at(call) == "30");
    }
    CHECK_FALSE(call.error);
    CHECK(world.take_events() == lines{"mapped tcp 80 80"});
}

TEST_CASE("engine keep trying: a hint makes it try at once (T-7)", "[engine][keep_trying]")
{
    driver world;
    world.refuse(2);
    operation& call = world.map(patient(80));
    world.run_until(100s);
    CHECK(world.sent.size() == 1);
    world.heal();
    world.announce(address_answer("203.0.113.7", world.epoch()));
    world.run_until(101s);
    CHECK(world.done_at(call) == "100");
}

TEST_CASE("engine keep trying: cancelling withdraws the wish", "[engine][keep_trying]")
{
    driver world;
    world.silence();
    operation& call = world.map(patient(80));
    world.run_until(130s);
    world.gateway = [&](const request& asked) {
        return asked.is_delete() ? world.conforming(asked) : bytes{};
    };
    world.take_wire();
    world.cancel(call);
    CHECK(call.error == natpmp::net::error::operation_aborted);
    CHECK(world.done_at(call) == "130");
    CHECK(world.status().kept == 0);
    world.run_until(1000s);
    for (const std::string& line : world.take_wire())
        CHECK(line.find("map") == std::string::npos);
    CHECK_FALSE(world.active());
}

TEST_CASE("engine keep trying: bad input and a closed client complete at once",
          "[engine][keep_trying]")
{
    driver world;
    CHECK(world.map(patient(0)).error == errc::invalid_argument);
    world.silence();
    operation& call = world.map(patient(80));
    world.run_until(200s);
    world.shutdown(1s);
    CHECK(call.error == errc::closed);
    CHECK(world.map(patient(81)).error == errc::closed);
}

TEST_CASE("engine keep trying: an unmap ends it", "[engine][keep_trying]")
{
    driver world;
    world.refuse(2);
    operation& call = world.map(patient(80));
    world.run_until(10s);
    operation& removal = world.unmap(tcp(80));
    world.settle();
    CHECK(call.error == natpmp::net::error::operation_aborted);
    CHECK_FALSE(removal.error);
    world.take_wire();
    world.run_until(1000s);
    CHECK(world.wire.empty());
}

TEST_CASE("engine keep trying: a pair", "[engine][keep_trying]")
{
    driver world;
    bool open = false;
    world.gateway = [&](const request& asked) {
        if (!asked.is_create() || open || asked.kind() == protocol::tcp)
            return world.conforming(asked);
        return map_answer(protocol::udp, 80, 0, 0, world.epoch(), 4);
    };
    operation& call = world.map_pair(patient(80));
    world.run_until(20s);
    CHECK(world.done_at(call) == "pending");
    open = true;
    world.run_until(31s);
    CHECK(world.done_at(call) == "30");
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].external_port == 80);
    CHECK(call.mappings[1].external_port == 80);
    CHECK(world.mappings().size() == 2);
}

TEST_CASE("engine keep trying: a mapping that is up is asked for again soon, more than once",
          "[engine][keep_trying]")
{
    driver world;
    world.map(patient(80));
    world.run_until(10s);
    world.refuse(3);
    operation& call = world.map(patient(80));
    world.run_until(45s);
    world.heal();
    world.run_until(200s);
    CHECK_FALSE(call.error);
    CHECK(world.done_at(call) == "70"); // after attempts at 10 and 40 s
}

TEST_CASE(
    "engine keep trying: an operation that fails in the place of that attempt delays it little",
    "[engine][keep_trying]")
{
    driver world;
    world.map(patient(80));
    world.run_until(10s);
    world.refuse(3);
    operation& call = world.map(patient(80)); // its next attempt is due at 40 s
    world.silence();
    world.run_until(39'500ms);
    operation& other = world.map(tcp(80));
    world.run_until(41s);
    world.refused();
    CHECK(other.error == errc::not_supported);
    world.heal();
    world.run_until(200s);
    CHECK_FALSE(call.error);
    CHECK(world.done_at(call) == "71");
}

} // namespace engine_keep_trying_test
