// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Operations of the application: cancelled, at their deadline, several for one port, pairs.

#include "unit/engine_driver.hpp"

namespace engine_operation_test {
using namespace engine_test;

client_options with_timeout(std::chrono::milliseconds timeout)
{
    client_options options;
    options.timeout = timeout;
    return options;
}

TEST_CASE("engine cancel: before the first datagram there is no effect", "[engine][operation]")
{
    driver client;
    client.silence();
    operation& first = client.address(); // occupies the line
    operation& map = client.map(tcp(80));
    operation& pair = client.map_pair(tcp(81));
    operation& address = client.address();
    client.run_until(100ms);
    const bool total = GENERATE(false, true);
    for (operation* each : {&map, &pair, &address}) {
        client.cancel(*each, total);
        CHECK(each->error == aborted);
        CHECK(client.done_at(*each) == "0.1");
    }
    client.heal();
    client.receive(address_answer("203.0.113.7", 5));
    client.run_until(100s);
    CHECK(client.wire == lines{"0 address"});
    CHECK_FALSE(first.error);
    CHECK(client.take_events().empty());
    CHECK_FALSE(client.active());
}

TEST_CASE("engine cancel: total alone waits once a datagram is out", "[engine][operation]")
{
    driver client;
    client.silence();
    operation& call = client.map(tcp(80)); // its clean-up is out
    client.run_until(100ms);
    client.cancel(call, true);
    CHECK(client.done_at(call) == "pending");
    client.cancel(call);
    CHECK(client.done_at(call) == "0.1");
    CHECK(call.error == aborted);
}

TEST_CASE("engine cancel: after the map request a delete undoes it", "[engine][operation]")
{
    driver client;
    client.answer_only(&request::is_delete);
    operation& call = client.map(without_clean_up(tcp(80)));
    client.run_until(100ms);
    client.cancel(call);
    CHECK(client.done_at(call) == "0.1");
    CHECK(call.error == aborted);
    CHECK(client.active());

    SECTION("after a second without an answer")
    {
        client.run_until(100s);
        CHECK(client.wire == lines{"0 map tcp 80 80 7200", "1.1 delete tcp 80"});
    }
    SECTION("after a grant at once")
    {
        client.run_until(200ms);
        CHECK(client.receive(map_answer(protocol::tcp, 80, 80, 7200, 5)) == ignore_reason::none);
        client.run_until(100s);
        CHECK(client.wire == lines{"0 map tcp 80 80 7200", "0.2 delete tcp 80"});
    }
    SECTION("not after a refusal")
    {
        client.receive(map_answer(protocol::tcp, 80, 0, 0, 5, 2));
        client.run_until(100s);
        CHECK(client.wire == lines{"0 map tcp 80 80 7200"});
    }
    CHECK(client.mappings().empty());
    CHECK(client.take_events().empty());
    CHECK_FALSE(client.active());
    CHECK(client.status().kept == 0);
}

TEST_CASE("engine cancel: the delete that undoes is retransmitted", "[engine][operation]")
{
    driver client;
    client.silence();
    operation& call = client.map(without_clean_up(tcp(80)));
    client.run_until(100ms);
    client.cancel(call);
    client.run_until(1100ms);
    CHECK(client.active()); // its delete is in flight
    client.run_until(100s);
    CHECK(client.wire == lines{"0 map tcp 80 80 7200", "1.1 delete tcp 80", "1.35 delete tcp 80",
                               "1.85 delete tcp 80"});
    CHECK_FALSE(client.active());
}

TEST_CASE("engine cancel: no delete if something else wants the key", "[engine][operation]")
{
    driver client;
    client.answer_only(&request::is_delete);
    operation& first = client.map(without_clean_up(tcp(80)));
    operation& second = client.map(without_clean_up(tcp(80)));
    client.run_until(100ms);
    client.cancel(first);
    client.heal();
    client.run_until(100s);
    CHECK(first.error == aborted);
    CHECK_FALSE(second.error);
    CHECK(client.done_at(second) != "pending");
    CHECK(client.count(&request::is_delete) == 0);
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine cancel: while the address is asked for the mapping is undone",
          "[engine][operation]")
{
    driver client;
    client.answer_all_but(&request::is_address);
    operation& call = client.map(without_clean_up(tcp(80)));
    client.run_until(100ms);
    client.cancel(call);
    client.run_until(100s);
    CHECK(call.error == aborted);
    CHECK(client.wire.front() == "0 map tcp 80 80 7200");
    CHECK(client.count(&request::is_delete) == 1);
    CHECK(client.mappings().empty());
    CHECK(client.take_events().empty());
}

TEST_CASE("engine cancel: cancel_all ends what waits and keeps mappings", "[engine][operation]")
{
    driver client;
    client.map(tcp(80));
    client.run_until(10s);
    client.take_events();
    client.silence();
    operation& first = client.map(tcp(81));
    operation& second = client.address();
    operation& third = client.wait_event();
    client.cancel_all();
    for (operation* each : {&first, &second, &third}) {
        CHECK(each->error == aborted);
        CHECK(client.done_at(*each) == "10");
    }
    CHECK(client.mappings().size() == 1);
    client.heal();
    client.run_until(3600s);
    CHECK(containing(client.wire, "3600 map tcp 80 80 7200").size() == 1);
}

TEST_CASE("engine cancel: close ends everything and sends nothing", "[engine][operation]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.silence();
    operation& first = client.map(tcp(81));
    operation& second = client.shutdown(10s);
    client.take_wire();
    client.close();
    CHECK(client.done_at(first) == "10");
    CHECK(second.error == aborted);
    CHECK(client.closed());
    CHECK_FALSE(client.active());
    client.run_until(10'000s);
    CHECK(client.wire.empty());
    CHECK(client.map(tcp(82)).error == errc::closed);
}

TEST_CASE("late: cancelling all waits for the answer of what was sent, as cancelling one does",
          "[engine][operation]")
{
    driver client;
    client.silence();
    client.map(without_clean_up(tcp(80)));
    client.run_until(6s); // the last datagram went out at 3.75 s
    client.take_wire();
    client.cancel_all();
    CHECK(client.wire.empty());
    client.run_until(10s);
    CHECK(client.wire == lines{"7 delete tcp 80", "7.25 delete tcp 80", "7.75 delete tcp 80"});
}

TEST_CASE("late: more than 65,535 operations for one mapping", "[engine][operation]")
{
    driver client;
    client.blocked = true;
    std::deque<operation*> calls;
    for (int count = 0; count < 66'000; ++count)
        calls.push_back(&client.unmap(tcp(80)));
    client.cancel_all();
    CHECK_FALSE(calls.back()->started);
    client.blocked = false;
    client.turn();
    CHECK_FALSE(client.active());
}

TEST_CASE("engine deadline: to the millisecond", "[engine][operation]")
{
    driver client(with_timeout(4200ms));
    client.silence();
    const auto kind = GENERATE(operation_kind::map, operation_kind::map_pair, operation_kind::unmap,
                               operation_kind::address);
    client.run_until(1s);
    operation& call = client.start(kind, tcp(80));
    client.run_until(5199ms);
    CHECK(client.done_at(call) == "pending");
    client.run_until(100s);
    CHECK(client.done_at(call) == "5.2");
    CHECK(call.error == errc::timed_out);
    CHECK_FALSE(client.active());
}

TEST_CASE("engine deadline: the time in the queue counts", "[engine][operation]")
{
    driver client(with_timeout(5s));
    client.silence();
    operation& first = client.map(tcp(80));
    client.run_until(1s);
    operation& second = client.map(tcp(81));
    operation& third = client.address();
    client.run_until(100s);
    CHECK(client.done_at(first) == "5");
    CHECK(client.done_at(second) == "6");
    CHECK(client.done_at(third) == "6");
    for (operation* each : {&first, &second, &third})
        CHECK(each->error == errc::timed_out);
}

TEST_CASE("engine deadline: it touches only its own operation", "[engine][operation]")
{
    driver client(with_timeout(5s));
    client.hold({tcp(80)}, 10s);
    client.silence();
    operation& call = client.map(tcp(81));
    client.run_until(14s);
    operation& other = client.map(tcp(82));
    client.run_until(15s);
    CHECK(call.error == errc::timed_out);
    CHECK(client.mappings().size() == 1);
    client.heal();
    client.run_until(100s);
    CHECK_FALSE(other.error);
    CHECK(client.mappings().size() == 2);
}

TEST_CASE("engine deadline: it does not make the schedule longer", "[engine][operation]")
{
    driver client(with_timeout(600s));
    client.silence();
    operation& call = client.address();
    client.run_until(1000s);
    CHECK(client.done_at(call) == "127.75");
    CHECK(call.error == errc::gateway_silent);
}

TEST_CASE("engine deadline: a mapping that is there is success", "[engine][operation]")
{
    driver client(with_timeout(2s));
    client.answer_all_but(&request::is_address);
    operation& call = client.map(tcp(80));
    client.run_until(100s);
    CHECK(client.done_at(call) == "2");
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].external_address.is_unspecified());
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine deadline: what the gateway may have made is undone", "[engine][operation]")
{
    driver client(with_timeout(2s));
    client.answer_only(&request::is_delete);
    client.map(without_clean_up(tcp(80)));
    client.run_until(100s);
    CHECK(client.wire.back() == "3 delete tcp 80");
}

TEST_CASE("engine background: a deadline of any length, but none that is negative",
          "[engine][operation]")
{
    client_options options;
    SECTION("the longest")
    {
        options.timeout = std::chrono::milliseconds::max();
        driver client(options);
        operation& call = client.map(tcp(80));
        client.run_until(1s);
        CHECK_FALSE(call.error);
    }
    SECTION("negative")
    {
        options.timeout = std::chrono::milliseconds(-1);
        driver client(options);
        CHECK(client.map(tcp(80)).error == errc::invalid_timeout);
        CHECK(client.sent.empty());
    }
}

TEST_CASE("engine queue: status right after the start of an operation", "[engine][operation]")
{
    client_options options;
    options.timeout = 5s;
    driver client(options);
    client.blocked = true; // so nothing is done for it yet
    operation& call = client.address();
    client.now += 1s;
    const auto due = client.status().next_due;
    REQUIRE(due);
    CHECK(*due == 4s);
    client.close();
    CHECK_FALSE(call.started);
}

TEST_CASE("engine second map: replaces the request, with its own request", "[engine][operation]")
{
    driver client;
    operation& first = client.map(tcp(80));
    client.run_until(10s);
    client.take_wire();
    map_request what = tcp(80);
    what.external_port = 8080;
    what.lifetime = 600s;
    operation& second = client.map(what);
    client.run_until(20s);
    CHECK(client.take_wire() == lines{"10 map tcp 80 8080 600"});
    CHECK(client.done_at(second) == "10");
    CHECK(first.mappings[0].external_port == 80);
    CHECK(second.mappings[0].external_port == 8080);
    CHECK(second.mappings[0].lifetime == 600s);
    CHECK(client.mappings().size() == 1);
    client.run_until(310s);
    CHECK(client.take_wire() == lines{"310 map tcp 80 8080 600"});
}

TEST_CASE("engine second map: starts 1 s after the first at the earliest", "[engine][operation]")
{
    driver client;
    operation& first = client.map(tcp(80));
    client.settle();
    operation& second = client.map(tcp(80));
    operation& other = client.map(tcp(81)); // it need not wait
    client.run_until(999ms);
    CHECK(client.done_at(first) == "0");
    CHECK(client.done_at(other) == "0");
    CHECK(client.done_at(second) == "pending");
    CHECK(client.wire == lines{"0 delete tcp 80", "0 map tcp 80 80 7200", "0 address",
                               "0 delete tcp 81", "0 map tcp 81 81 7200"});
    client.run_until(1s);
    CHECK(client.wire.back() == "1 map tcp 80 80 7200");
    CHECK(client.done_at(second) == "1");
    CHECK_FALSE(second.error);
}

TEST_CASE("engine second map: failing does not undo the first", "[engine][operation]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    SECTION("refused")
    {
        client.refuse(2);
        operation& second = client.map(tcp(80));
        client.settle();
        CHECK(second.error == result_code::not_authorized);
    }
    SECTION("silence")
    {
        client.silence();
        operation& second = client.map(tcp(80));
        client.run_until(200s);
        CHECK(second.error == errc::gateway_silent);
    }
    SECTION("cancelled")
    {
        client.silence();
        operation& second = client.map(tcp(80));
        client.run_until(11s);
        client.cancel(second);
        CHECK(second.error == aborted);
    }
    client.heal();
    client.run_until(1000s);
    CHECK(client.mappings().size() == 1);
    CHECK(containing(client.wire, "delete").empty());
    client.run_until(3601s);
    CHECK(containing(client.wire, "3600 map tcp 80 80 7200").size() == 1);
}

TEST_CASE("engine second map: granted across the end of the first lease", "[engine][operation]")
{
    driver client;
    client.grant_for(60);
    client.hold({tcp(80)}, 10s);
    client.silence();
    client.run_until(59'900ms);
    operation& second = client.map(tcp(80));
    client.run_until(60'050ms);
    // The lease ended at 60; the answer comes right after that.
    client.heal();
    client.run_until(61s);
    client.receive(map_answer(protocol::tcp, 80, 80, 7200, client.epoch()));
    client.settle();
    CHECK_FALSE(second.error);
    CHECK(client.done_at(second) != "pending");
    client.take_wire();
    operation& leaving = client.shutdown(2s);
    client.run_until(70s);
    CHECK(client.wire.size() == 1);
    CHECK(containing(client.wire, "delete tcp 80") == client.wire);
    CHECK_FALSE(leaving.error);
}

TEST_CASE("engine second map: each call completes with its own answer", "[engine][operation]")
{
    driver client;
    std::uint16_t next_port = 1000;
    client.gateway = [&](const request& asked) {
        return asked.is_create() ? map_answer(protocol::tcp, 80, next_port++, 7200, client.epoch())
                                 : client.conforming(asked);
    };
    operation& first = client.map(tcp(80));
    client.settle();
    operation& second = client.map(tcp(80));
    client.run_until(1s);
    operation& third = client.map(tcp(80));
    client.run_until(10s);
    CHECK(first.mappings[0].external_port == 1000);
    CHECK(second.mappings[0].external_port == 1001);
    CHECK(third.mappings[0].external_port == 1002);
    CHECK(client.done_at(third) == "2");
    CHECK(client.take_events() == lines{"mapped tcp 80 1002"});
}

TEST_CASE("engine second map: calls that wait for the same request share its answer",
          "[engine][operation]")
{
    driver client;
    operation& first = client.map(tcp(80));
    client.settle();
    map_request longer = tcp(80);
    longer.lifetime = 9000s;
    operation& second = client.map(tcp(80));
    operation& third = client.map(longer); // the last one decides what is asked for
    client.run_until(10s);
    CHECK(client.done_at(first) == "0");
    CHECK(client.done_at(second) == "1");
    CHECK(client.done_at(third) == "1");
    CHECK(second.mappings[0].lifetime == 9000s);
    CHECK(client.wire.back() == "1 map tcp 80 80 9000");
}

TEST_CASE("engine pair: the second suggests what the first was granted (M-9)",
          "[engine][operation]")
{
    driver client;
    client.gateway = [&](const request& asked) {
        return asked.is_create() && asked.kind() == protocol::tcp
                   ? map_answer(protocol::tcp, 80, 50'001, 7200, client.epoch())
                   : client.conforming(asked);
    };
    operation& call = client.map_pair({.internal_port = 80, .external_port = 8080});
    client.settle();
    CHECK(client.wire == lines{"0 delete tcp 80", "0 map tcp 80 8080 7200", "0 delete udp 80",
                               "0 map udp 80 50001 7200", "0 address"});
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].protocol == protocol::tcp);
    CHECK(call.mappings[1].protocol == protocol::udp);
    CHECK(call.mappings[0].external_port == 50'001);
    CHECK(call.mappings[1].external_port == 50'001);
    CHECK(call.mappings[0].external_address.to_string() == "203.0.113.7");
    CHECK(call.mappings[1].external_address.to_string() == "203.0.113.7");
    CHECK(client.mappings().size() == 2);
    lines events = client.take_events();
    CHECK(events == lines{"mapped tcp 80 50001", "mapped udp 80 50001"});
}

TEST_CASE("engine pair: differing ports are reported", "[engine][operation]")
{
    driver client;
    client.gateway = [&](const request& asked) {
        const std::uint16_t port = asked.is_map() && asked.kind() == protocol::tcp ? 1000 : 2000;
        return asked.is_create() ? map_answer(asked.kind(), 80, port, 7200, client.epoch())
                                 : client.conforming(asked);
    };
    operation& call = client.map_pair(tcp(80));
    client.settle();
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].external_port == 1000);
    CHECK(call.mappings[1].external_port == 2000);
}

TEST_CASE("engine pair: the protocol of the request does not matter", "[engine][operation]")
{
    driver client;
    map_request what = udp(80);
    what.protocol = static_cast<protocol>(9);
    operation& call = client.map_pair(what);
    client.settle();
    CHECK_FALSE(call.error);
    CHECK(client.sent.size() == 5);
}

TEST_CASE("engine pair: if one fails the other is unmapped", "[engine][operation]")
{
    driver client;
    client.refuse(4, maps(protocol::udp, 80));
    operation& call = client.map_pair(tcp(80));
    client.run_until(100s);
    CHECK(call.error == result_code::out_of_resources);
    CHECK(client.done_at(call) == "0");
    CHECK(client.wire == lines{"0 delete tcp 80", "0 map tcp 80 80 7200", "0 delete udp 80",
                               "0 map udp 80 80 7200", "0 delete tcp 80"});
    CHECK(client.mappings().empty());
    CHECK(client.take_events().empty());
    CHECK_FALSE(client.active());
}

TEST_CASE("engine pair: a mapping that was there before is not undone", "[engine][operation]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.refuse(4, maps(protocol::udp, 80));
    operation& call = client.map_pair(tcp(80));
    client.run_until(100s);
    CHECK(call.error == result_code::out_of_resources);
    CHECK(client.wire ==
          lines{"10 map tcp 80 80 7200", "10 delete udp 80", "10 map udp 80 80 7200"});
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine pair: cancelled half-way", "[engine][operation]")
{
    driver client;
    client.answer_all_but(maps(protocol::udp, 80));
    operation& call = client.map_pair(tcp(80));
    client.run_until(100ms);
    client.cancel(call);
    client.run_until(100s);
    CHECK(call.error == aborted);
    std::vector<request> undone(client.sent.begin() + 4, client.sent.end());
    REQUIRE(undone.size() == 2);
    CHECK(undone[0].is_delete());
    CHECK(undone[1].is_delete());
    CHECK(undone[0].kind() != undone[1].kind());
    CHECK(client.mappings().empty());
    CHECK_FALSE(client.active());
}

TEST_CASE("engine pair: renewed and unmapped one by one", "[engine][operation]")
{
    driver client;
    client.map_pair(tcp(80));
    client.run_until(3600s);
    CHECK(client.status().renewals == 2);
    client.unmap(udp(80));
    client.settle();
    REQUIRE(client.mappings().size() == 1);
    CHECK(client.mappings()[0].protocol == protocol::tcp);
}

TEST_CASE("engine deadline: of one request, instead of the client's", "[engine][operation]")
{
    natpmp::client_options options;
    options.timeout = 10s;
    driver client(options);
    client.silence();
    natpmp::map_request request = tcp(80);
    request.timeout = 3s;
    operation& own = client.map(request);
    request.internal_port = 81;
    request.timeout = 0s;
    operation& none = client.map(request);
    operation& common = client.map(tcp(82));
    client.run_until(200s);
    CHECK(client.done_at(own) == "3");
    CHECK(own.error == errc::timed_out);
    CHECK(client.done_at(common) == "10");
    CHECK(none.error == errc::gateway_silent);
}

TEST_CASE("engine deadline: tell me after 3 s, but go on", "[engine][operation]")
{
    driver client;
    client.silence();
    natpmp::map_request request = keep_trying(tcp(80));
    request.timeout = 3s;
    operation& pair = client.map_pair(request);
    client.run_until(20s);
    CHECK(client.done_at(pair) == "3");
    CHECK(pair.error == errc::timed_out);
    client.heal();
    client.run_until(300s);
    CHECK(client.mappings().size() == 2);
}

TEST_CASE("engine deadline: a negative one is refused", "[engine][operation]")
{
    driver client;
    natpmp::map_request request = tcp(80);
    request.timeout = -1ms;
    CHECK(client.map(request).error == errc::invalid_timeout);
    CHECK(client.wire.empty());
}

TEST_CASE("engine deadline: of a pair whose second mapping was deleted just before",
          "[engine][operation]")
{
    driver client;
    client.hold({tcp(7)}, 1s);
    client.silence();
    operation& other = client.map(without_clean_up(udp(80)));
    client.run_until(1800ms);
    client.cancel(other);
    client.run_until(5s); // a late grant of it would be answered by a delete for some time
    map_request request = keep_trying(without_clean_up(tcp(80)));
    request.timeout = 800ms;
    operation& pair = client.map_pair(request);
    client.run_until(12s);
    REQUIRE(client.done_at(pair) == "5.8");
    client.heal();
    client.run_until(50min);
    CHECK(client.mappings().size() == 3);
}

TEST_CASE("engine deadline: of a pair, counted for both from its start", "[engine][operation]")
{
    driver client;
    client.silence();
    map_request request = without_clean_up(tcp(80));
    request.timeout = 3s;
    operation& pair = client.map_pair(request);
    client.run_until(2s);
    client.receive(map_answer(protocol::tcp, 80, 80, 7200, client.epoch()));
    client.run_until(30s);
    CHECK(client.done_at(pair) == "3");
    CHECK(pair.error == errc::timed_out);
}

} // namespace engine_operation_test
