// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Gateways that come, go and change (H-1, H-3, H-5, T-7; design: changes).

#include "unit/engine_support.hpp"

namespace engine_gateway_test {
using namespace engine_test;

void prepare(driver& world)
{
    world.map(tcp(80));
    world.map(udp(81));
    world.run_until(100s);
    world.take_events();
    world.take_wire();
}

lines sorted(lines what)
{
    std::sort(what.begin(), what.end());
    return what;
}

TEST_CASE("engine gateway: another one, everything again there (H-3)", "[engine][gateway]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        return asked.is_create()
                   ? map_answer(asked.kind(), asked.internal_port(), 7777, 7200, world.epoch())
                   : world.conforming(asked);
    };
    prepare(world);
    world.boot_epoch = 0U - 99U; // a young clock is no reset there (E-4)
    world.heal();
    SECTION("another gateway")
    {
        world.attach(elsewhere());
    }
    SECTION("another local address (H-1)")
    {
        natpmp::gateway moved = home();
        moved.local_address = natpmp::net::ip::make_address("192.168.1.77");
        world.attach(moved);
    }
    world.run_until(101s);
    // The suggested port is the last granted one; nothing is deleted there.
    CHECK(sorted(world.take_wire()) ==
          lines{"100 address", "100 map tcp 80 7777 7200", "100 map udp 81 7777 7200"});
    CHECK(world.status().resets == 0);
    CHECK(world.mappings().size() == 2);
    const lines events = world.take_events();
    REQUIRE(events.size() == 3);
    CHECK(events[0].substr(0, 15) == "gateway_changed");
    CHECK(sorted(events)[1] == "restored tcp 80 7777");
    CHECK(sorted(events)[2] == "restored udp 81 7777");
}

TEST_CASE("engine gateway: nothing is deleted at the new one for the old one's mappings (H-3)",
          "[engine][gateway]")
{
    driver world;
    prepare(world);
    world.silence();
    operation& removal = world.unmap(tcp(80)); // in flight
    operation& queued = world.unmap(udp(81));
    world.run_until(100100ms);
    world.heal();
    world.take_wire();
    world.attach(elsewhere());
    CHECK(removal.error == errc::gateway_changed);
    CHECK(queued.error == errc::gateway_changed);
    world.run_until(1000s);
    CHECK(world.wire.empty());
    CHECK(world.mappings().empty());
}

TEST_CASE("engine gateway: an undoing delete is not sent to another one (H-3)", "[engine][gateway]")
{
    driver world;
    world.silence();
    operation& call =
        world.map({.protocol = protocol::tcp, .internal_port = 80, .clean_up = false});
    world.run_until(100ms);
    world.cancel(call);
    const duration change = GENERATE(as<duration>{}, 500ms, 1200ms);
    world.run_until(change); // waiting for the answer, or the delete in flight
    world.take_wire();
    world.attach(elsewhere());
    world.run_until(100s);
    CHECK(world.wire.empty());
    CHECK_FALSE(world.active());
}

TEST_CASE("engine gateway: an operation under way goes on at the new one", "[engine][gateway]")
{
    driver world;
    SECTION("its request in flight")
    {
        world.silence();
        operation& call = world.map(tcp(80));
        world.run_until(2s);
        world.heal();
        world.take_wire();
        world.attach(elsewhere());
        world.run_until(10s);
        CHECK_FALSE(call.error);
        CHECK(world.done_at(call) == "3"); // 1 s after the last map request, to any gateway
        CHECK(world.mappings().size() == 1);
    }
    SECTION("granted at the old one: it is not done before the new one grants")
    {
        world.gateway = [&](const request& asked) {
            return asked.is_address() ? bytes{} : world.conforming(asked);
        };
        operation& call = world.map(tcp(80));
        world.run_until(1s);
        CHECK(world.done_at(call) == "pending");
        world.gateway = [&](const request& asked) {
            return asked.is_create() ? map_answer(protocol::tcp, 80, 999, 7200, 5)
                                     : world.conforming(asked);
        };
        world.attach(elsewhere());
        world.run_until(10s);
        CHECK(world.done_at(call) != "pending");
        if (!call.error)
            CHECK(call.mappings[0].external_port == 999);
    }
    SECTION("half of a pair granted at the old one")
    {
        world.gateway = [&](const request& asked) {
            return asked.is_map() && asked.kind() == protocol::udp ? bytes{}
                                                                   : world.conforming(asked);
        };
        operation& call = world.map_pair(tcp(80));
        world.run_until(2s);
        CHECK(world.done_at(call) == "pending");
        world.gateway = [&](const request& asked) {
            return asked.is_create() ? map_answer(asked.kind(), 80, 999, 7200, 5)
                                     : world.conforming(asked);
        };
        world.attach(elsewhere());
        world.run_until(10s);
        CHECK(world.done_at(call) != "pending");
        if (!call.error) {
            CHECK(call.mappings[0].external_port == 999);
            CHECK(call.mappings[1].external_port == 999);
        }
    }
}

TEST_CASE("engine gateway: the old one's answers count no more (V-1)", "[engine][gateway]")
{
    driver world;
    prepare(world);
    world.silence();
    operation& call = world.address();
    world.attach(elsewhere());
    CHECK(world.status().external_address.is_unspecified());
    CHECK(world.status().gateway == elsewhere());
    CHECK(world.done_at(call) == "pending");
}

TEST_CASE("engine gateway: the same one again changes nothing", "[engine][gateway]")
{
    driver world;
    prepare(world);
    world.attach(home());
    world.run_until(3000s);
    CHECK(world.wire.empty());
    CHECK(world.take_events().empty());
}

TEST_CASE("engine gateway: gone and back before the lease ends (H-5)", "[engine][gateway]")
{
    driver world;
    prepare(world);
    world.detach();
    CHECK_FALSE(world.has_gateway());
    CHECK(world.mappings().size() == 2);
    CHECK(world.status().last_error == errc::no_gateway);
    world.run_until(1000s);
    CHECK(world.wire.empty());
    CHECK(world.take_events().empty());
    world.attach(home());
    world.run_until(1010s);
    CHECK(world.take_wire() == lines{"1000 address"}); // which shows whether it lost its state
    CHECK(world.take_events().empty());
}

TEST_CASE("engine gateway: gone for longer than the lease (H-5)", "[engine][gateway]")
{
    driver world;
    prepare(world);
    world.detach();
    world.run_until(7200s);
    CHECK(world.mappings().empty());
    const lines events = sorted(world.take_events());
    REQUIRE(events.size() == 2);
    CHECK(events[0].substr(0, 14) == "lost tcp 80 80");
    CHECK(events[1].substr(0, 14) == "lost udp 81 81");
    CHECK(world.wire.empty());
    world.run_until(9000s);
    world.attach(home());
    world.run_until(9001s);
    CHECK(sorted(world.take_events()) == lines{"restored tcp 80 80", "restored udp 81 81"});
    CHECK(world.mappings().size() == 2);
}

TEST_CASE("engine gateway: it is looked for while mappings are to be kept", "[engine][gateway]")
{
    driver world;
    prepare(world);
    world.detach();
    CHECK_FALSE(world.wants_gateway());
    world.route = home(); // the next look finds it
    world.run_until(131s);
    CHECK(world.has_gateway());
}

TEST_CASE("engine gateway: gone with a delete of our own in flight", "[engine][gateway]")
{
    driver world;
    world.silence();
    operation& call =
        world.map({.protocol = protocol::tcp, .internal_port = 80, .clean_up = false});
    world.run_until(100ms);
    world.cancel(call);
    world.run_until(1200ms); // the delete is in flight
    world.detach();
    CHECK_FALSE(world.active());
    world.heal();
    world.route = home();
    operation& again =
        world.map({.protocol = protocol::tcp, .internal_port = 80, .clean_up = false});
    world.run_until(10s);
    CHECK_FALSE(again.error);
    CHECK(world.mappings().size() == 1);
}

} // namespace engine_gateway_test
