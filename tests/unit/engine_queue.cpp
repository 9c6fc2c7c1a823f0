// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The queue: what goes first (Q-1 to Q-3; design: queue).

#include "unit/engine_support.hpp"

namespace engine_queue_test {
using namespace engine_test;

map_request without_clean_up(std::uint16_t port)
{
    return {.protocol = protocol::tcp, .internal_port = port, .clean_up = false};
}

TEST_CASE("engine queue: first come, first served (Q-2)", "[engine][queue]")
{
    driver world;
    world.delay = 10ms;
    world.map(without_clean_up(1));
    world.address();
    world.map(without_clean_up(2));
    world.map(without_clean_up(3));
    world.run_until(10s);
    CHECK(world.wire == lines{"0 map tcp 1 1 7200", "0.01 address", "0.02 address",
                              "0.03 map tcp 2 2 7200", "0.04 map tcp 3 3 7200"});
}

TEST_CASE("engine queue: unmapping goes before user operations", "[engine][queue]")
{
    driver world;
    world.delay = 10ms;
    world.map(without_clean_up(1));
    world.map(without_clean_up(2));
    world.run_until(100ms);
    world.take_wire();
    world.address(); // in flight
    world.map(without_clean_up(3));
    world.address();
    world.unmap(tcp(1));
    world.unmap(tcp(2));
    world.run_until(10s);
    CHECK(world.wire == lines{"0.1 address", "0.11 delete tcp 1", "0.12 delete tcp 2",
                              "0.13 map tcp 3 3 7200", "0.14 address"});
}

TEST_CASE("engine queue: user operations go before renewals, these before retries",
          "[engine][queue]")
{
    driver world;
    world.map(without_clean_up(1));
    world.refuse(4);
    map_request patient = without_clean_up(9);
    patient.keep_trying = true;
    world.map(patient); // its 7th attempt: after 30 + 60 + 120 + 240 + 480 + 480 s ...
    world.heal();
    world.gateway = [&](const request& asked) {
        if (asked.is_create() && asked.internal_port() == 9)
            return map_answer(asked.kind(), 9, 0, 0, world.epoch(), 4);
        return world.conforming(asked);
    };
    world.run_until(3599'999ms);
    // The machine slept: everything is due at once.
    world.take_wire();
    world.delay = 10ms;
    world.now += 1500s; // less than half of what is left of the lease
    world.map(without_clean_up(2));
    world.run_for(1s);
    REQUIRE(world.wire.size() >= 3);
    CHECK(world.wire[0].find("map tcp 2 2 7200") != std::string::npos);
    const auto at = [&](const std::string& what) {
        return std::find_if(world.wire.begin(), world.wire.end(), [&](const std::string& line) {
            return line.find(what) != std::string::npos;
        });
    };
    CHECK(at("map tcp 1 1 7200") < at("map tcp 9 9 7200"));
    CHECK(at("map tcp 9 9 7200") != world.wire.end());
}

TEST_CASE("engine queue: never two requests in flight (Q-1)", "[engine][queue]")
{
    driver world;
    world.delay = 500ms;
    for (std::uint16_t port = 1; port <= 20; ++port)
        world.map(without_clean_up(port));
    world.address();
    world.run_until(60s);
    // Between two distinct requests there is always the answer to the first.
    time_point answered = origin;
    for (std::size_t at = 1; at < world.sent.size(); ++at) {
        if (world.sent[at].raw == world.sent[at - 1].raw)
            continue;
        CHECK(world.sent_at[at] >= answered + 500ms);
        answered = world.sent_at[at];
    }
    CHECK(world.mappings().size() == 20);
    CHECK(world.sent_at.back() < origin + 15s); // at the gateway's pace
}

TEST_CASE("engine queue: a fast gateway is not held up (Q-3)", "[engine][queue]")
{
    driver world;
    world.delay = 1ms;
    operation* last = nullptr;
    for (std::uint16_t port = 1; port <= 20; ++port)
        last = &world.map(without_clean_up(port));
    world.run_until(10s);
    CHECK(world.done_at(*last) == "0.021");
}

TEST_CASE("engine queue: a renewal gives way to a user operation", "[engine][queue]")
{
    driver world;
    world.map(without_clean_up(1));
    world.run_until(3599s);
    world.gateway = [&](const request& asked) {
        return asked.is_create() && asked.internal_port() == 1 ? bytes{} : world.conforming(asked);
    };
    world.run_until(3605s); // its renewal is in flight
    operation& call = world.map(without_clean_up(2));
    world.run_until(3700s);
    CHECK_FALSE(call.error);
    CHECK(world.done_at(call) == "3606");
    CHECK(world.take_events().front() == "mapped tcp 1 1");
    world.heal();
    world.run_until(5500s); // the attempt after that, at half of what was left
    CHECK(world.status().renewals == 1);
}

TEST_CASE("engine queue: the burst of a silent renewal is short while others are due",
          "[engine][queue]")
{
    driver world;
    for (std::uint16_t port = 1; port <= 10; ++port)
        world.map(without_clean_up(port));
    world.run_until(3599s);
    world.gateway = [&](const request& asked) {
        return asked.is_create() && asked.internal_port() == 1 ? bytes{} : world.conforming(asked);
    };
    world.run_until(3610s);
    CHECK(world.status().renewals == 9);
}

TEST_CASE("engine queue: status counts (sent, again, received, ignored)", "[engine][queue]")
{
    driver world;
    world.delay = 300ms;
    world.map(without_clean_up(1));
    world.run_until(10s);
    world.receive(bytes{1});
    const natpmp::status status = world.status();
    CHECK(status.sent == 4); // map and address, each again after 250 ms
    CHECK(status.retransmitted == 2);
    CHECK(status.received == 2);
    CHECK(status.ignored[static_cast<std::size_t>(ignore_reason::too_short)] == 1);
    CHECK(status.up == 1);
    CHECK(status.kept == 1);
    CHECK(status.gateway == home());
    REQUIRE(status.next_due);
    CHECK(*status.next_due == 3590s + 250ms);
    CHECK_FALSE(status.last_error);
}

TEST_CASE("engine queue: nothing to do, nothing due", "[engine][queue]")
{
    driver world;
    CHECK(world.deadline() == never);
    CHECK_FALSE(world.active());
    CHECK_FALSE(world.status().next_due);
    CHECK_FALSE(world.wants_gateway());
    world.run_until(1000h);
    CHECK(world.sent.empty());
}

TEST_CASE("engine queue: status right after the start of an operation", "[engine][queue]")
{
    client_options options;
    options.timeout = 5s;
    driver world(options);
    world.blocked = true; // so nothing is done for it yet
    operation& call = world.address();
    world.now += 1s;
    const auto due = world.status().next_due;
    REQUIRE(due);
    CHECK(*due == 4s);
    world.close();
    CHECK(call.done);
}

} // namespace engine_queue_test
