// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Leaving (design: shutdown; D-1, D-3, Q-2).

#include "unit/engine_support.hpp"

namespace engine_shutdown_test {
using namespace engine_test;

TEST_CASE("engine shutdown: a silent gateway gets 3 deletes in 1.75 s (D-3)", "[engine][shutdown]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.take_wire();
    world.silence();
    operation& call = world.shutdown(60s);
    world.run_until(100s);
    CHECK(world.wire == lines{"10 delete tcp 80", "10.25 delete tcp 80", "10.75 delete tcp 80"});
    CHECK(world.done_at(call) == "11.75");
    CHECK(call.error == errc::shutdown_incomplete);
    CHECK(world.closed());
}

TEST_CASE("engine shutdown: one delete each before any gets a second", "[engine][shutdown]")
{
    driver world;
    for (std::uint16_t port = 1; port <= 4; ++port)
        world.map(tcp(port));
    world.run_until(10s);
    world.sent.clear();
    world.sent_at.clear();
    world.silence();
    operation& call = world.shutdown(2s);
    world.run_until(100s);
    REQUIRE(world.sent.size() == 12);
    for (std::size_t round = 0; round < 3; ++round) {
        std::vector<unsigned> ports;
        for (std::size_t at = round * 4; at < round * 4 + 4; ++at) {
            CHECK(world.sent[at].is_delete());
            ports.push_back(world.sent[at].internal_port());
        }
        std::sort(ports.begin(), ports.end());
        CHECK(ports == std::vector<unsigned>{1, 2, 3, 4});
    }
    REQUIRE(world.done_at(call) != "pending");
    CHECK(world.now == origin + 100s);
    CHECK(std::stod(world.done_at(call)) <= 12.0);
    CHECK(std::stod(world.done_at(call)) > 11.9);
    CHECK(call.error == errc::shutdown_incomplete);
}

TEST_CASE("engine shutdown: the limit holds and is shared", "[engine][shutdown]")
{
    driver world;
    for (std::uint16_t port = 1; port <= 20; ++port)
        world.map(tcp(port));
    world.run_until(10s);
    world.sent.clear();
    world.silence();
    operation& call = world.shutdown(100ms);
    world.run_until(20s);
    std::vector<bool> seen(21);
    for (const request& each : world.sent)
        seen[each.internal_port()] = true;
    CHECK(std::count(seen.begin(), seen.end(), true) == 20);
    CHECK(std::stod(world.done_at(call)) <= 10.1);
    CHECK(call.error == errc::shutdown_incomplete);
}

TEST_CASE("engine shutdown: some answers are missing", "[engine][shutdown]")
{
    driver world;
    world.map(tcp(80));
    world.map(tcp(81));
    world.run_until(10s);
    world.take_events();
    world.gateway = [&](const request& asked) {
        return asked.internal_port() == 80 ? bytes{} : world.conforming(asked);
    };
    operation& call = world.shutdown(10s);
    world.run_until(30s);
    CHECK(call.error == errc::shutdown_incomplete);
    lines events = world.take_events();
    std::sort(events.begin(), events.end());
    CHECK(events == lines{"unmapped tcp 80 80: natpmp 6", "unmapped tcp 81 81"});
}

TEST_CASE("engine shutdown: a refused delete is reported and not repeated (D-7)",
          "[engine][shutdown]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.take_wire();
    world.take_events();
    world.gateway = [&](const request& asked) {
        return delete_answer(asked.kind(), asked.internal_port(), world.epoch(), 2);
    };
    operation& call = world.shutdown(10s);
    world.run_until(30s);
    CHECK(world.wire == lines{"10 delete tcp 80"});
    CHECK(world.done_at(call) == "10");
    CHECK(call.error == errc::shutdown_incomplete);
    CHECK(world.take_events() == lines{"unmapped tcp 80 80: natpmp.result 2"});
}

TEST_CASE("engine shutdown: ends what is under way with closed", "[engine][shutdown]")
{
    driver world;
    world.silence();
    operation& first = world.map(tcp(80));
    operation& second = world.address();
    operation& third = world.unmap(udp(9));
    operation& leaving = world.shutdown(3s);
    CHECK(first.error == errc::closed);
    CHECK(second.error == errc::closed);
    CHECK(third.error == errc::closed);
    for (operation* each : {&first, &second, &third})
        CHECK(world.done_at(*each) == "0");
    operation& late = world.map(tcp(81));
    CHECK(late.error == errc::closed);
    world.run_until(10s);
    CHECK(world.done_at(leaving) != "pending");
    for (const operation_kind kind : {operation_kind::map, operation_kind::map_pair,
                                      operation_kind::unmap, operation_kind::address})
        CHECK(world.start(kind, tcp(82)).error == errc::closed);
}

TEST_CASE("engine shutdown: with a map request in flight its mapping is deleted too",
          "[engine][shutdown]")
{
    driver world;
    world.delay = 300ms;
    operation& call = world.map(tcp(80));
    world.run_until(400ms); // the delete was answered at 0.3, the map request went out then
    world.take_wire();
    operation& leaving = world.shutdown(5s);
    CHECK(call.error == errc::closed);

    SECTION("the grant comes before the delete")
    {
        world.run_until(10s);
        CHECK(world.wire == lines{"0.6 delete tcp 80", "0.85 delete tcp 80"});
        CHECK(world.done_at(leaving) == "0.9");
        CHECK_FALSE(leaving.error);
    }
    SECTION("the grant does not come")
    {
        world.silence();
        world.delay = 0s;
        driver other;
        other.delay = 0s;
        other.gateway = [&](const request& asked) {
            return asked.is_delete() ? other.conforming(asked) : bytes{};
        };
        other.map(tcp(80));
        other.run_until(100ms);
        other.take_wire();
        operation& last = other.shutdown(5s);
        other.run_until(10s);
        CHECK(other.wire == lines{"1.1 delete tcp 80"});
        CHECK(other.done_at(last) == "1.1");
        CHECK_FALSE(last.error);
    }
}

TEST_CASE("engine shutdown: with a renewal in flight its mapping is deleted", "[engine][shutdown]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(3599s);
    world.delay = 200ms;
    world.run_until(3600100ms);
    REQUIRE(world.wire.back() == "3600 map tcp 80 80 7200");
    world.take_wire();
    operation& call = world.shutdown(2s);
    world.run_until(3610s);
    CHECK(world.wire == lines{"3600.2 delete tcp 80"});
    CHECK(world.done_at(call) == "3600.4");
    CHECK_FALSE(call.error);
}

} // namespace engine_shutdown_test
