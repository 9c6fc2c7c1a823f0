// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Cancellation and deadlines (design: cancellation).

#include "unit/engine_support.hpp"

namespace engine_cancel_test {
using namespace engine_test;

const error_code aborted = natpmp::net::error::operation_aborted;

map_request without_clean_up(std::uint16_t port)
{
    return {.protocol = protocol::tcp, .internal_port = port, .clean_up = false};
}

/// Answers deletes only.
driver::script deletes_only(driver& world)
{
    return [&world](const request& asked) {
        return asked.is_delete() ? world.conforming(asked) : bytes{};
    };
}

TEST_CASE("engine cancel: before the first datagram there is no effect", "[engine][cancel]")
{
    driver world;
    world.silence();
    operation& first = world.address(); // occupies the line
    operation& map = world.map(tcp(80));
    operation& pair = world.map_pair(tcp(81));
    operation& address = world.address();
    world.run_until(100ms);
    const bool total = GENERATE(false, true);
    for (operation* each : {&map, &pair, &address}) {
        world.cancel(*each, total);
        CHECK(each->error == aborted);
        CHECK(world.done_at(*each) == "0.1");
    }
    world.heal();
    world.receive(address_answer("203.0.113.7", 5));
    world.run_until(100s);
    CHECK(world.wire == lines{"0 address"});
    CHECK_FALSE(first.error);
    CHECK(world.take_events().empty());
    CHECK_FALSE(world.active());
}

TEST_CASE("engine cancel: total alone waits once a datagram is out", "[engine][cancel]")
{
    driver world;
    world.silence();
    operation& call = world.map(tcp(80)); // its clean-up is out
    world.run_until(100ms);
    world.cancel(call, true);
    CHECK(world.done_at(call) == "pending");
    world.cancel(call);
    CHECK(world.done_at(call) == "0.1");
    CHECK(call.error == aborted);
}

TEST_CASE("engine cancel: after the map request a delete undoes it", "[engine][cancel]")
{
    driver world;
    world.gateway = deletes_only(world);
    operation& call = world.map(without_clean_up(80));
    world.run_until(100ms);
    world.cancel(call);
    CHECK(world.done_at(call) == "0.1");
    CHECK(call.error == aborted);
    CHECK(world.active());

    SECTION("after a second without an answer")
    {
        world.run_until(100s);
        CHECK(world.wire == lines{"0 map tcp 80 80 7200", "1.1 delete tcp 80"});
    }
    SECTION("after a grant at once")
    {
        world.run_until(200ms);
        CHECK(world.receive(map_answer(protocol::tcp, 80, 80, 7200, 5)) == ignore_reason::none);
        world.run_until(100s);
        CHECK(world.wire == lines{"0 map tcp 80 80 7200", "0.2 delete tcp 80"});
    }
    SECTION("not after a refusal")
    {
        world.receive(map_answer(protocol::tcp, 80, 0, 0, 5, 2));
        world.run_until(100s);
        CHECK(world.wire == lines{"0 map tcp 80 80 7200"});
    }
    CHECK(world.mappings().empty());
    CHECK(world.take_events().empty());
    CHECK_FALSE(world.active());
    CHECK(world.status().kept == 0);
}

TEST_CASE("engine cancel: the delete that undoes is retransmitted", "[engine][cancel]")
{
    driver world;
    world.silence();
    operation& call = world.map(without_clean_up(80));
    world.run_until(100ms);
    world.cancel(call);
    world.run_until(1100ms);
    CHECK(world.active()); // its delete is in flight
    world.run_until(100s);
    CHECK(world.wire == lines{"0 map tcp 80 80 7200", "1.1 delete tcp 80", "1.35 delete tcp 80",
                              "1.85 delete tcp 80"});
    CHECK_FALSE(world.active());
}

TEST_CASE("engine cancel: no delete if something else wants the key", "[engine][cancel]")
{
    driver world;
    world.gateway = deletes_only(world);
    operation& first = world.map(without_clean_up(80));
    operation& second = world.map(without_clean_up(80));
    world.run_until(100ms);
    world.cancel(first);
    world.heal();
    world.run_until(100s);
    CHECK(first.error == aborted);
    CHECK_FALSE(second.error);
    CHECK(world.done_at(second) != "pending");
    for (const request& each : world.sent)
        CHECK_FALSE(each.is_delete());
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("engine cancel: while the address is asked for the mapping is undone", "[engine][cancel]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        return asked.is_address() ? bytes{} : world.conforming(asked);
    };
    operation& call = world.map(without_clean_up(80));
    world.run_until(100ms);
    world.cancel(call);
    world.run_until(100s);
    CHECK(call.error == aborted);
    CHECK(world.wire.front() == "0 map tcp 80 80 7200");
    CHECK(std::count_if(world.sent.begin(), world.sent.end(),
                        [](const request& each) { return each.is_delete(); }) == 1);
    CHECK(world.mappings().empty());
    CHECK(world.take_events().empty());
}

TEST_CASE("engine cancel: a clean-up in flight, whose key is forgotten", "[engine][cancel]")
{
    driver world;
    world.silence();
    const bool maps = GENERATE(true, false);
    operation& call = maps ? world.map(tcp(80)) : world.unmap(tcp(80));
    world.run_until(100ms);
    world.cancel(call);
    world.heal();
    operation& next = world.map(tcp(81)); // it must not be taken for the other
    CHECK(world.wire == lines{"0 delete tcp 80"});
    CHECK(world.receive(delete_answer(protocol::tcp, 80, 5)) == ignore_reason::none);
    world.settle();
    CHECK(world.wire ==
          lines{"0 delete tcp 80", "0.1 delete tcp 81", "0.1 map tcp 81 81 7200", "0.1 address"});
    CHECK_FALSE(next.error);
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("engine cancel: cancel_all ends what waits and keeps mappings", "[engine][cancel]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.take_events();
    world.silence();
    operation& first = world.map(tcp(81));
    operation& second = world.address();
    operation& third = world.wait_event();
    world.cancel_all();
    for (operation* each : {&first, &second, &third}) {
        CHECK(each->error == aborted);
        CHECK(world.done_at(*each) == "10");
    }
    CHECK(world.mappings().size() == 1);
    world.heal();
    world.run_until(3600s);
    CHECK(std::count(world.wire.begin(), world.wire.end(), "3600 map tcp 80 80 7200") == 1);
}

TEST_CASE("engine cancel: close ends everything and sends nothing", "[engine][cancel]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.silence();
    operation& first = world.map(tcp(81));
    operation& second = world.shutdown(10s);
    world.take_wire();
    world.close();
    CHECK(world.done_at(first) == "10");
    CHECK(second.error == aborted);
    CHECK(world.closed());
    CHECK_FALSE(world.active());
    world.run_until(10'000s);
    CHECK(world.wire.empty());
    CHECK(world.map(tcp(82)).error == errc::closed);
}

} // namespace engine_cancel_test
