// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Shutdown: everything is deleted within a limit.

#include "unit/engine_driver.hpp"

namespace engine_shutdown_test {
using namespace engine_test;

TEST_CASE("engine: shutdown deletes every mapping, one at a time (D-1, Q-2)", "[engine][shutdown]")
{
    driver client;
    client.delay = 10ms;
    client.map(tcp(80));
    client.map(udp(80));
    client.map(tcp(81));
    client.run_until(5s);
    client.take_wire();
    operation& call = client.shutdown(2s);
    client.run_until(10s);
    lines wire = client.take_wire();
    REQUIRE(wire.size() == 3);
    CHECK(wire[0].substr(0, 9) == "5 delete ");
    CHECK(wire[1].substr(0, 12) == "5.01 delete ");
    CHECK(wire[2].substr(0, 12) == "5.02 delete ");
    for (std::string& line : wire)
        line.erase(0, line.find(' ') + 1);
    std::sort(wire.begin(), wire.end());
    CHECK(wire == lines{"delete tcp 80", "delete tcp 81", "delete udp 80"});
    CHECK(client.done_at(call) == "5.03");
    CHECK_FALSE(call.error);
    CHECK(client.closed());
    CHECK(client.mappings().empty());
}

TEST_CASE("engine shutdown: a silent gateway gets 3 deletes in 1.75 s (D-3)", "[engine][shutdown]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.silence();
    operation& call = client.shutdown(60s);
    client.run_until(100s);
    CHECK(client.wire == lines{"10 delete tcp 80", "10.25 delete tcp 80", "10.75 delete tcp 80"});
    CHECK(client.done_at(call) == "11.75");
    CHECK(call.error == errc::shutdown_incomplete);
    CHECK(client.closed());
}

TEST_CASE("engine shutdown: one delete each before any gets a second", "[engine][shutdown]")
{
    driver client;
    for (std::uint16_t port = 1; port <= 4; ++port)
        client.map(tcp(port));
    client.run_until(10s);
    client.forget();
    client.silence();
    operation& call = client.shutdown(2s);
    client.run_until(100s);
    REQUIRE(client.sent.size() == 12);
    for (std::size_t round = 0; round < 3; ++round) {
        std::vector<unsigned> ports;
        for (std::size_t at = round * 4; at < round * 4 + 4; ++at) {
            CHECK(client.sent[at].is_delete());
            ports.push_back(client.sent[at].internal_port());
        }
        std::sort(ports.begin(), ports.end());
        CHECK(ports == std::vector<unsigned>{1, 2, 3, 4});
    }
    REQUIRE(client.done_at(call) != "pending");
    CHECK(client.now == origin + 100s);
    CHECK(std::stod(client.done_at(call)) <= 12.0);
    CHECK(std::stod(client.done_at(call)) > 11.9);
    CHECK(call.error == errc::shutdown_incomplete);
}

TEST_CASE("engine shutdown: the limit holds and is shared", "[engine][shutdown]")
{
    driver client;
    for (std::uint16_t port = 1; port <= 20; ++port)
        client.map(tcp(port));
    client.run_until(10s);
    client.forget();
    client.silence();
    operation& call = client.shutdown(100ms);
    client.run_until(20s);
    std::vector<bool> seen(21);
    for (const request& each : client.sent)
        seen[each.internal_port()] = true;
    CHECK(std::count(seen.begin(), seen.end(), true) == 20);
    CHECK(std::stod(client.done_at(call)) <= 10.1);
    CHECK(call.error == errc::shutdown_incomplete);
}

TEST_CASE("engine shutdown: some answers are missing", "[engine][shutdown]")
{
    driver client;
    client.hold({tcp(80), tcp(81)}, 10s);
    client.answer_all_but([](const request& each) { return each.internal_port() == 80; });
    operation& call = client.shutdown(10s);
    client.run_until(30s);
    CHECK(call.error == errc::shutdown_incomplete);
    CHECK(sorted(client.take_events()) ==
          lines{"unmapped tcp 80 80: natpmp 6", "unmapped tcp 81 81"});
}

TEST_CASE("engine shutdown: a refused delete is reported and not repeated (D-7)",
          "[engine][shutdown]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.refuse(2, &request::is_delete);
    operation& call = client.shutdown(10s);
    client.run_until(30s);
    CHECK(client.wire == lines{"10 delete tcp 80"});
    CHECK(client.done_at(call) == "10");
    CHECK(call.error == errc::shutdown_incomplete);
    CHECK(client.take_events() == lines{"unmapped tcp 80 80: natpmp.result 2"});
}

TEST_CASE("engine shutdown: ends what is under way with closed", "[engine][shutdown]")
{
    driver client;
    client.silence();
    operation& first = client.map(tcp(80));
    operation& second = client.address();
    operation& third = client.unmap(udp(9));
    operation& leaving = client.shutdown(3s);
    CHECK(first.error == errc::closed);
    CHECK(second.error == errc::closed);
    CHECK(third.error == errc::closed);
    for (operation* each : {&first, &second, &third})
        CHECK(client.done_at(*each) == "0");
    operation& late = client.map(tcp(81));
    CHECK(late.error == errc::closed);
    client.run_until(10s);
    CHECK(client.done_at(leaving) != "pending");
    for (const operation_kind kind : {operation_kind::map, operation_kind::map_pair,
                                      operation_kind::unmap, operation_kind::address})
        CHECK(client.start(kind, tcp(82)).error == errc::closed);
}

TEST_CASE("engine shutdown: with a map request in flight its mapping is deleted too",
          "[engine][shutdown]")
{
    driver client;
    client.delay = 300ms;
    operation& call = client.map(tcp(80));
    client.run_until(400ms); // the delete was answered at 0.3, the map request went out then
    client.take_wire();
    operation& leaving = client.shutdown(5s);
    CHECK(call.error == errc::closed);

    SECTION("the grant comes before the delete")
    {
        client.run_until(10s);
        CHECK(client.wire == lines{"0.6 delete tcp 80", "0.85 delete tcp 80"});
        CHECK(client.done_at(leaving) == "0.9");
        CHECK_FALSE(leaving.error);
    }
    SECTION("the grant does not come")
    {
        client.silence();
        client.delay = 0s;
        driver other;
        other.delay = 0s;
        other.answer_only(&request::is_delete);
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
    driver client;
    client.map(tcp(80));
    client.run_until(3599s);
    client.delay = 200ms;
    client.run_until(3600100ms);
    REQUIRE(client.wire.back() == "3600 map tcp 80 80 7200");
    client.take_wire();
    operation& call = client.shutdown(2s);
    client.run_until(3610s);
    CHECK(client.wire == lines{"3600.2 delete tcp 80"});
    CHECK(client.done_at(call) == "3600.4");
    CHECK_FALSE(call.error);
}

TEST_CASE("engine shutdown: without a mapping it succeeds at once", "[engine][shutdown]")
{
    driver client;
    SECTION("and without a gateway")
    {}
    SECTION("with one")
    {
        client.address();
        client.settle();
    }
    client.take_wire();
    operation& call = client.shutdown(2s);
    CHECK(client.done_at(call) == "0");
    CHECK_FALSE(call.error);
    CHECK(client.closed());
    client.run_until(1000s);
    CHECK(client.wire.empty());
}

TEST_CASE("engine shutdown: without a gateway it is incomplete at once", "[engine][shutdown]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.detach();
    client.take_wire();
    operation& call = client.shutdown(2s);
    CHECK(client.done_at(call) == "10");
    CHECK(call.error == errc::shutdown_incomplete);
    CHECK(client.closed());
    CHECK(client.take_events() == lines{"gateway_lost: natpmp 4", "unmapped tcp 80 80: natpmp 4"});
    client.run_until(1000s);
    CHECK(client.wire.empty());
}

TEST_CASE("engine shutdown: a second call joins, with the earlier deadline", "[engine][shutdown]")
{
    driver client;
    client.hold({tcp(80), tcp(81)}, 10s);
    client.silence();
    operation& first = client.shutdown(60s);
    client.run_until(10100ms);

    SECTION("of the second")
    {
        operation& second = client.shutdown(300ms);
        client.run_until(100s);
        CHECK(client.done_at(first) == "10.4");
        CHECK(client.done_at(second) == "10.4");
        CHECK(first.error == errc::shutdown_incomplete);
        CHECK(second.error == errc::shutdown_incomplete);
    }
    SECTION("of the first")
    {
        operation& second = client.shutdown(600s);
        client.run_until(100s);
        CHECK(client.done_at(first) == client.done_at(second));
        CHECK(std::stod(client.done_at(first)) <= 13.5);
    }
}

TEST_CASE("engine shutdown: a call after the end gets its outcome", "[engine][shutdown]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    SECTION("success")
    {
        client.shutdown(2s);
        client.run_until(20s);
        CHECK_FALSE(client.shutdown(2s).error);
    }
    SECTION("failure")
    {
        client.silence();
        client.shutdown(2s);
        client.run_until(20s);
        CHECK(client.shutdown(2s).error == errc::shutdown_incomplete);
    }
    CHECK(client.closed());
}

TEST_CASE("engine shutdown: cancelling a waiter, and the last one", "[engine][shutdown]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.silence();
    operation& first = client.shutdown(60s);
    operation& second = client.shutdown(60s);
    client.run_until(10100ms);
    client.cancel(first);
    CHECK(first.error == aborted);
    CHECK_FALSE(client.closed());
    CHECK(client.done_at(second) == "pending");
    client.cancel(second);
    CHECK(second.error == aborted);
    CHECK(client.closed());
    client.take_wire();
    client.run_until(100s);
    CHECK(client.wire.empty());
}

TEST_CASE("engine shutdown: the gateway goes away meanwhile", "[engine][shutdown]")
{
    driver client;
    client.hold({tcp(80), tcp(81)}, 10s);
    client.silence();
    operation& call = client.shutdown(60s);
    client.run_until(10100ms);
    client.take_wire();
    client.detach();
    CHECK(client.done_at(call) == "10.1");
    CHECK(call.error == errc::shutdown_incomplete);
    CHECK(client.closed());
    client.run_until(1000s);
    CHECK(client.wire.empty());
    CHECK(client.take_events().size() >= 2);
}

TEST_CASE("engine shutdown: the only delete is in flight when the route goes", "[engine][shutdown]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.silence();
    operation& call = client.shutdown(60s);
    client.run_until(10100ms);
    client.detach();
    CHECK(client.done_at(call) == "10.1");
    CHECK(call.error == errc::shutdown_incomplete);
    CHECK(client.take_events().size() == 1);
}

TEST_CASE("engine shutdown: events can be read afterwards, then closed", "[engine][shutdown]")
{
    driver client;
    operation& first = client.wait_event();
    client.map(tcp(80));
    client.settle();
    CHECK(first.happened.kind == event_kind::mapped);
    operation& second = client.wait_event();
    client.run_until(10s);
    CHECK(client.done_at(second) == "pending");
    client.shutdown(2s);
    client.settle();
    CHECK(client.done_at(second) == "10");
    CHECK(second.happened.kind == event_kind::unmapped);
    CHECK_FALSE(second.error);
    operation& third = client.wait_event();
    CHECK(third.error == errc::closed);
}

TEST_CASE("engine shutdown: after an unmap whose answer is missing", "[engine][shutdown]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.silence();
    operation& call = client.unmap(tcp(80));
    client.run_until(10100ms);
    client.heal();
    client.take_wire();
    operation& leaving = client.shutdown(2s);
    CHECK(call.error == errc::closed);
    client.run_until(20s);
    REQUIRE_FALSE(client.wire.empty());
    CHECK(containing(client.wire, "delete tcp 80") == client.wire);
    CHECK_FALSE(leaving.error);
    CHECK(std::stod(client.done_at(leaving)) <= 12.1);
}

TEST_CASE("late: a shutdown without a gateway says so for each mapping (D-1, H-5)",
          "[engine][shutdown]")
{
    driver client;
    client.map(tcp(80));
    client.run_for(1s);
    client.take_events();
    SECTION("that was lost before")
    {
        client.detach();
        client.shutdown(1s);
    }
    SECTION("that is lost meanwhile")
    {
        client.silence();
        client.shutdown(1s);
        client.detach();
    }
    lines events = client.take_events();
    std::erase(events, "gateway_lost: natpmp 4"); // which is told before the shutdown only
    CHECK(events == lines{"unmapped tcp 80 80: natpmp 4"});
}

TEST_CASE("engine shutdown: one delete in 250 ms where the gateway never answered",
          "[engine][shutdown]")
{
    driver client;
    client.silence();
    client.map(keep_trying(without_clean_up(tcp(80))));
    client.map(keep_trying(without_clean_up(tcp(81))));
    client.run_until(60s); // the second one was not sent yet
    client.take_wire();
    operation& call = client.shutdown(10s);
    client.run_until(400s);
    CHECK(client.done_at(call) == "60.25");
    CHECK_FALSE(call.error);
    CHECK(client.take_wire() == lines{"60 delete tcp 80"});
}

TEST_CASE("engine shutdown: a gateway that answered once has its whole time", "[engine][shutdown]")
{
    driver client;
    client.address();
    client.silence();
    client.map(without_clean_up(tcp(80)));
    client.run_until(5s);
    operation& call = client.shutdown(10s);
    client.run_until(100s);
    CHECK(client.done_at(call) == "7.75"); // a second for the request in flight, three deletes
    CHECK(call.error == errc::shutdown_incomplete);
}

TEST_CASE("engine shutdown: two mappings at a gateway that never answered share 250 ms",
          "[engine][shutdown]")
{
    driver client;
    client.silence();
    client.map(keep_trying(without_clean_up(tcp(80))));
    client.run_until(160s);
    client.map(keep_trying(without_clean_up(tcp(81))));
    client.run_until(165s);
    client.take_wire();
    operation& call = client.shutdown(10s);
    client.run_until(500s);
    CHECK(client.done_at(call) == "165.25");
    CHECK_FALSE(call.error);
    CHECK(client.wire == lines{"165 delete tcp 80", "165.125 delete tcp 81"});
}

TEST_CASE("engine shutdown: what a gateway that never answered may hold is no failure",
          "[engine][shutdown]")
{
    driver client;
    client.silence();
    operation& map = client.map(without_clean_up(tcp(80)));
    client.run_until(1s);
    client.cancel(map);
    client.run_until(20s); // its delete was given up
    operation& call = client.shutdown(10s);
    client.run_until(30s);
    CHECK(client.done_at(call) == "20");
    CHECK_FALSE(call.error);
}

} // namespace engine_shutdown_test
