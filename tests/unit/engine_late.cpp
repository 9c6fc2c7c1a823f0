// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Late timers, and a loop that stands still (docs/design.md: late time).

#include "unit/engine_support.hpp"

namespace engine_late_test {
using namespace engine_test;

/// A gateway that grants leases of this length, refuses what is told, and is silent for a while.
struct late_driver : driver
{
    duration silent_from = 1h, silent_until = 1h;
    std::uint32_t lease;
    bool refuses_deletes = false;

    explicit late_driver(std::uint32_t lease_seconds, duration late = 200us) : lease(lease_seconds)
    {
        lateness = late;
        gateway = [this](const request& asked) {
            if (now - origin >= silent_from && now - origin < silent_until)
                return bytes{};
            if (asked.is_delete() && refuses_deletes)
                return map_answer(asked.kind(), asked.internal_port(), 0, 0, epoch(), 2);
            if (asked.is_create())
                return map_answer(asked.kind(), asked.internal_port(), asked.external_port(), lease,
                                  epoch());
            return conforming(asked);
        };
    }

    /// The times of the map requests from the second one on, in hundredths of a second.
    [[nodiscard]] std::vector<std::int64_t> renewals() const
    {
        std::vector<std::int64_t> result;
        for (std::size_t at = 0; at < sent.size(); ++at)
            if (sent[at].is_create())
                result.push_back((sent_at[at] - origin) / 10ms);
        result.erase(result.begin());
        return result;
    }

    [[nodiscard]] bool told(const std::string& text)
    {
        for (const std::string& line : take_events())
            if (line.find(text) != std::string::npos)
                return true;
        return false;
    }
};

TEST_CASE("late: an attempt has all its transmissions, and the next one its time (N-3, T-2)",
          "[engine][late]")
{
    const duration late = GENERATE(as<duration>{}, 0us, 20us, 500us);
    late_driver world(8, late);
    world.silent_from = 3s;
    world.silent_until = 6500ms;
    world.map(tcp(80));
    world.run_until(8s);
    // Each attempt ends when it was planned to; the next is 1 s after the last datagram.
    CHECK(world.renewals() == std::vector<std::int64_t>{400, 425, 475, 575, 675});
    CHECK_FALSE(world.told("lost"));
}

TEST_CASE("late: a short lease loses no attempt (N-3)", "[engine][late]")
{
    const duration late = GENERATE(as<duration>{}, 0us, 500us);
    late_driver world(60, late);
    world.silent_from = 20s;
    world.map(tcp(80));
    world.run_until(59s);
    // At 30, 45, 52.5, 56.25 and 58.25 s, but never sooner than 1 s after the last datagram.
    const std::vector<std::int64_t> expected{3000, 3025, 3075, 3175, 3375, 3775, 4500,
                                             4525, 4575, 4675, 4875, 5250, 5275, 5325,
                                             5425, 5625, 5650, 5700, 5825, 5850};
    CHECK(world.renewals() == expected);
}

TEST_CASE("late: a renewal whose lease ends while it is in flight is a renewal (N-3)",
          "[engine][late]")
{
    late_driver world(9);
    world.silent_from = 3s;
    world.silent_until = 11500ms;
    world.map(tcp(80));
    world.map(tcp(81));
    world.run_until(15s);
    // Lost at 9 s and asked for within 1 s of it, again and again: neither waits for 30 s.
    const auto renewals = world.renewals();
    CHECK(std::count_if(renewals.begin(), renewals.end(),
                        [](std::int64_t at) { return at >= 900 && at <= 1000; }) >= 1);
    CHECK(world.mappings().size() == 2);
}

TEST_CASE("late: after a stop over the end of the lease a request goes out at once (N-3)",
          "[engine][late]")
{
    late_driver world(20);
    world.silent_from = 8s;
    world.silent_until = 16s;
    world.map(tcp(80));
    world.run_until(12300ms);
    world.take_events();
    const std::size_t before = world.sent.size();
    world.stand_still(15s);
    REQUIRE(world.sent.size() == before + 1);
    world.run_for(10ms);
    CHECK(world.mappings().size() == 1);
    CHECK(world.told("restored"));
}

TEST_CASE("late: what lies in the socket is read before the lease ends (3.6)", "[engine][late]")
{
    late_driver world(10);
    world.delay = 300ms;
    world.map({.protocol = protocol::tcp, .internal_port = 80, .clean_up = false});
    world.run_until(5260ms); // the renewal was sent at 5.25 s
    const auto before = world.renewals();
    const auto retransmitted = world.status().retransmitted;
    world.stand_still(6500ms);
    CHECK(world.renewals().size() == before.size() + 1); // the next renewal, for nothing else
    CHECK(world.status().retransmitted == retransmitted);
    CHECK(world.status().up == 1);
    CHECK_FALSE(world.told("lost"));
    world.run_for(10s);
    CHECK(world.status().renewals >= 2);
}

TEST_CASE("late: an answer that was read late is no reset (E-2)", "[engine][late]")
{
    late_driver world(7200);
    world.map(tcp(80));
    world.run_until(10s);
    SECTION("of a request")
    {
        world.delay = 20ms;
        world.map(tcp(81)); // its first answers tell 1010 s
        world.stand_still(8s);
        world.run_for(10s);
        CHECK(world.status().resets == 0);
        CHECK(world.renewals().size() == 1);
    }
    SECTION("an announcement of the address")
    {
        world.now = origin + 30s;
        world.announce_since(origin + 10s, address_answer("203.0.113.8", 1010));
        world.run_for(20s);
        CHECK(world.status().resets == 0);
        CHECK(world.renewals().empty());
        CHECK(world.wire.back().ends_with("address")); // in doubt, the gateway was asked
    }
}

TEST_CASE("late: calls of a blocked application send nothing again (3.6)", "[engine][late]")
{
    // 6881 is asked for, 0.3 s of work, 6882, and more work; then the loop goes on.
    const duration work = GENERATE(as<duration>{}, 1500ms, 11s);
    late_driver world(7200);
    world.refuses_deletes = GENERATE(false, true);
    world.delay = 1ms;
    operation& first = world.map(tcp(6881));
    world.blocked = true;
    world.now += 300ms;
    operation& second = world.map(tcp(6882));
    world.now += work;
    world.blocked = false;
    world.turn();
    world.run_for(10s);
    CHECK_FALSE(first.error);
    CHECK_FALSE(second.error);
    CHECK(world.status().retransmitted == 0);
    CHECK(std::count_if(world.sent.begin(), world.sent.end(),
                        [](const request& each) { return each.is_delete(); }) == 2);
}

TEST_CASE("late: an error is the earlier delete's by when it arrived (V-7)", "[engine][late]")
{
    late_driver world(7200);
    world.refuses_deletes = true;
    world.delay = 300ms; // so the delete goes out twice, and its second answer comes late
    operation& call = world.map(tcp(80));
    world.run_until(310ms); // the map request is on its way
    world.stand_still(3s);
    world.run_for(5s);
    CHECK_FALSE(call.error);
}

TEST_CASE("late: the lease counts from the last transmission before the answer arrived (N-6)",
          "[engine][late]")
{
    late_driver world(100, 0us);
    world.silent_from = 0s;
    world.silent_until = 1h;
    world.map({.protocol = protocol::tcp, .internal_port = 80, .clean_up = false});
    world.run_until(3750ms); // sent at 0, 0.25, 0.75, 1.75 and 3.75 s
    const duration read = GENERATE(as<duration>{}, 0ms, 4s);
    world.now += read;
    // It arrived before 3.75 s, where that was not looked for since; or after it.
    world.receive_since(origin + (read > 0s ? 3s : 3750ms),
                        map_answer(protocol::tcp, 80, 80, 100, world.epoch()));
    world.silent_until = 0s;
    world.run_until(60s);
    CHECK(world.renewals().back() == (read > 0s ? 5175 : 5375));
}

TEST_CASE("late: what could not be asked for yet is cleaned up first (D-2)", "[engine][late]")
{
    map_request patient = tcp(80);
    patient.keep_trying = true;
    driver world;
    SECTION("before there is a network")
    {
        world.detach();
        world.map(patient);
        world.run_until(10s);
        CHECK(world.wire.empty());
        world.attach(home());
        world.run_for(1s);
        CHECK(world.wire == lines{"10 delete tcp 80", "10 map tcp 80 80 7200", "10 address"});
    }
    SECTION("behind a port that found silence")
    {
        world.silence();
        world.map(tcp(79));
        world.map(patient);
        world.run_until(130s);
        world.heal();
        world.take_wire();
        world.run_for(60s);
        REQUIRE(world.wire.size() >= 2);
        CHECK(world.wire[0].ends_with("delete tcp 80"));
        CHECK(world.wire[1].ends_with("map tcp 80 80 7200"));
        CHECK(world.mappings().size() == 1);
    }
    SECTION("once: not again where the first clean-up went out")
    {
        world.silence();
        world.map(patient);
        world.run_until(1h);
        CHECK(std::count_if(world.sent.begin(), world.sent.end(),
                            [](const request& each) { return each.is_delete(); }) == 3);
    }
}

TEST_CASE("late: changes of gateway are ten in a row, then one in 30 s (3.8)", "[engine][late]")
{
    driver world;
    world.map(tcp(80));
    world.run_for(1s);
    const bool between_two = GENERATE(true, false);
    const std::size_t before = world.sent.size();
    for (int count = 0; count < 9000; ++count) { // an hour
        if (count % 2 == 0)
            world.attach(between_two ? elsewhere() : home());
        else if (between_two)
            world.attach(home());
        else
            world.detach();
        world.run_for(400ms);
    }
    CHECK(world.sent.size() - before <= 1800);
    time_point last = origin - 1h;
    for (std::size_t at = 0; at < world.sent.size(); ++at) {
        if (!world.sent[at].is_create())
            continue;
        CHECK(world.sent_at[at] - last >= 1s);
        last = world.sent_at[at];
    }
    world.attach(home());
    world.run_for(40s);
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("late: cancelling all waits for the answer of what was sent, as cancelling one does",
          "[engine][late]")
{
    driver world;
    world.silence();
    world.map({.protocol = protocol::tcp, .internal_port = 80, .clean_up = false});
    world.run_until(6s); // the last datagram went out at 3.75 s
    world.take_wire();
    world.cancel_all();
    CHECK(world.wire.empty());
    world.run_until(10s);
    CHECK(world.wire == lines{"7 delete tcp 80", "7.25 delete tcp 80", "7.75 delete tcp 80"});
}

TEST_CASE("late: more than 65,535 operations for one mapping", "[engine][late]")
{
    driver world;
    world.blocked = true;
    std::deque<operation*> calls;
    for (int count = 0; count < 66'000; ++count)
        calls.push_back(&world.unmap(tcp(80)));
    world.cancel_all();
    CHECK(calls.back()->done);
    world.blocked = false;
    world.turn();
    CHECK_FALSE(world.active());
}

TEST_CASE("late: a shutdown without a gateway says so for each mapping (D-1, H-5)",
          "[engine][late]")
{
    driver world;
    world.map(tcp(80));
    world.run_for(1s);
    world.take_events();
    SECTION("that was lost before")
    {
        world.detach();
        world.shutdown(1s);
    }
    SECTION("that is lost meanwhile")
    {
        world.silence();
        world.shutdown(1s);
        world.detach();
    }
    const std::string no_gateway =
        "unmapped tcp 80 80: natpmp " + std::to_string(static_cast<int>(errc::no_gateway));
    CHECK(world.take_events() == lines{no_gateway});
}

} // namespace engine_late_test
