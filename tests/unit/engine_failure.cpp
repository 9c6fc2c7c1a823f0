// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Silence, refusals and ICMP: what ends, what is tried again, and when.

#include "unit/engine_driver.hpp"

namespace engine_failure_test {
using namespace engine_test;

map_request patient(std::uint16_t port)
{
    return keep_trying(without_clean_up(tcp(port)));
}

TEST_CASE("engine: ICMP port unreachable ends a request at once (T-5)", "[engine][failure]")
{
    driver client;
    client.silence();
    operation& first = client.map(without_clean_up(tcp(80)));
    operation& second = client.address();
    operation& third = client.map(tcp(81));
    client.run_until(3ms);
    client.refused();
    CHECK(client.done_at(first) == "0.003");
    for (operation* each : {&first, &second, &third}) {
        CHECK(client.done_at(*each) == "0.003");
        CHECK(each->error == errc::not_supported);
    }
    client.refused(); // of nothing
    client.run_until(5s);
    CHECK(client.sent.size() == 1);
    operation& removal = client.unmap(udp(7));
    client.refused();
    CHECK(removal.error == errc::not_supported);
    client.run_until(100s);
    CHECK(client.sent.size() == 2);
}

TEST_CASE("engine: the gateway's error ends what is queued, and is kept for 10 s (T-6)",
          "[engine][failure]")
{
    driver client;
    client.wait_event(); // keeps the client listening
    client.silence();
    operation& first = client.address();
    operation& second = client.map(tcp(80));
    operation& third = client.map_pair(udp(81));
    operation& fourth = client.address();
    client.run_until(5s);
    client.wait_event(); // the first one completed with no_response
    client.run_until(127'750ms);
    for (operation* each : {&first, &second, &third, &fourth}) {
        CHECK(client.done_at(*each) == "127.75");
        CHECK(each->error == errc::gateway_silent);
    }
    CHECK(client.sent.size() == 9);
    client.run_until(137s);
    operation& early = client.map(tcp(82));
    CHECK(early.error == errc::gateway_silent);
    CHECK(client.done_at(early) == "137");
    CHECK(client.address().error == errc::gateway_silent);
    CHECK(client.sent.size() == 9);

    SECTION("not longer")
    {
        client.run_until(137'750ms);
        client.map(tcp(83));
        CHECK(client.wire.back() == "137.75 delete tcp 83");
    }
    SECTION("and dropped when the network changes (T-7)")
    {
        client.network_changed();
        client.address();
        CHECK(client.wire.back() == "137 address");
    }
    SECTION("and dropped by an announcement (T-7, B-8)")
    {
        client.announce(address_answer("203.0.113.7", 1));
        client.address();
        CHECK(client.wire.back() == "137 address");
    }
    SECTION("but not by another host's announcement (B-3)")
    {
        client.announce(address_answer("203.0.113.7", 1), "192.168.1.9");
        CHECK(client.address().error == errc::gateway_silent);
    }
    SECTION("and dropped when the gateway changes (T-7)")
    {
        client.attach(elsewhere());
        client.address();
        CHECK(client.wire.back() == "137 address");
    }
}

TEST_CASE("engine keep trying: silence is an event, the first success completes",
          "[engine][failure]")
{
    driver client;
    client.silence();
    operation& call = client.map(patient(80));
    client.run_until(127'749ms);
    CHECK(client.take_events() == lines{"no_response: natpmp 6"});
    client.run_until(150s);
    CHECK(client.done_at(call) == "pending");
    CHECK(client.take_events() == lines{"mapping_failing tcp 80 0: natpmp 6"});
    CHECK(client.take_events().empty());
    CHECK(client.status().kept == 1);
    CHECK(client.mappings().empty());
    client.heal();
    client.run_until(157'749ms);
    CHECK(client.sent.size() == 9);
    client.run_until(157'750ms); // 30 s after the failure
    CHECK(client.done_at(call) == "157.75");
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].external_port == 80);
    CHECK(call.mappings[0].external_address.to_string() == "203.0.113.7");
    CHECK(client.take_events() == lines{"mapped tcp 80 80"});
}

TEST_CASE("engine keep trying: pauses after silence", "[engine][failure]")
{
    driver client;
    client.silence();
    client.map(patient(80));
    client.run_until(1h);
    lines first;
    for (std::size_t at = 0; at < client.sent.size(); at += 9)
        first.push_back(text_of(client.sent[at].at));
    // 127.75 s each, then 30 s, doubling to 8 minutes (backoff.hpp).
    CHECK(first ==
          lines{"0", "157.75", "345.5", "593.25", "961", "1568.75", "2176.5", "2784.25", "3392"});
}

TEST_CASE("engine keep trying: pauses after refusals and transient errors (C-7)",
          "[engine][failure]")
{
    driver client;
    SECTION("refused")
    {
        client.refuse(GENERATE(as<std::uint16_t>{}, 1, 2, 5, 6, 65535));
        client.map(patient(80));
        client.run_until(3h);
        CHECK(client.times() == lines{"0", "300", "900", "2100", "3900", "5700", "7500", "9300"});
    }
    SECTION("transient")
    {
        client.refuse(GENERATE(as<std::uint16_t>{}, 3, 4));
        client.map(patient(80));
        client.run_until(1200s);
        CHECK(client.times() == lines{"0", "30", "90", "210", "450", "930"});
    }
    SECTION("no grant")
    {
        client.grant_port(0, 0);
        client.map(patient(80));
        client.run_until(200s);
        CHECK(client.times() == lines{"0", "0.25", "0.75", "1.75", "33.75", "34", "34.5", "35.5",
                                      "97.5", "97.75", "98.25", "99.25"});
    }
}

TEST_CASE("engine keep trying: the gateway's error does not end it, but the others",
          "[engine][failure]")
{
    driver client;
    client.silence();
    operation& patient_call = client.map(patient(80));
    operation& other = client.map(tcp(81));
    client.run_until(130s);
    CHECK(client.done_at(other) == "127.75");
    CHECK(client.done_at(patient_call) == "pending");
    // Started while the gateway's error is known: it waits.
    operation& late = client.map(patient(82));
    CHECK(client.done_at(late) == "pending");
    client.heal();
    client.run_until(160s);
    CHECK_FALSE(patient_call.error);
    CHECK_FALSE(late.error);
    CHECK(client.done_at(late) != "pending");
    CHECK(client.mappings().size() == 2);
}

TEST_CASE("engine keep trying: before there is a network", "[engine][failure]")
{
    driver client;
    client.route.reset();
    operation& call = client.map(patient(80));
    client.run_until(20s);
    CHECK(client.done_at(call) == "pending");
    CHECK(client.sent.empty());
    CHECK(client.take_events() ==
          lines{"gateway_lost: natpmp 4", "mapping_failing tcp 80 0: natpmp 4"});
    SECTION("the host says that there is one now")
    {
        client.attach(home());
        client.settle();
        CHECK(client.done_at(call) == "20");
    }
    SECTION("the application says that something changed")
    {
        client.route = home();
        client.network_changed();
        client.run_until(25s);
        CHECK(client.done_at(call) != "pending");
    }
    SECTION("nobody says so")
    {
        client.route = home();
        client.run_until(31s);
        CHECK(client.done_at(call) == "30");
    }
    CHECK_FALSE(call.error);
    CHECK(client.take_events() == lines{"gateway_found", "mapped tcp 80 80"});
}

TEST_CASE("engine keep trying: a hint makes it try at once (T-7)", "[engine][failure]")
{
    driver client;
    client.refuse(2);
    operation& call = client.map(patient(80));
    client.run_until(100s);
    CHECK(client.sent.size() == 1);
    client.heal();
    client.announce(address_answer("203.0.113.7", client.epoch()));
    client.run_until(101s);
    CHECK(client.done_at(call) == "100");
}

TEST_CASE("engine keep trying: cancelling withdraws the request", "[engine][failure]")
{
    driver client;
    client.silence();
    operation& call = client.map(patient(80));
    client.run_until(130s);
    client.answer_only(&request::is_delete);
    client.take_wire();
    client.cancel(call);
    CHECK(call.error == aborted);
    CHECK(client.done_at(call) == "130");
    CHECK(client.status().kept == 0);
    client.run_until(1000s);
    CHECK(containing(client.take_wire(), "map").empty());
    CHECK_FALSE(client.active());
}

TEST_CASE("engine keep trying: bad input and a closed client complete at once", "[engine][failure]")
{
    driver client;
    CHECK(client.map(patient(0)).error == errc::invalid_internal_port);
    client.silence();
    operation& call = client.map(patient(80));
    client.run_until(200s);
    client.shutdown(1s);
    CHECK(call.error == errc::closed);
    CHECK(client.map(patient(81)).error == errc::closed);
}

TEST_CASE("engine keep trying: an unmap ends it", "[engine][failure]")
{
    driver client;
    client.refuse(2);
    operation& call = client.map(patient(80));
    client.run_until(10s);
    operation& removal = client.unmap(tcp(80));
    client.settle();
    CHECK(call.error == aborted);
    CHECK_FALSE(removal.error);
    client.take_wire();
    client.run_until(1000s);
    CHECK(client.wire.empty());
}

TEST_CASE("engine keep trying: a pair", "[engine][failure]")
{
    driver client;
    client.refuse(4, maps(protocol::udp, 80));
    operation& call = client.map_pair(patient(80));
    client.run_until(20s);
    CHECK(client.done_at(call) == "pending");
    client.heal();
    client.run_until(31s);
    CHECK(client.done_at(call) == "30");
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].external_port == 80);
    CHECK(call.mappings[1].external_port == 80);
    CHECK(client.mappings().size() == 2);
}

TEST_CASE("engine keep trying: a mapping that is up is asked for again soon, more than once",
          "[engine][failure]")
{
    driver client;
    client.hold({patient(80)}, 10s);
    client.refuse(3);
    operation& call = client.map(patient(80));
    client.run_until(45s);
    client.heal();
    client.run_until(200s);
    CHECK_FALSE(call.error);
    CHECK(client.done_at(call) == "100"); // after attempts at 10 and 40 s
}

TEST_CASE(
    "engine keep trying: an operation that fails in the place of that attempt delays it little",
    "[engine][failure]")
{
    driver client;
    client.hold({patient(80)}, 10s);
    client.refuse(3);
    operation& call = client.map(patient(80)); // its next attempt is due at 40 s
    client.silence();
    client.run_until(39'500ms);
    operation& other = client.map(tcp(80));
    client.run_until(41s);
    client.refused();
    CHECK(other.error == errc::not_supported);
    client.heal();
    client.run_until(200s);
    CHECK_FALSE(call.error);
    CHECK(client.done_at(call) == "101");
}

TEST_CASE("engine background: a second call for what is up does not wait for the renewal",
          "[engine][failure]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.refuse(3);
    operation& second = client.map(keep_trying(tcp(80)));
    client.run_until(15s);
    client.heal();
    client.run_until(41s);
    CHECK(client.done_at(second) != "pending");
    CHECK_FALSE(second.error);
}

TEST_CASE("engine background: the half of a pair that is refused keeps its pause",
          "[engine][failure]")
{
    driver client;
    client.refuse(2, maps(protocol::udp, 80));
    map_request what = keep_trying(tcp(80));
    what.lifetime = 60s;
    operation& call = client.map_pair(what);
    client.run_until(1h);
    CHECK(client.done_at(call) == "pending");
    CHECK(client.count(maps(protocol::udp, 80)) <= 6); // 5, 10, 20 and 30 minutes
}

TEST_CASE("engine background: a port that alone is not answered has a pause of its own",
          "[engine][failure]")
{
    driver client;
    client.gateway = [&](const request& asked) {
        if (asked.is_create() && asked.internal_port() == 81)
            return bytes{};
        return asked.is_create() ? map_answer(asked.kind(), 80, 80, 60, client.epoch())
                                 : client.conforming(asked);
    };
    client.map(tcp(80));
    client.map(keep_trying(tcp(81)));
    client.run_until(2h);
    CHECK(client.count(maps(81), 1h) <= 70); // a burst every 8 minutes at most
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine status: the last error is none once the same has succeeded", "[engine][failure]")
{
    driver client;
    SECTION("a mapping")
    {
        client.refuse(2);
        client.map(without_clean_up(tcp(80)));
        client.run_for(1s);
        CHECK(client.status().last_error == natpmp::result_code::not_authorized);
        client.heal();
        client.map(without_clean_up(tcp(81)));
        client.run_for(1s);
        CHECK(client.status().last_error == natpmp::result_code::not_authorized);
        client.map(without_clean_up(tcp(80)));
        client.run_for(1s);
    }
    SECTION("the gateway")
    {
        client.route.reset();
        client.map(tcp(80));
        client.run_for(1s);
        CHECK(client.status().last_error == errc::no_gateway);
        client.attach(home());
        client.map(tcp(80));
        client.run_for(1s);
    }
    SECTION("the address")
    {
        client.tell_address("0.0.0.0", 3);
        client.address();
        client.run_for(1s);
        CHECK(client.status().last_error == natpmp::result_code::network_failure);
        client.heal();
        client.address();
        client.run_for(1s);
    }
    CHECK_FALSE(client.status().last_error);
}

} // namespace engine_failure_test
