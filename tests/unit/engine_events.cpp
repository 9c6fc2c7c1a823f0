// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Events are the difference between what the reader last read and now (design: events).

#include "unit/engine_support.hpp"

namespace engine_events_test {
using namespace engine_test;

/// Grants this port for a minute to every map request.
driver::script granting(driver& world, std::uint16_t port)
{
    return [&world, port](const request& asked) {
        return asked.is_create()
                   ? map_answer(asked.kind(), asked.internal_port(), port, 60, world.epoch())
                   : world.conforming(asked);
    };
}

/// One mapping of a minute, told to the reader.
void prepare(driver& world)
{
    world.gateway = granting(world, 80);
    world.map(tcp(80));
    world.run_until(1s);
    REQUIRE(world.take_events() == lines{"mapped tcp 80 80"});
}

TEST_CASE("engine event: many renewals are one", "[engine][event]")
{
    driver world;
    prepare(world);
    world.run_until(1000s);
    CHECK(world.take_events() == lines{"renewed tcp 80 80"});
    CHECK(world.take_events().empty());
}

TEST_CASE("engine event: mapped, renewed and changed before the first read is mapped",
          "[engine][event]")
{
    driver world;
    world.gateway = granting(world, 80);
    world.map(tcp(80));
    world.run_until(100s);
    world.gateway = granting(world, 81);
    world.run_until(1000s);
    CHECK(world.take_events() == lines{"mapped tcp 80 81"});
}

TEST_CASE("engine event: a change outranks a restoration", "[engine][event]")
{
    driver world;
    prepare(world);
    world.silence();
    world.run_until(70s);
    world.gateway = granting(world, 81);
    world.run_until(300s);
    CHECK(world.take_events() == lines{"port_changed tcp 80 81"});
}

TEST_CASE("engine event: lost and restored before a read is restored", "[engine][event]")
{
    driver world;
    prepare(world);
    world.silence();
    world.run_until(70s);
    world.gateway = granting(world, 80);
    world.run_until(300s);
    CHECK(world.take_events() == lines{"restored tcp 80 80"});
}

TEST_CASE("engine event: failing, and well again before a read, is renewed", "[engine][event]")
{
    driver world;
    prepare(world);
    world.silence();
    world.run_until(46s);
    world.gateway = granting(world, 80);
    world.run_until(60s);
    CHECK(world.take_events() == lines{"renewed tcp 80 80"});
}

TEST_CASE("engine event: each step, if read", "[engine][event]")
{
    driver world;
    prepare(world);
    world.silence();
    world.run_until(46s);
    CHECK(world.take_events() == lines{"renewal_failing tcp 80 80: natpmp 6"});
    world.run_until(59s);
    CHECK(world.take_events().empty());
    world.run_until(61s);
    CHECK(world.take_events() == lines{"lost tcp 80 80: natpmp 6"});
    world.run_until(100s);
    CHECK(world.take_events().empty());
    world.gateway = granting(world, 80);
    world.run_until(200s);
    CHECK(world.take_events() == lines{"restored tcp 80 80"});
    world.unmap(tcp(80));
    world.settle();
    CHECK(world.take_events() == lines{"unmapped tcp 80 80"});
}

TEST_CASE("engine event: mapped and unmapped before a read is nothing", "[engine][event]")
{
    driver world;
    world.map(tcp(80));
    world.settle();
    world.unmap(tcp(80));
    world.settle();
    CHECK(world.take_events().empty());
}

TEST_CASE("engine event: unmapped and mapped again before a read", "[engine][event]")
{
    driver world;
    prepare(world);
    world.unmap(tcp(80));
    world.run_until(10s);
    const std::uint16_t port = GENERATE(as<std::uint16_t>{}, 80, 81);
    world.gateway = granting(world, port);
    world.map(tcp(80));
    world.settle();
    CHECK(world.take_events() ==
          (port == 80 ? lines{"restored tcp 80 80"} : lines{"port_changed tcp 80 81"}));
}

TEST_CASE("engine event: the address that changed, and changed back", "[engine][event]")
{
    driver world;
    prepare(world);
    world.announce(address_answer("203.0.113.8", world.epoch()));
    world.announce(address_answer("203.0.113.9", world.epoch()));
    CHECK(world.take_events() == lines{"address_changed 203.0.113.9"});
    world.announce(address_answer("203.0.113.8", world.epoch()));
    world.announce(address_answer("203.0.113.9", world.epoch()));
    CHECK(world.take_events().empty());
}

TEST_CASE("engine event: a second waiter at the same time is refused", "[engine][event]")
{
    driver world;
    operation& first = world.wait_event();
    operation& second = world.wait_event();
    CHECK(second.error == errc::already_waiting);
    CHECK(world.done_at(first) == "pending");
    world.map(tcp(80));
    world.settle();
    CHECK(world.done_at(first) == "0");
    CHECK(first.happened.kind == event_kind::mapped);
    CHECK(first.happened.mapping.external_port == 80);
    CHECK(first.happened.gateway.to_string() == "192.168.1.1");
    CHECK_FALSE(first.error);
    operation& third = world.wait_event();
    CHECK(world.done_at(third) == "pending");
    world.cancel(third);
    CHECK(third.error == natpmp::net::error::operation_aborted);
    CHECK(world.done_at(third) == "0");
}

TEST_CASE("engine event: what is already there is read at once", "[engine][event]")
{
    driver world;
    world.map(tcp(80));
    world.map(udp(80));
    world.run_until(10s);
    operation& first = world.wait_event();
    operation& second = world.wait_event();
    CHECK(world.done_at(first) == "10");
    CHECK(world.done_at(second) == "10");
    CHECK(first.happened.mapping.protocol == protocol::tcp);
    CHECK(second.happened.mapping.protocol == protocol::udp);
}

TEST_CASE("engine event: the hook sees each of them, in order", "[engine][event]")
{
    driver world;
    world.collect_events(true);
    prepare(world);
    world.run_until(61s);
    world.silence();
    world.run_until(125s);
    world.gateway = granting(world, 81);
    world.run_until(300s);
    std::vector<event_kind> kinds;
    for (const natpmp::event& each : world.collected_events())
        kinds.push_back(each.kind);
    REQUIRE(kinds.size() >= 6);
    CHECK(std::vector(kinds.begin(), kinds.begin() + 6) ==
          std::vector{event_kind::mapped, event_kind::renewed, event_kind::renewed,
                      event_kind::renewal_failing, event_kind::lost, event_kind::port_changed});
    world.collect_events(false);
    world.run_until(1000s);
    CHECK(world.collected_events().empty());
}

TEST_CASE("engine event: nobody reads, nothing grows", "[engine][event]")
{
    driver world;
    for (std::uint16_t port = 1; port <= 50; ++port)
        world.map({.protocol = protocol::tcp, .internal_port = port, .clean_up = false});
    world.run_until(10h);
    for (std::uint16_t port = 1; port <= 50; ++port)
        world.unmap(tcp(port));
    world.run_until(11h);
    CHECK(world.take_events().empty()); // never read, so never known
    CHECK(world.collected_events().empty());
}

} // namespace engine_events_test
