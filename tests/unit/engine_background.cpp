// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What goes on in the background while operations come and go (design: wishes, silence, hints).

#include "unit/engine_support.hpp"

namespace engine_background_test {
using namespace engine_test;

map_request keep(map_request request)
{
    request.keep_trying = true;
    return request;
}

std::size_t creates(const driver& world, std::uint16_t port, duration from = 0s)
{
    std::size_t count = 0;
    for (std::size_t at = 0; at < world.sent.size(); ++at)
        count += world.sent[at].is_create() && world.sent[at].internal_port() == port &&
                 world.sent_at[at] >= origin + from;
    return count;
}

/// TCP port 80 is up, and there was a verdict on the gateway a moment ago.
void judge(driver& world)
{
    world.map(tcp(80));
    world.run_until(1s);
    world.silence();
    world.map(tcp(81));
    world.refused();
    world.refused();
}

TEST_CASE("engine background: a mapping that is wanted again while it is deleted is made again",
          "[engine][background]")
{
    driver world;
    judge(world);
    world.take_wire();
    operation& gone = world.unmap(tcp(80));
    operation& again = world.map(keep(tcp(80))); // waits in the background
    world.receive(delete_answer(protocol::tcp, 80, world.epoch()));
    CHECK(world.done_at(gone) == "1");
    CHECK(world.mappings().empty());
    world.heal();
    world.run_until(60s);
    CHECK_FALSE(again.error);
    CHECK(world.done_at(again) != "pending");
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("engine background: a mapping that was given up and is wanted again is asked for",
          "[engine][background]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(1s);
    world.silence();
    world.map(tcp(81));
    world.unmap_quietly(tcp(80));
    operation& again = world.map(keep(tcp(80)));
    for (int count = 0; count < 5; ++count) {
        world.refused();
        world.run_for(1s);
    }
    world.heal();
    world.run_until(120s);
    CHECK(world.done_at(again) != "pending");
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("engine background: a second wish for what is up does not wait for the renewal",
          "[engine][background]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.refuse(3);
    operation& second = world.map(keep(tcp(80)));
    world.run_until(15s);
    world.heal();
    world.run_until(41s);
    CHECK(world.done_at(second) != "pending");
    CHECK_FALSE(second.error);
}

TEST_CASE("engine background: the half of a pair that is refused keeps its pause",
          "[engine][background]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        if (!asked.is_create())
            return world.conforming(asked);
        const bool refused = asked.kind() == protocol::udp;
        return map_answer(asked.kind(), 80, refused ? 0 : 80, refused ? 0 : 60, world.epoch(),
                          refused ? 2 : 0);
    };
    operation& call = world.map_pair(keep(tcp(80)));
    world.run_until(1h);
    CHECK(world.done_at(call) == "pending");
    std::size_t refused = 0;
    for (const request& each : world.sent)
        refused += each.is_create() && each.kind() == protocol::udp;
    CHECK(refused <= 6); // 5, 10, 20 and 30 minutes
}

TEST_CASE("engine background: notices of the host without end neither flood nor hold an operation",
          "[engine][background]")
{
    driver world;
    bool refusing = false;
    SECTION("silence")
    {
        world.silence();
    }
    SECTION("refusal")
    {
        world.refuse(2);
        refusing = true;
    }
    map_request request = tcp(80);
    request.keep_trying = refusing;
    operation& call = world.map(request);
    for (int second = 0; second < 3600; ++second) {
        world.host_changed();
        world.run_for(1s);
    }
    CHECK(world.sent.size() < 80);
    CHECK((world.done_at(call) == "pending") == refusing);
}

TEST_CASE("engine background: a port that alone is not answered has a pause of its own",
          "[engine][background]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        if (asked.is_create() && asked.internal_port() == 81)
            return bytes{};
        return asked.is_create() ? map_answer(asked.kind(), 80, 80, 60, world.epoch())
                                 : world.conforming(asked);
    };
    world.map(tcp(80));
    world.map(keep(tcp(81)));
    world.run_until(2h);
    CHECK(creates(world, 81, 1h) <= 70); // a burst every 8 minutes at most
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("engine background: an operation does not hold a renewal until the lease ends",
          "[engine][background]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        if (asked.is_address())
            return bytes{}; // it does not know this opcode
        return asked.is_create() ? map_answer(asked.kind(), 80, 80, 120, world.epoch())
                                 : world.conforming(asked);
    };
    world.map(tcp(80));
    world.run_until(50s);
    operation& call = world.address();
    world.run_until(89s);
    CHECK(creates(world, 80, 50s) == 0);
    world.run_until(119s); // due at 60 s, overdue at 90 s
    CHECK(creates(world, 80, 50s) == 1);
    world.run_until(1000s);
    CHECK(call.error == errc::gateway_silent);
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("engine background: what was unmapped without a gateway is not called deleted",
          "[engine][background]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.detach();
    operation& gone = world.unmap(tcp(80));
    CHECK(gone.error == errc::no_gateway);
    world.attach(home());
    operation& end = world.shutdown(2s);
    world.run_until(20s);
    CHECK(end.error == errc::shutdown_incomplete);
}

TEST_CASE("engine background: the address is asked for now and then (X0-4)", "[engine][background]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        return asked.is_create() ? map_answer(asked.kind(), 80, 80, 0xFFFFFFFF, world.epoch())
                                 : world.conforming(asked);
    };
    world.map(tcp(80));
    world.run_until(11h);
    CHECK(std::count_if(world.sent.begin(), world.sent.end(),
                        [](const request& each) { return each.is_address(); }) == 4);
}

TEST_CASE("engine background: why the address is not known (C-3, C-5)", "[engine][background]")
{
    driver world;
    std::uint16_t code = 3;
    SECTION("refused")
    {}
    SECTION("0.0.0.0")
    {
        code = 0;
    }
    world.map(tcp(80));
    world.run_until(1s);
    CHECK_FALSE(world.status().external_address_error);
    world.take_events();
    world.gateway = [&](const request& asked) {
        return asked.is_address() ? address_answer("0.0.0.0", world.epoch(), code)
                                  : world.conforming(asked);
    };
    world.address();
    world.settle();
    CHECK(world.status().external_address_error == result_code::network_failure);
    const auto news = world.take_event();
    REQUIRE(news);
    CHECK(news->kind == natpmp::event_kind::address_changed);
    CHECK(news->error == result_code::network_failure);
}

TEST_CASE("engine background: a deadline of any length, but none that is negative",
          "[engine][background]")
{
    client_options options;
    SECTION("the longest")
    {
        options.timeout = std::chrono::milliseconds::max();
        driver world(options);
        operation& call = world.map(tcp(80));
        world.run_until(1s);
        CHECK_FALSE(call.error);
    }
    SECTION("negative")
    {
        options.timeout = std::chrono::milliseconds(-1);
        driver world(options);
        CHECK(world.map(tcp(80)).error == errc::invalid_argument);
        CHECK(world.sent.empty());
    }
}

} // namespace engine_background_test
