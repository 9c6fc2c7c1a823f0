// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Renewal, and what happens when it fails (N-1 to N-8, T-5; design: renewal).

#include "unit/engine_support.hpp"

namespace engine_renewal_test {
using namespace engine_test;

/// Grants this lifetime and this port to every map request.
driver::script granting(driver& world, std::uint16_t port, std::uint32_t lifetime)
{
    return [&world, port, lifetime](const request& asked) {
        return asked.is_create()
                   ? map_answer(asked.kind(), asked.internal_port(),
                                port ? port : asked.external_port(), lifetime, world.epoch())
                   : world.conforming(asked);
    };
}

/// The datagrams of renewals that start at these times, with nobody answering: nine each at most,
/// until half of what is left of the lease; none that would have less than 250 ms for its answer.
lines renewals_at(const std::vector<duration>& starts, duration expiry)
{
    lines result;
    for (const duration start : starts) {
        duration wait = 250ms;
        duration at = start;
        const duration end = start + (expiry - start) / 2;
        for (int count = 0; count < 9 && (count == 0 || at + 250ms <= end); ++count) {
            result.push_back(text_of(origin + at));
            at += wait;
            wait *= 2;
        }
    }
    return result;
}

/// The datagrams of requests that start at these times, with nobody answering: nine each.
lines attempts_at(const std::vector<duration>& starts)
{
    lines result;
    for (const duration start : starts)
        for (const duration offset :
             {0ms, 250ms, 750ms, 1750ms, 3750ms, 7750ms, 15'750ms, 31'750ms, 63'750ms})
            result.push_back(text_of(origin + start + offset));
    return result;
}

TEST_CASE("engine renewal: the granted port, the asked lifetime (N-2, M-6, M-11)",
          "[engine][renewal]")
{
    driver world;
    world.gateway = granting(world, 50001, 3600);
    operation& call = world.map(tcp(80));
    world.run_until(1800s);
    CHECK(call.mappings[0].external_port == 50001);
    CHECK(call.mappings[0].lifetime == 3600s);
    REQUIRE(world.sent.size() >= 4);
    CHECK(world.wire[3] == "1800 map tcp 80 50001 7200");
    CHECK(world.sent[3].raw == hex("00 02 00 00 00 50 c3 51 00 00 1c 20"));
}

TEST_CASE("engine renewal: half of what is left, again and again (N-3), 7200 s",
          "[engine][renewal]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(3000s);
    world.silence();
    world.take_events();
    const std::size_t from = world.sent.size();
    world.run_until(7199'999ms);
    CHECK(times_of(world, from) ==
          renewals_at({3600s, 5400s, 6300s, 6750s, 6975s, 7087'500ms, 7143'750ms, 7171'875ms,
                       7185'937'500us, 7192'968'750us, 7196'484'375us, 7198'484'375us},
                      7200s));
    CHECK(world.mappings().size() == 1);
    CHECK(world.take_events() == lines{"renewal_failing tcp 80 80: natpmp 6"});

    world.run_until(7200s);
    CHECK(world.mappings().empty());
    CHECK(world.take_events() == lines{"lost tcp 80 80: natpmp 6"});
    CHECK(world.wire.back() == "7200 map tcp 80 80 7200"); // asked for again
}

TEST_CASE("engine renewal: half of what is left, 60 s", "[engine][renewal]")
{
    driver world;
    world.gateway = granting(world, 80, 60);
    world.map(tcp(80));
    world.run_until(29s);
    world.silence();
    const std::size_t from = world.sent.size();
    world.run_until(59'999ms);
    CHECK(times_of(world, from) ==
          lines{"30",    "30.25", "30.75", "31.75", "33.75", "37.75", // ends at 45
                "45",    "45.25", "45.75", "46.75", "48.75",          // ends at 52.5
                "52.5",  "52.75", "53.25", "54.25",                   // ends at 56.25
                "56.25", "56.5",  "57",                               // ends at 58.125
                "58.25", "58.5"});                                    // ends at 59.125
    world.run_until(60s);
    CHECK(world.wire.back() == "60 map tcp 80 80 7200");
}

TEST_CASE("engine renewal: a lost mapping is asked for again, for ever", "[engine][renewal]")
{
    driver world;
    world.gateway = granting(world, 80, 120);
    world.map(tcp(80));
    world.run_until(50s);
    world.silence();
    world.run_until(119'999ms);
    const std::size_t from = world.sent.size();
    world.run_until(3600s);
    // 127.75 s each, then a pause of 30 s, doubling to 8 minutes (backoff.hpp).
    CHECK(times_of(world, from) == attempts_at({120s, 277'750ms, 465'500ms, 713'250ms, 1081s,
                                                1688'750ms, 2296'500ms, 2904'250ms, 3512s}));
    world.heal();
    CHECK(world.take_events() == lines{"lost tcp 80 80: natpmp 6"});
    world.run_until(4200s);
    CHECK(world.take_events() == lines{"restored tcp 80 80"});
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("engine renewal: the mapping that came back is told", "[engine][renewal]")
{
    driver world;
    world.gateway = granting(world, 0, 120);
    world.map(tcp(80));
    world.run_until(50s);
    world.silence();
    world.take_events();
    SECTION("before its end: renewed")
    {
        world.run_until(90s);
        CHECK(world.take_events() == lines{"renewal_failing tcp 80 80: natpmp 6"});
        world.gateway = granting(world, 0, 120);
        world.run_until(101s);
        CHECK(world.take_events() == lines{"renewed tcp 80 80"});
    }
    SECTION("after its end: restored")
    {
        world.run_until(121s);
        CHECK(world.take_events() == lines{"lost tcp 80 80: natpmp 6"});
        world.gateway = granting(world, 0, 120);
        world.run_until(130s);
        CHECK(world.take_events() == lines{"restored tcp 80 80"});
    }
    SECTION("with another port: changed")
    {
        world.run_until(121s);
        world.gateway = granting(world, 90, 120);
        world.run_until(130s);
        CHECK(world.take_events() == lines{"port_changed tcp 80 90"});
    }
}

TEST_CASE("engine renewal: a refusal or ICMP only postpones (N-7)", "[engine][renewal]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(3599s);
    world.take_wire();
    world.take_events();
    SECTION("refusal")
    {
        const auto code = GENERATE(as<std::uint16_t>{}, 1, 2, 3, 4, 5, 6, 65535);
        world.refuse(code);
        world.run_until(6299s);
        CHECK(world.take_events() ==
              lines{"renewal_failing tcp 80 80: natpmp.result " + std::to_string(code)});
    }
    SECTION("ICMP")
    {
        world.silence();
        for (const duration at : {3600s, 5400s}) {
            world.run_until(at);
            world.refused();
        }
        world.run_until(6299s);
        CHECK(world.take_events() == lines{"renewal_failing tcp 80 80: natpmp 7"});
    }
    CHECK(world.wire == lines{"3600 map tcp 80 80 7200", "5400 map tcp 80 80 7200"});
    CHECK(world.mappings().size() == 1);
    world.heal();
    world.run_until(6300s);
    CHECK(world.take_events() == lines{"renewed tcp 80 80"});
}

TEST_CASE("engine renewal: the lease counts from the last transmission before the grant (N-6)",
          "[engine][renewal]")
{
    driver world;
    world.silence();
    operation& call =
        world.map({.protocol = protocol::tcp, .internal_port = 80, .clean_up = false});
    world.run_until(2s); // sent at 0, 0.25, 0.75 and 1.75
    world.gateway = granting(world, 80, 100);
    world.receive(map_answer(protocol::tcp, 80, 80, 100, world.epoch()));
    world.settle();
    CHECK_FALSE(call.error);
    world.take_wire();
    world.run_until(51'749ms);
    CHECK(world.wire.empty());
    world.run_until(51'750ms);
    CHECK(world.wire == lines{"51.75 map tcp 80 80 7200"});
}

TEST_CASE("engine renewal: several due at once go one by one (N-8, Q-1)", "[engine][renewal]")
{
    driver world;
    for (std::uint16_t port = 1; port <= 5; ++port)
        world.map(tcp(port));
    world.run_until(3599s);
    world.delay = 500ms;
    world.take_wire();
    const std::size_t from = world.sent.size();
    world.run_until(3610s);
    std::vector<std::size_t> first;
    for (std::size_t at = from; at < world.sent.size(); ++at)
        if (at == from || world.sent[at].raw != world.sent[at - 1].raw)
            first.push_back(at);
    REQUIRE(first.size() == 6); // five renewals, and the address
    for (std::size_t at = 0; at < 5; ++at)
        CHECK(world.sent_at[first[at]] == origin + 3600s + 500ms * at);
    CHECK(world.status().renewals == 5);
}

} // namespace engine_renewal_test
