// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The verdict that there is no NAT-PMP here (T-5 to T-7, B-8).

#include "unit/engine_support.hpp"

namespace engine_verdict_test {
using namespace engine_test;

map_request without_clean_up(map_request what)
{
    what.clean_up = false;
    return what;
}

TEST_CASE("engine: ICMP port unreachable ends a request at once (T-5)", "[engine][verdict]")
{
    driver world;
    world.silence();
    operation& first = world.map(without_clean_up(tcp(80)));
    operation& second = world.address();
    operation& third = world.map(tcp(81));
    world.run_until(3ms);
    world.refused();
    CHECK(world.done_at(first) == "0.003");
    for (operation* each : {&first, &second, &third}) {
        CHECK(world.done_at(*each) == "0.003");
        CHECK(each->error == errc::not_supported);
    }
    world.refused(); // of nothing
    world.run_until(5s);
    CHECK(world.sent.size() == 1);
    operation& removal = world.unmap(udp(7));
    world.refused();
    CHECK(removal.error == errc::not_supported);
    world.run_until(100s);
    CHECK(world.sent.size() == 2);
}

TEST_CASE("engine: the verdict ends what is queued, and is kept for 10 s (T-6)",
          "[engine][verdict]")
{
    driver world;
    world.silence();
    operation& first = world.address();
    operation& second = world.map(tcp(80));
    operation& third = world.map_pair(udp(81));
    operation& fourth = world.address();
    world.run_until(127'750ms);
    for (operation* each : {&first, &second, &third, &fourth}) {
        CHECK(world.done_at(*each) == "127.75");
        CHECK(each->error == errc::gateway_silent);
    }
    CHECK(world.sent.size() == 9);
    world.run_until(137s);
    operation& early = world.map(tcp(82));
    CHECK(early.error == errc::gateway_silent);
    CHECK(world.done_at(early) == "137");
    CHECK(world.address().error == errc::gateway_silent);
    CHECK(world.sent.size() == 9);

    SECTION("not longer")
    {
        world.run_until(137'750ms);
        world.map(tcp(83));
        CHECK(world.wire.back() == "137.75 delete tcp 83");
    }
    SECTION("and dropped when the network changes (T-7)")
    {
        world.network_changed();
        world.address();
        CHECK(world.wire.back() == "137 address");
    }
    SECTION("and dropped by an announcement (T-7, B-8)")
    {
        world.announce(address_answer("203.0.113.7", 1));
        world.address();
        CHECK(world.wire.back() == "137 address");
    }
    SECTION("but not by another host's announcement (B-3)")
    {
        world.announce(address_answer("203.0.113.7", 1), "192.168.1.9");
        CHECK(world.address().error == errc::gateway_silent);
    }
    SECTION("and dropped when the gateway changes (T-7)")
    {
        world.attach(elsewhere());
        world.address();
        CHECK(world.wire.back() == "137 address");
    }
}

} // namespace engine_verdict_test
