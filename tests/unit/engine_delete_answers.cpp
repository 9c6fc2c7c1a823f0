// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Answers to deletes and to map requests, which look alike (V-7; design: a packet counts, queue).

#include "unit/engine_support.hpp"

namespace engine_delete_answers_test {
using namespace engine_test;

/// The clean-up was sent three times without an answer; the map request is in flight.
operation& silent_clean_up(driver& world)
{
    world.silence();
    operation& call = world.map(tcp(80));
    world.run_until(1800ms);
    REQUIRE(world.wire == lines{"0 delete tcp 80", "0.25 delete tcp 80", "0.75 delete tcp 80",
                                "1.75 map tcp 80 80 7200"});
    world.take_wire();
    return call;
}

bytes done(const driver& world)
{
    return delete_answer(protocol::tcp, 80, world.epoch());
}

bytes granted(const driver& world)
{
    return map_answer(protocol::tcp, 80, 80, 7200, world.epoch());
}

TEST_CASE("engine: late answers to the clean-up do not answer the map (V-7)", "[engine][answer]")
{
    driver world;
    operation& call = silent_clean_up(world);
    for (int count = 0; count < 3; ++count) {
        CHECK(world.receive(done(world)) == ignore_reason::not_awaited);
        CHECK(world.done_at(call) == "pending");
    }
    SECTION("more of them grant nothing, and end the map request after 3.75 s")
    {
        CHECK(world.receive(done(world)) == ignore_reason::not_awaited);
        world.run_until(2600ms);
        CHECK(world.receive(done(world)) == ignore_reason::not_awaited);
        world.run_until(20s);
        CHECK(call.error == errc::invalid_grant);
        CHECK(world.done_at(call) == "5.5"); // its first transmission was at 1.75 s
    }
    SECTION("the grant is still taken")
    {
        world.heal();
        CHECK(world.receive(granted(world)) == ignore_reason::none);
        world.settle();
        CHECK_FALSE(call.error);
        CHECK(world.done_at(call) == "1.8");
    }
    SECTION("only one of the two zero is the map's, always")
    {
        CHECK(world.receive(map_answer(protocol::tcp, 80, 80, 0, world.epoch())) ==
              ignore_reason::none);
        CHECK(call.error == errc::invalid_grant);
    }
}

TEST_CASE("engine: only one of the two zero is never a delete's", "[engine][answer]")
{
    driver world;
    operation& call = silent_clean_up(world);
    const bool port = GENERATE(true, false);
    CHECK(world.receive(port ? map_answer(protocol::tcp, 80, 80, 0, world.epoch())
                             : map_answer(protocol::tcp, 80, 0, 7200, world.epoch())) ==
          ignore_reason::none);
    CHECK(call.error == errc::invalid_grant);
}

TEST_CASE("engine: an empty success never answers a map request (C-6, V-7)", "[engine][answer]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        return asked.is_delete() ? world.conforming(asked) : bytes{};
    };
    operation& call = world.map(tcp(80));
    for (const duration at : {100ms, 200ms, 800ms, 3700ms}) {
        world.run_until(at);
        CHECK(world.receive(done(world)) == ignore_reason::not_awaited);
    }
    SECTION("a grant does, within 3.75 s")
    {
        world.run_until(3740ms);
        CHECK(world.receive(granted(world)) == ignore_reason::none);
        CHECK_FALSE(call.error);
    }
    SECTION("without one there is no valid grant, 3.75 s after the first transmission")
    {
        world.run_until(20s);
        CHECK(call.error == errc::invalid_grant);
        CHECK(world.done_at(call) == "3.75");
        CHECK(world.wire.back() == "3.75 delete tcp 80"); // what it may have granted
    }
}

TEST_CASE("engine: an empty success is no answer, long after any delete either (C-6)",
          "[engine][answer]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(9s);
    world.unmap(tcp(80));
    world.run_until(19s);
    world.silence();
    operation& call = world.map(tcp(80));
    CHECK(world.wire.back() == "19 map tcp 80 80 7200");
    CHECK(world.receive(done(world)) == ignore_reason::not_awaited);
    world.run_until(60s);
    CHECK(call.error == errc::invalid_grant);
    CHECK(world.done_at(call) == "22.75");
}

TEST_CASE("engine: the network repeats the clean-up's answer", "[engine][answer]")
{
    driver world;
    world.delay = 10ms;
    world.gateway = [&](const request& asked) {
        for (const duration late : {15ms, 25ms, 400ms})
            if (asked.is_delete())
                world.deliver_after(late, world.conforming(asked));
        return world.conforming(asked);
    };
    operation& call = world.map(tcp(80));
    world.run_until(10s);
    CHECK_FALSE(call.error);
    CHECK(world.done_at(call) == "0.03");
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("engine: a delete answer after the grant causes one renewal at once", "[engine][answer]")
{
    driver world;
    operation& call = silent_clean_up(world);
    world.heal();
    world.receive(granted(world));
    world.run_until(5s);
    CHECK_FALSE(call.error);
    CHECK(world.take_wire() == lines{"1.8 address"});
    CHECK(world.receive(done(world)) == ignore_reason::not_awaited);
    world.receive(done(world));
    world.receive(done(world));
    world.receive(done(world));
    world.run_until(100s);
    // The second answer came while that renewal was in flight.
    CHECK(world.wire == lines{"5 map tcp 80 80 7200", "6 map tcp 80 80 7200"});
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("engine: that renewal keeps its distance of 1 s", "[engine][answer]")
{
    driver world;
    silent_clean_up(world);
    world.heal();
    world.receive(granted(world));
    world.run_until(2s);
    world.take_wire();
    world.receive(done(world));
    world.run_until(100s);
    CHECK(world.wire == lines{"2.75 map tcp 80 80 7200"});
}

TEST_CASE("engine: an answer to a delete that the network repeated counts the same",
          "[engine][answer]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(5s);
    world.take_wire();
    CHECK(world.receive(done(world)) == ignore_reason::not_awaited);
    world.run_until(100s);
    CHECK(world.wire == lines{"5 map tcp 80 80 7200"});
}

TEST_CASE("engine: a delete answer without a recent delete causes nothing", "[engine][answer]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(11s);
    world.take_wire();
    CHECK(world.receive(done(world)) == ignore_reason::not_awaited);
    world.run_until(100s);
    CHECK(world.wire.empty());
}

TEST_CASE("engine: a refusal of the map after a silent clean-up ends it", "[engine][answer]")
{
    driver world;
    operation& call = silent_clean_up(world);
    world.refuse(2);
    world.run_until(127s);
    CHECK(call.error == result_code::not_authorized);
    CHECK(std::stod(world.done_at(call)) <= 6.0); // three refusals may be the clean-up's
}

TEST_CASE("engine: a slow gateway that answers every delete twice does not answer the map (V-7)",
          "[engine][answer]")
{
    driver world;
    world.delay = 1s; // after three deletes
    world.gateway = [&world](const request& asked) {
        bytes answer = world.conforming(asked);
        if (asked.is_delete())
            world.deliver_after(1001ms, answer);
        return answer;
    };
    operation& call = world.map(tcp(80));
    world.run_until(10s);
    CHECK_FALSE(call.error);
    CHECK(world.take_events() == lines{"mapped tcp 80 80"});
    CHECK(std::count_if(world.sent.begin(), world.sent.end(),
                        [](const request& each) { return each.is_create(); }) == 6); // once more
}

TEST_CASE("engine: a repeated delete that overtakes the map's answer is noticed",
          "[engine][answer]")
{
    driver world;
    world.delay = 20ms;
    operation& call = world.map(tcp(80));
    world.run_until(30ms);
    // The network repeated the delete, it came after the map request, and its answer comes first.
    CHECK(world.receive(done(world)) == ignore_reason::not_awaited);
    world.run_until(500ms);
    CHECK_FALSE(call.error);
    world.take_wire();
    world.run_until(100s);
    CHECK(world.wire == lines{"1.02 map tcp 80 80 7200"});
}

} // namespace engine_delete_answers_test
