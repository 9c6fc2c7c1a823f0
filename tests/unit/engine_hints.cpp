// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Hints that something changed, and the pauses between (T-7; design: changes).

#include "unit/engine_support.hpp"

namespace engine_hints_test {
using namespace engine_test;

/// A lease of a minute that nobody renews; 1000 now, in the middle of a pause.
void lose(driver& world)
{
    world.gateway = [&world](const request& asked) {
        return asked.is_create() ? map_answer(protocol::tcp, 80, 80, 60, world.epoch())
                                 : world.conforming(asked);
    };
    world.map(tcp(80));
    world.run_until(20s);
    world.silence();
    world.run_until(1000s);
    REQUIRE(world.mappings().empty());
    world.heal();
    world.take_wire();
    world.take_events();
}

TEST_CASE("engine hint: the application says that the network changed", "[engine][hint]")
{
    driver world;
    lose(world);
    world.network_changed();
    world.run_until(1001s);
    CHECK(world.mappings().size() == 1);
    CHECK(world.take_events() == lines{"restored tcp 80 80"});
}

TEST_CASE("engine hint: the host's changes count after a quarter of a second, once",
          "[engine][hint]")
{
    driver world;
    lose(world);
    world.host_changed();
    world.run_until(1000'100ms);
    world.host_changed();
    world.run_until(1000'249ms);
    const std::size_t before = world.sent.size();
    world.run_until(1000'250ms);
    CHECK(world.sent.size() > before);
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("engine hint: a quiet client is not woken by it", "[engine][hint]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(100s);
    world.take_wire();
    world.network_changed();
    world.host_changed();
    world.run_until(3000s);
    CHECK(world.wire.empty());
}

TEST_CASE("engine hint: a request in flight starts its schedule anew", "[engine][hint]")
{
    driver world;
    world.silence();
    operation& call = world.address();
    world.run_until(100s);
    world.network_changed();
    world.run_until(1000s);
    CHECK(world.sent.size() == 18);
    CHECK(world.done_at(call) == "227.75");
}

TEST_CASE("engine hint: announcements count three times, then once in five minutes",
          "[engine][hint]")
{
    driver world;
    world.refuse(2);
    world.map(
        {.protocol = protocol::tcp, .internal_port = 80, .clean_up = false, .keep_trying = true});
    world.run_until(10s);
    world.sent.clear();
    for (int second = 0; second < 3000; ++second) {
        world.announce(address_answer("203.0.113.7", world.epoch()));
        world.run_for(1s);
    }
    CHECK(world.sent.size() >= 10);
    CHECK(world.sent.size() <= 3 + 10 + 12);
}

TEST_CASE("engine hint: a gateway set aside is taken up again", "[engine][hint]")
{
    driver world;
    world.address();
    world.settle();
    REQUIRE_FALSE(world.active());
    world.idle();
    CHECK_FALSE(world.has_gateway());
    CHECK_FALSE(world.wants_gateway());
    operation& call = world.map(tcp(80));
    world.run_until(10s);
    CHECK(world.has_gateway());
    CHECK_FALSE(call.error);
}

TEST_CASE("engine hint: giving a mapping up deletes it in the background", "[engine][hint]")
{
    driver world;
    world.map(tcp(80));
    world.map(tcp(81));
    world.run_until(10s);
    world.take_wire();
    world.take_events();
    world.unmap_quietly(tcp(80));
    world.unmap_quietly(udp(80)); // there is none
    world.step();
    world.settle();
    CHECK(world.wire == lines{"10 delete tcp 80"});
    CHECK(world.take_events() == lines{"unmapped tcp 80 80"});
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("engine hint: a look at the routes when the gateway does not answer", "[engine][hint]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.silence();
    world.route = elsewhere(); // nobody told of it
    operation& call = world.address();
    world.run_until(137'700ms);
    CHECK(world.status().gateway == home());
    world.heal();
    world.run_until(138s);
    CHECK(call.error == errc::gateway_silent);
    world.map(tcp(81)); // the next thing to do
    world.settle();
    CHECK(world.status().gateway == elsewhere());
    CHECK(world.mappings().size() == 2);
}

TEST_CASE("engine hint: sleep, with a renewal due and one lease ended (H-2)", "[engine][hint]")
{
    driver world;
    world.map(tcp(80));
    world.settle();
    world.gateway = [&](const request& asked) {
        return asked.is_create() ? map_answer(asked.kind(), 81, 81, 60, world.epoch())
                                 : world.conforming(asked);
    };
    world.map(tcp(81));
    world.run_until(10s);
    world.heal();
    world.take_events();
    world.take_wire();
    world.now += 4000s; // nothing runs meanwhile
    world.step();
    world.settle();
    CHECK(world.mappings().size() == 2);
    lines events = world.take_events();
    std::sort(events.begin(), events.end());
    CHECK(events == lines{"renewed tcp 80 80", "restored tcp 81 81"});
    CHECK(world.wire.size() == 3); // two map requests and the address
}

} // namespace engine_hints_test
