// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// State loss at the gateway and recovery from it (E-1 to E-9, R-1 to R-7).

#include "unit/engine_support.hpp"

#include <set>

namespace engine_recovery_test {
using namespace engine_test;

/// The gateway boots: its clock starts at 0 now.
void boot(driver& world)
{
    world.boot_epoch = 0U - static_cast<std::uint32_t>((world.now - origin) / 1s);
}

std::size_t creates(const driver& world)
{
    return static_cast<std::size_t>(
        std::count_if(world.sent.begin(), world.sent.end(),
                      [](const request& each) { return each.is_create(); }));
}

TEST_CASE("engine recovery: one random delay in 0..5 s, then all, serially (R-1 to R-4)",
          "[engine][recovery]")
{
    driver world;
    for (std::uint16_t port = 1; port <= 5; ++port)
        world.map({.protocol = protocol::udp,
                   .internal_port = port,
                   .external_port = static_cast<std::uint16_t>(port + 100)});
    world.run_until(100s);
    world.sent.clear();
    world.sent_at.clear();
    boot(world);
    world.delay = 200ms;
    world.announce(address_answer("203.0.113.7", world.epoch()));
    CHECK(world.sent.empty());
    world.run_until(110s);
    REQUIRE(creates(world) == 5);
    CHECK(world.sent_at[0] > origin + 100s);
    CHECK(world.sent_at[0] <= origin + 105s);
    std::set<unsigned> ports;
    for (std::size_t at = 0; at < 5; ++at) {
        CHECK(world.sent_at[at] == world.sent_at[0] + 200ms * at);
        CHECK(world.sent[at].external_port() == world.sent[at].internal_port() + 100);
        ports.insert(world.sent[at].internal_port());
    }
    CHECK(ports == std::set<unsigned>{1, 2, 3, 4, 5});
    CHECK(world.status().resets == 1);
    CHECK(world.mappings().size() == 5);
}

TEST_CASE("engine recovery: the delay is uniform in 0..5 s, by the seed (R-1)",
          "[engine][recovery]")
{
    double sum = 0, least = 5, most = 0;
    std::set<double> values;
    for (std::uint32_t seed = 1; seed <= 500; ++seed) {
        driver world({}, seed * 7919);
        world.map(tcp(80));
        world.run_until(100s);
        boot(world);
        world.take_wire();
        world.announce(address_answer("203.0.113.7", 0));
        world.run_until(106s);
        REQUIRE_FALSE(world.wire.empty());
        const double delay = std::stod(world.wire[0]) - 100;
        REQUIRE(delay >= 0);
        REQUIRE(delay <= 5);
        sum += delay;
        least = std::min(least, delay);
        most = std::max(most, delay);
        values.insert(delay);
    }
    CHECK(sum / 500 > 2.2);
    CHECK(sum / 500 < 2.8);
    CHECK(least < 0.2);
    CHECK(most > 4.8);
    CHECK(values.size() > 450);
}

TEST_CASE("engine recovery: ten announcements are one recovery (B-2, E-3, R-6)",
          "[engine][recovery]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(100s);
    boot(world);
    world.sent.clear();
    duration at = 100s;
    duration gap = 250ms;
    for (int count = 0; count < 10; ++count) {
        world.run_until(at);
        world.announce(address_answer("203.0.113.7", world.epoch()));
        at += gap;
        gap *= 2;
    }
    world.run_until(400s);
    CHECK(creates(world) == 1);
    CHECK(world.status().resets == 1);
}

TEST_CASE("engine recovery: the answer that reveals it stays valid (R-5)", "[engine][recovery]")
{
    driver world;
    for (std::uint16_t port = 1; port <= 3; ++port)
        world.map(tcp(port));
    world.run_until(3500s);
    world.map(tcp(4));
    world.settle();
    boot(world);
    world.sent.clear();
    world.run_until(3599s);
    operation& call = world.map(udp(99)); // its answers carry the new clock
    world.settle();
    CHECK_FALSE(call.error);
    world.sent.clear();
    world.run_until(3605s);
    CHECK(creates(world) == 4); // the others; not the one that was just made
    for (const request& each : world.sent)
        if (each.is_create())
            CHECK(each.internal_port() != 99);
}

TEST_CASE("engine recovery: a missed loss heals at the next renewal (R-7)", "[engine][recovery]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(100s);
    world.map(tcp(81));
    world.run_until(200s);
    boot(world);
    world.sent.clear();
    world.run_until(3599s);
    CHECK(world.sent.empty());
    world.run_until(3606s);
    CHECK(creates(world) == 2); // 80 by its renewal, 81 by the recovery
    CHECK(world.status().resets == 1);
}

TEST_CASE("engine recovery: three in a row, then one in 5 minutes", "[engine][recovery]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(100s);
    world.sent.clear();
    world.sent_at.clear();
    world.heal();
    for (int second = 0; second < 3000; ++second) { // a forged flood, 0 and huge in turn (S-1)
        world.announce(address_answer("203.0.113.7", second % 2 ? 0 : 4'000'000'000));
        world.run_for(500ms);
        world.announce(address_answer("203.0.113.7", 0));
        world.run_for(500ms);
    }
    // 50 minutes: three at once, then one in five minutes each
    CHECK(creates(world) >= 3 + 8);
    CHECK(creates(world) <= 3 + 10);
    CHECK(world.sent.size() <= 60);
    std::vector<time_point> times;
    for (std::size_t at = 0; at < world.sent.size(); ++at)
        if (world.sent[at].is_create())
            times.push_back(world.sent_at[at]);
    CHECK(times[2] < origin + 120s);
    for (std::size_t at = 4; at < times.size(); ++at)
        CHECK(times[at] - times[at - 1] >= 4min + 50s);
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("engine recovery: not by what carries no clock (E-8)", "[engine][recovery]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(100s);
    world.silence();
    world.address(); // something to be answered
    const std::string text = GENERATE(
        as<std::string>{}, "00 80 00 05 00 00 00 00", // an echo
        "00 80 00 05 ff ff ff ff 00 00 00 00", "02 80 00 01 00 00 00 00 00 00 00 00",
        "02 80 00 01 ff ff ff ff ff ff ff ff", "00 80 00 01 ff", "00 80 00 02 ff ff ff", "02 80");
    INFO(text);
    world.receive(hex(text));
    world.heal();
    world.run_until(101s);
    world.address();
    world.run_until(3000s);
    CHECK(world.status().resets == 0);
    CHECK(creates(world) == 1);
}

TEST_CASE("engine recovery: by errors too (E-1)", "[engine][recovery]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(100s);
    world.silence();
    world.address();
    const auto code = GENERATE(as<std::uint16_t>{}, 1, 2, 3, 4, 6, 65535);
    world.heal();
    boot(world);
    world.receive(address_answer("0.0.0.0", 0, code));
    world.run_until(110s);
    CHECK(world.status().resets == 1);
    CHECK(creates(world) == 2);
}

TEST_CASE("engine recovery: not by what is ignored (V-1, E-8)", "[engine][recovery]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(100s);
    world.receive(map_answer(protocol::tcp, 80, 80, 7200, 0)); // not awaited
    world.receive(map_answer(protocol::udp, 81, 80, 7200, 0));
    world.receive(address_answer("203.0.113.7", 0));
    world.announce(address_answer("203.0.113.7", 0), "192.168.1.99");
    world.run_until(3000s);
    CHECK(world.status().resets == 0);
    CHECK(creates(world) == 1);
}

TEST_CASE("engine recovery: nothing to recover, no packet", "[engine][recovery]")
{
    driver world;
    world.address();
    world.settle();
    world.take_wire();
    world.run_until(10s);
    world.announce(address_answer("203.0.113.7", 0));
    world.run_until(1000s);
    CHECK(world.wire.empty());
}

TEST_CASE("engine recovery: what failed before waits for the delay too (R-1)", "[engine][recovery]")
{
    driver world({}, 1234567891);
    world.gateway = [&world](const request& asked) {
        return asked.is_create() ? map_answer(asked.kind(), 80, 80, 600, world.epoch())
                                 : world.conforming(asked);
    };
    world.map(tcp(80));
    world.run_until(20s);
    world.silence();
    SECTION("it is up, and its renewal failed")
    {
        world.run_until(440s);
        REQUIRE(world.mappings().size() == 1);
    }
    SECTION("it is lost")
    {
        world.run_until(1000s);
        REQUIRE(world.mappings().empty());
    }
    world.heal();
    boot(world);
    const auto announced = world.now;
    world.sent.clear();
    world.sent_at.clear();
    world.announce(address_answer("203.0.113.7", world.epoch()));
    world.run_for(6s);
    CAPTURE(world.wire);
    REQUIRE(creates(world) == 1);
    CHECK(world.sent_at[0] > announced + 10ms); // drawn by this seed
    CHECK(world.sent_at[0] <= announced + 5s);
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("engine recovery: a renewal that is due in any case does not wait (R-7)",
          "[engine][recovery]")
{
    driver world({}, 1234567891);
    world.map(tcp(80));
    world.map(udp(80));
    world.run_until(3599'990ms);
    boot(world); // the first renewal tells it; the second one is due at the same time
    world.sent.clear();
    world.sent_at.clear();
    world.run_for(20ms);
    CHECK(creates(world) == 2);
    world.run_for(10s);
    CHECK(creates(world) == 2); // both were made in the new state
    CHECK(world.status().resets == 1);
}

} // namespace engine_recovery_test
