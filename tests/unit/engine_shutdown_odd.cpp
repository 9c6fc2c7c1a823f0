// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Leaving at odd moments: twice, cancelled, without a gateway, while the gateway changes.

#include "unit/engine_support.hpp"

namespace engine_shutdown_odd_test {
using namespace engine_test;

TEST_CASE("engine shutdown: without a mapping it succeeds at once", "[engine][shutdown]")
{
    driver world;
    SECTION("and without a gateway")
    {}
    SECTION("with one")
    {
        world.address();
        world.settle();
    }
    world.take_wire();
    operation& call = world.shutdown(2s);
    CHECK(world.done_at(call) == "0");
    CHECK_FALSE(call.error);
    CHECK(world.closed());
    world.run_until(1000s);
    CHECK(world.wire.empty());
}

TEST_CASE("engine shutdown: without a gateway it is incomplete at once", "[engine][shutdown]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.take_events();
    world.detach();
    world.take_wire();
    operation& call = world.shutdown(2s);
    CHECK(world.done_at(call) == "10");
    CHECK(call.error == errc::shutdown_incomplete);
    CHECK(world.closed());
    const lines events = world.take_events();
    REQUIRE(events.size() == 1);
    CHECK(events[0].substr(0, 20) == "unmapped tcp 80 80: ");
    world.run_until(1000s);
    CHECK(world.wire.empty());
}

TEST_CASE("engine shutdown: a second call joins, with the earlier deadline", "[engine][shutdown]")
{
    driver world;
    world.map(tcp(80));
    world.map(tcp(81));
    world.run_until(10s);
    world.silence();
    operation& first = world.shutdown(60s);
    world.run_until(10100ms);

    SECTION("of the second")
    {
        operation& second = world.shutdown(300ms);
        world.run_until(100s);
        CHECK(world.done_at(first) == "10.4");
        CHECK(world.done_at(second) == "10.4");
        CHECK(first.error == errc::shutdown_incomplete);
        CHECK(second.error == errc::shutdown_incomplete);
    }
    SECTION("of the first")
    {
        operation& second = world.shutdown(600s);
        world.run_until(100s);
        CHECK(world.done_at(first) == world.done_at(second));
        CHECK(std::stod(world.done_at(first)) <= 13.5);
    }
}

TEST_CASE("engine shutdown: a call after the end gets its outcome", "[engine][shutdown]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    SECTION("success")
    {
        world.shutdown(2s);
        world.run_until(20s);
        CHECK_FALSE(world.shutdown(2s).error);
    }
    SECTION("failure")
    {
        world.silence();
        world.shutdown(2s);
        world.run_until(20s);
        CHECK(world.shutdown(2s).error == errc::shutdown_incomplete);
    }
    CHECK(world.closed());
}

TEST_CASE("engine shutdown: cancelling a waiter, and the last one", "[engine][shutdown]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.silence();
    operation& first = world.shutdown(60s);
    operation& second = world.shutdown(60s);
    world.run_until(10100ms);
    world.cancel(first);
    CHECK(first.error == natpmp::net::error::operation_aborted);
    CHECK_FALSE(world.closed());
    CHECK(world.done_at(second) == "pending");
    world.cancel(second);
    CHECK(second.error == natpmp::net::error::operation_aborted);
    CHECK(world.closed());
    world.take_wire();
    world.run_until(100s);
    CHECK(world.wire.empty());
}

TEST_CASE("engine shutdown: the gateway goes away meanwhile", "[engine][shutdown]")
{
    driver world;
    world.map(tcp(80));
    world.map(tcp(81));
    world.run_until(10s);
    world.take_events();
    world.silence();
    operation& call = world.shutdown(60s);
    world.run_until(10100ms);
    world.take_wire();

    SECTION("no route")
    {
        world.detach();
    }
    SECTION("another gateway: nothing of the old mappings concerns it (H-3)")
    {
        world.attach(elsewhere());
    }
    CHECK(world.done_at(call) == "10.1");
    CHECK(call.error == errc::shutdown_incomplete);
    CHECK(world.closed());
    world.run_until(1000s);
    CHECK(world.wire.empty());
    CHECK(world.take_events().size() >= 2);
}

TEST_CASE("engine shutdown: the only delete is in flight when the route goes", "[engine][shutdown]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.take_events();
    world.silence();
    operation& call = world.shutdown(60s);
    world.run_until(10100ms);
    world.detach();
    CHECK(world.done_at(call) == "10.1");
    CHECK(call.error == errc::shutdown_incomplete);
    CHECK(world.take_events().size() == 1);
}

TEST_CASE("engine shutdown: events can be read afterwards, then closed", "[engine][shutdown]")
{
    driver world;
    operation& first = world.wait_event();
    world.map(tcp(80));
    world.settle();
    CHECK(first.happened.kind == event_kind::mapped);
    operation& second = world.wait_event();
    world.run_until(10s);
    CHECK(world.done_at(second) == "pending");
    world.shutdown(2s);
    world.settle();
    CHECK(world.done_at(second) == "10");
    CHECK(second.happened.kind == event_kind::unmapped);
    CHECK_FALSE(second.error);
    operation& third = world.wait_event();
    CHECK(third.error == errc::closed);
}

TEST_CASE("engine shutdown: after an unmap whose answer is missing", "[engine][shutdown]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.silence();
    operation& call = world.unmap(tcp(80));
    world.run_until(10100ms);
    world.heal();
    world.take_wire();
    operation& leaving = world.shutdown(2s);
    CHECK(call.error == errc::closed);
    world.run_until(20s);
    REQUIRE_FALSE(world.wire.empty());
    for (const std::string& line : world.wire)
        CHECK(line.find("delete tcp 80") != std::string::npos);
    CHECK_FALSE(leaving.error);
    CHECK(std::stod(world.done_at(leaving)) <= 12.1);
}

} // namespace engine_shutdown_odd_test
