// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// While a lease runs: its renewals, those that fail, and the end of the lease.

#include "unit/engine_driver.hpp"

namespace engine_renewal_test {
using namespace engine_test;

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

TEST_CASE("engine: renewal at half of the lease, then unmap (N-1, D-1)", "[engine][renewal]")
{
    driver client;
    client.map(tcp(80));
    client.run_until(3600s);
    CHECK(client.take_wire() == lines{"0 delete tcp 80", "0 map tcp 80 80 7200", "0 address",
                                      "3600 map tcp 80 80 7200", "3600 address"});
    CHECK(client.take_events() == lines{"mapped tcp 80 80"});
    client.run_until(7300s);
    CHECK(client.take_wire() == lines{"7200 map tcp 80 80 7200", "7200 address"});
    CHECK(client.take_events() == lines{"renewed tcp 80 80"});

    operation& call = client.unmap(tcp(80));
    client.settle();
    CHECK(client.take_wire() == lines{"7300 delete tcp 80"});
    CHECK(client.done_at(call) == "7300");
    CHECK_FALSE(call.error);
    CHECK(client.mappings().empty());
    CHECK(client.take_events() == lines{"unmapped tcp 80 80"});
    CHECK_FALSE(client.active());
    client.run_until(100'000s);
    CHECK(client.wire.empty());
    CHECK(client.status().renewals == 2);
}

TEST_CASE("engine renewal: the granted port, the asked lifetime (N-2, M-6, M-11)",
          "[engine][renewal]")
{
    driver client;
    client.grant_port(50001, 3600);
    operation& call = client.map(tcp(80));
    client.run_until(1800s);
    CHECK(call.mappings[0].external_port == 50001);
    CHECK(call.mappings[0].lifetime == 3600s);
    REQUIRE(client.sent.size() >= 4);
    CHECK(client.wire[3] == "1800 map tcp 80 50001 7200");
    CHECK(client.sent[3].raw == hex("00 02 00 00 00 50 c3 51 00 00 1c 20"));
}

TEST_CASE("engine renewal: half of what is left, again and again (N-3), 7200 s",
          "[engine][renewal]")
{
    driver client;
    client.hold({tcp(80)}, 3000s);
    client.silence();
    client.run_until(7199'999ms);
    CHECK(client.times() ==
          renewals_at({3600s, 5400s, 6300s, 6750s, 6975s, 7087'500ms, 7143'750ms, 7171'875ms,
                       7185'937'500us, 7192'968'750us, 7196'484'375us, 7198'484'375us},
                      7200s));
    CHECK(client.mappings().size() == 1);
    CHECK(client.take_events() ==
          lines{"no_response: natpmp 6", "renewal_failing tcp 80 80: natpmp 6"});

    client.run_until(7200s);
    CHECK(client.mappings().empty());
    CHECK(client.take_events() == lines{"lost tcp 80 80: natpmp 6"});
    CHECK(client.wire.back() == "7200 map tcp 80 80 7200"); // asked for again
}

TEST_CASE("engine renewal: half of what is left, 60 s", "[engine][renewal]")
{
    driver client;
    client.grant_port(80, 60);
    client.hold({tcp(80)}, 29s);
    client.silence();
    client.run_until(59'999ms);
    CHECK(client.times() == lines{"30",    "30.25", "30.75", "31.75", "33.75",
                                  "37.75",                                     // ends at 45
                                  "45",    "45.25", "45.75", "46.75", "48.75", // ends at 52.5
                                  "52.5",  "52.75", "53.25", "54.25",          // ends at 56.25
                                  "56.25", "56.5",  "57",                      // ends at 58.125
                                  "58.25", "58.5"});                           // ends at 59.125
    client.run_until(60s);
    CHECK(client.wire.back() == "60 map tcp 80 80 7200");
}

TEST_CASE("engine renewal: a refusal or ICMP only postpones (N-7)", "[engine][renewal]")
{
    driver client;
    client.hold({tcp(80)}, 3599s);
    SECTION("refusal")
    {
        const auto code = GENERATE(as<std::uint16_t>{}, 1, 2, 3, 4, 5, 6, 65535);
        client.refuse(code);
        client.run_until(6299s);
        CHECK(client.take_events() ==
              lines{"renewal_failing tcp 80 80: natpmp.result " + std::to_string(code)});
    }
    SECTION("ICMP")
    {
        client.silence();
        for (const duration at : {3600s, 5400s}) {
            client.run_until(at);
            client.refused();
        }
        client.run_until(6299s);
        CHECK(client.take_events() == lines{"renewal_failing tcp 80 80: natpmp 7"});
    }
    CHECK(client.wire == lines{"3600 map tcp 80 80 7200", "5400 map tcp 80 80 7200"});
    CHECK(client.mappings().size() == 1);
    client.heal();
    client.run_until(6300s);
    CHECK(client.take_events() == lines{"renewed tcp 80 80"});
}

TEST_CASE("engine renewal: the lease counts from the last transmission before the grant (N-6)",
          "[engine][renewal]")
{
    driver client;
    client.silence();
    operation& call = client.map(without_clean_up(tcp(80)));
    client.run_until(2s); // sent at 0, 0.25, 0.75 and 1.75
    client.grant_port(80, 100);
    client.receive(map_answer(protocol::tcp, 80, 80, 100, client.epoch()));
    client.settle();
    CHECK_FALSE(call.error);
    client.take_wire();
    client.run_until(51'749ms);
    CHECK(client.wire.empty());
    client.run_until(51'750ms);
    CHECK(client.wire == lines{"51.75 map tcp 80 80 7200"});
}

TEST_CASE("engine renewal: several due at once go one by one (N-8, Q-1)", "[engine][renewal]")
{
    driver client;
    for (std::uint16_t port = 1; port <= 5; ++port)
        client.map(tcp(port));
    client.run_until(3599s);
    client.delay = 500ms;
    client.forget();
    client.run_until(3610s);
    lines first; // transmissions
    for (std::size_t at = 0; at < client.sent.size(); ++at)
        if (at == 0 || client.sent[at].raw != client.sent[at - 1].raw)
            first.push_back(text_of(client.sent[at].at));
    // Five renewals, and the address.
    CHECK(first == lines{"3600", "3600.5", "3601", "3601.5", "3602", "3602.5"});
    CHECK(client.status().renewals == 5);
}

TEST_CASE("engine queue: a renewal gives way to a user operation", "[engine][renewal]")
{
    driver client;
    client.map(without_clean_up(tcp(1)));
    client.run_until(3599s);
    client.answer_all_but(maps(1));
    client.run_until(3605s); // its renewal is in flight
    operation& call = client.map(without_clean_up(tcp(2)));
    client.run_until(3700s);
    CHECK_FALSE(call.error);
    CHECK(client.done_at(call) == "3606");
    CHECK(client.take_events()[1] == "mapped tcp 1 1");
    client.heal();
    client.run_until(5500s); // the attempt after that, at half of what was left
    CHECK(client.status().renewals == 1);
}

TEST_CASE("engine queue: the burst of a silent renewal is short while others are due",
          "[engine][renewal]")
{
    driver client;
    for (std::uint16_t port = 1; port <= 10; ++port)
        client.map(without_clean_up(tcp(port)));
    client.run_until(3599s);
    client.answer_all_but(maps(1));
    client.run_until(3610s);
    CHECK(client.status().renewals == 9);
}

TEST_CASE("engine distance: one renewal put off does not put off the others", "[engine][renewal]")
{
    driver client;
    for (std::uint16_t port = 1; port <= 3; ++port)
        client.map(without_clean_up(tcp(port)));
    client.run_until(3599'500ms);
    client.refuse(2);
    const auto port = GENERATE(as<std::uint16_t>{}, 1, 2, 3);
    client.map(without_clean_up(tcp(port))); // refused: the renewal has to wait until 3600.5
    client.settle();
    client.heal();
    client.take_wire();
    client.run_until(3600s);
    CHECK(containing(client.wire, "map tcp").size() == 2);
    client.run_until(3610s);
    const lines all = containing(client.wire, "map tcp");
    REQUIRE(all.size() == 3);
    const std::string number = std::to_string(port);
    CHECK(all[2] == "3600.5 map tcp " + number + ' ' + number + " 7200");
}

TEST_CASE("engine distance: renewals that gave way come again", "[engine][renewal]")
{
    driver client;
    client.map(without_clean_up(tcp(1)));
    client.run_until(3599s);
    client.silence();
    client.run_until(3600'100ms);
    REQUIRE(client.wire.back() == "3600 map tcp 1 1 7200");
    client.take_wire();
    client.address();
    client.run_until(3601s);
    CHECK(client.wire.empty()); // no retransmission, and a second for the answer
    client.heal();
    client.run_until(3700s);
    CHECK(client.wire == lines{"3601.1 address", "3602 map tcp 1 1 7200"});
    CHECK(client.status().renewals == 1);
}

TEST_CASE("engine second map: the renewal keeps its distance from a failed second",
          "[engine][renewal]")
{
    driver client;
    client.hold({tcp(80)}, 3599'500ms);
    client.refuse(2);
    operation& second = client.map(tcp(80));
    client.settle();
    CHECK(second.error == result_code::not_authorized);
    client.heal();
    client.take_wire();
    client.run_until(3610s);
    CHECK(containing(client.wire, "map tcp 80") ==
          lines{"3600.5 map tcp 80 80 7200"}); // 1 s after the other
}

TEST_CASE("engine hint: sleep, with a renewal due and one lease ended (H-2)", "[engine][renewal]")
{
    driver client;
    client.map(tcp(80));
    client.settle();
    client.grant_for(60);
    client.map(tcp(81));
    client.run_until(10s);
    client.heal();
    client.take_events();
    client.take_wire();
    client.stand_still(4000s);
    client.settle();
    CHECK(client.mappings().size() == 2);
    CHECK(sorted(client.take_events()) == lines{"renewed tcp 80 80", "restored tcp 81 81"});
    CHECK(client.wire.size() == 3); // two map requests and the address
}

TEST_CASE("engine renewal: a lost mapping is asked for again, for ever", "[engine][renewal]")
{
    driver client;
    client.grant_port(80, 120);
    client.map(tcp(80));
    client.run_until(50s);
    client.silence();
    client.run_until(119'999ms);
    client.sent.clear();
    client.run_until(3600s);
    CHECK_FALSE(client.mapping_of(tcp(80)));
    // 127.75 s each, then a pause of 30 s, doubling to 8 minutes (backoff.hpp).
    CHECK(client.times() == attempts_at({120s, 277'750ms, 465'500ms, 713'250ms, 1081s, 1688'750ms,
                                         2296'500ms, 2904'250ms, 3512s}));
    client.heal();
    CHECK(client.take_events() == lines{"no_response: natpmp 6", "lost tcp 80 80: natpmp 6"});
    client.run_until(4200s);
    CHECK(client.take_events() == lines{"restored tcp 80 80"});
    REQUIRE(client.mappings().size() == 1);
    CHECK(client.mapping_of(tcp(80)) == client.mappings()[0]);
}

TEST_CASE("engine renewal: the mapping that came back is told", "[engine][renewal]")
{
    driver client;
    client.grant_for(120);
    client.hold({tcp(80)}, 50s);
    client.silence();
    client.take_events();
    SECTION("before its end: renewed")
    {
        client.run_until(90s);
        CHECK(client.take_events() ==
              lines{"no_response: natpmp 6", "renewal_failing tcp 80 80: natpmp 6"});
        client.grant_for(120);
        client.run_until(101s);
        CHECK(client.take_events() == lines{"renewed tcp 80 80"});
    }
    SECTION("after its end: restored")
    {
        client.run_until(121s);
        CHECK(client.take_events() == lines{"no_response: natpmp 6", "lost tcp 80 80: natpmp 6"});
        client.grant_for(120);
        client.run_until(130s);
        CHECK(client.take_events() == lines{"restored tcp 80 80"});
    }
    SECTION("with another port: changed")
    {
        client.run_until(121s);
        client.grant_port(90, 120);
        client.run_until(130s);
        CHECK(client.take_events() == lines{"endpoint_changed tcp 80 90"});
    }
}

TEST_CASE("engine distance: one retry put off does not put off the others", "[engine][renewal]")
{
    driver client;
    client.grant_for(8);
    for (std::uint16_t port = 1; port <= 3; ++port)
        client.map(without_clean_up(tcp(port)));
    client.run_until(1s);
    client.refuse(3);
    client.run_until(7'500ms);
    const auto port = GENERATE(as<std::uint16_t>{}, 1, 2, 3);
    client.map(without_clean_up(tcp(port)));
    client.settle();
    client.heal();
    client.take_wire();
    client.run_until(8s); // all three leases end
    CHECK(containing(client.wire, "map tcp").size() == 2);
    client.run_until(8'500ms);
    CHECK(containing(client.wire, "map tcp").size() == 3);
    client.run_until(9s);
    CHECK(client.mappings().size() == 3);
}

} // namespace engine_renewal_test
