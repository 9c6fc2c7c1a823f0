// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The gateway lost its state: what tells it, and how everything is mapped again.

#include "unit/engine_driver.hpp"

#include <set>

namespace engine_recovery_test {
using namespace engine_test;

TEST_CASE("engine recovery: one random delay in 0..5 s, then all, serially (R-1 to R-4)",
          "[engine][recovery]")
{
    driver client;
    for (std::uint16_t port = 1; port <= 5; ++port)
        client.map({.protocol = protocol::udp,
                    .internal_port = port,
                    .external_port = static_cast<std::uint16_t>(port + 100)});
    client.run_until(100s);
    client.forget();
    client.reboot();
    client.delay = 200ms;
    client.announce(address_answer("203.0.113.7", client.epoch()));
    CHECK(client.sent.empty());
    client.run_until(110s);
    REQUIRE(client.count(&request::is_create) == 5);
    CHECK(client.sent[0].at > origin + 100s);
    CHECK(client.sent[0].at <= origin + 105s);
    std::set<unsigned> ports;
    for (std::size_t at = 0; at < 5; ++at) {
        CHECK(client.sent[at].at == client.sent[0].at + 200ms * at);
        CHECK(client.sent[at].external_port() == client.sent[at].internal_port() + 100);
        ports.insert(client.sent[at].internal_port());
    }
    CHECK(ports == std::set<unsigned>{1, 2, 3, 4, 5});
    CHECK(client.status().resets == 1);
    CHECK(client.mappings().size() == 5);
}

TEST_CASE("engine recovery: the delay is uniform in 0..5 s, by the seed (R-1)",
          "[engine][recovery]")
{
    double sum = 0, least = 5, most = 0;
    std::set<double> values;
    for (std::uint32_t seed = 1; seed <= 500; ++seed) {
        driver client({}, seed * 7919);
        client.map(tcp(80));
        client.run_until(100s);
        client.reboot();
        client.take_wire();
        client.announce(address_answer("203.0.113.7", 0));
        client.run_until(106s);
        REQUIRE_FALSE(client.wire.empty());
        const double delay = std::stod(client.wire[0]) - 100;
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
    driver client;
    client.hold({tcp(80)}, 100s);
    client.reboot();
    client.sent.clear();
    duration at = 100s;
    duration gap = 250ms;
    for (int count = 0; count < 10; ++count) {
        client.run_until(at);
        client.announce(address_answer("203.0.113.7", client.epoch()));
        at += gap;
        gap *= 2;
    }
    client.run_until(400s);
    CHECK(client.count(&request::is_create) == 1);
    CHECK(client.status().resets == 1);
}

TEST_CASE("engine recovery: the answer that reveals it stays valid (R-5)", "[engine][recovery]")
{
    driver client;
    for (std::uint16_t port = 1; port <= 3; ++port)
        client.map(tcp(port));
    client.run_until(3500s);
    client.map(tcp(4));
    client.settle();
    client.reboot();
    client.sent.clear();
    client.run_until(3599s);
    operation& call = client.map(udp(99)); // its answers carry the new clock
    client.settle();
    CHECK_FALSE(call.error);
    client.sent.clear();
    client.run_until(3605s);
    CHECK(client.count(&request::is_create) == 4); // the others; not the one that was just made
    for (const request& each : client.sent)
        if (each.is_create())
            CHECK(each.internal_port() != 99);
}

TEST_CASE("engine recovery: a missed loss heals at the next renewal (R-7)", "[engine][recovery]")
{
    driver client;
    client.hold({tcp(80)}, 100s);
    client.map(tcp(81));
    client.run_until(200s);
    client.reboot();
    client.sent.clear();
    client.run_until(3599s);
    CHECK(client.sent.empty());
    client.run_until(3606s);
    CHECK(client.count(&request::is_create) == 2); // 80 by its renewal, 81 by the recovery
    CHECK(client.status().resets == 1);
}

TEST_CASE("engine recovery: three in a row, then one in 5 minutes", "[engine][recovery]")
{
    driver client;
    client.hold({tcp(80)}, 100s);
    client.heal();
    for (int second = 0; second < 3000; ++second) { // a forged flood, 0 and huge in turn (S-1)
        client.announce(address_answer("203.0.113.7", second % 2 ? 0 : 4'000'000'000));
        client.run_for(500ms);
        client.announce(address_answer("203.0.113.7", 0));
        client.run_for(500ms);
    }
    // 50 minutes: three at once, then one in five minutes each
    CHECK(client.count(&request::is_create) >= 3 + 8);
    CHECK(client.count(&request::is_create) <= 3 + 10);
    CHECK(client.sent.size() <= 60);
    std::vector<time_point> times;
    for (std::size_t at = 0; at < client.sent.size(); ++at)
        if (client.sent[at].is_create())
            times.push_back(client.sent[at].at);
    CHECK(times[2] < origin + 120s);
    for (std::size_t at = 4; at < times.size(); ++at)
        CHECK(times[at] - times[at - 1] >= 4min + 50s);
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine recovery: not by what carries no clock (E-8)", "[engine][recovery]")
{
    driver client;
    client.map(tcp(80));
    client.run_until(100s);
    client.silence();
    client.address(); // something to be answered
    const std::string text = GENERATE(
        as<std::string>{}, "00 80 00 05 00 00 00 00", // an echo
        "00 80 00 05 ff ff ff ff 00 00 00 00", "02 80 00 01 00 00 00 00 00 00 00 00",
        "02 80 00 01 ff ff ff ff ff ff ff ff", "00 80 00 01 ff", "00 80 00 02 ff ff ff", "02 80");
    INFO(text);
    client.receive(hex(text));
    client.heal();
    client.run_until(101s);
    client.address();
    client.run_until(3000s);
    CHECK(client.status().resets == 0);
    CHECK(client.count(&request::is_create) == 1);
}

TEST_CASE("engine recovery: by errors too (E-1)", "[engine][recovery]")
{
    driver client;
    client.map(tcp(80));
    client.run_until(100s);
    client.silence();
    client.address();
    const auto code = GENERATE(as<std::uint16_t>{}, 1, 2, 3, 4, 6, 65535);
    client.heal();
    client.reboot();
    client.receive(address_answer("0.0.0.0", 0, code));
    client.run_until(110s);
    CHECK(client.status().resets == 1);
    CHECK(client.count(&request::is_create) == 2);
}

TEST_CASE("engine recovery: not by what is ignored (V-1, E-8)", "[engine][recovery]")
{
    driver client;
    client.map(tcp(80));
    client.run_until(100s);
    client.receive(map_answer(protocol::tcp, 80, 80, 7200, 0)); // not awaited
    client.receive(map_answer(protocol::udp, 81, 80, 7200, 0));
    client.receive(address_answer("203.0.113.7", 0));
    client.announce(address_answer("203.0.113.7", 0), "192.168.1.99");
    client.run_until(3000s);
    CHECK(client.status().resets == 0);
    CHECK(client.count(&request::is_create) == 1);
}

TEST_CASE("engine recovery: nothing to recover, no packet", "[engine][recovery]")
{
    driver client;
    client.address();
    client.settle();
    client.take_wire();
    client.run_until(10s);
    client.announce(address_answer("203.0.113.7", 0));
    client.run_until(1000s);
    CHECK(client.wire.empty());
}

TEST_CASE("engine recovery: what failed before waits for the delay too (R-1)", "[engine][recovery]")
{
    driver client({}, 1234567891);
    client.grant_for(600);
    client.map(tcp(80));
    client.run_until(20s);
    client.silence();
    SECTION("it is up, and its renewal failed")
    {
        client.run_until(440s);
        REQUIRE(client.mappings().size() == 1);
    }
    SECTION("it is lost")
    {
        client.run_until(1000s);
        REQUIRE(client.mappings().empty());
    }
    client.heal();
    client.reboot();
    const auto announced = client.now;
    client.sent.clear();
    client.announce(address_answer("203.0.113.7", client.epoch()));
    client.run_for(6s);
    CAPTURE(client.wire);
    REQUIRE(client.count(&request::is_create) == 1);
    CHECK(client.sent[0].at > announced + 10ms); // drawn by this seed
    CHECK(client.sent[0].at <= announced + 5s);
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine recovery: a renewal that is due in any case does not wait (R-7)",
          "[engine][recovery]")
{
    driver client({}, 1234567891);
    client.hold({tcp(80), udp(80)}, 3599'990ms);
    client.reboot(); // the first renewal tells it; the second one is due at the same time
    client.sent.clear();
    client.run_for(20ms);
    CHECK(client.count(&request::is_create) == 2);
    client.run_for(10s);
    CHECK(client.count(&request::is_create) == 2); // both were made in the new state
    CHECK(client.status().resets == 1);
}

} // namespace engine_recovery_test
