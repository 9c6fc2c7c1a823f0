// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Mappings that nobody wants any more: deletes, and the same port wanted again meanwhile.

#include "unit/engine_driver.hpp"

namespace engine_unmap_test {
using namespace engine_test;

TEST_CASE("engine unmap: what was never mapped is success (D-6)", "[engine][unmap]")
{
    driver client;
    operation& call = client.unmap(udp(9));
    client.settle();
    CHECK(client.wire == lines{"0 delete udp 9"});
    CHECK(client.done_at(call) == "0");
    CHECK_FALSE(call.error);
    CHECK(client.take_events().empty());
    CHECK_FALSE(client.active());
}

TEST_CASE("engine unmap: twice is one event (D-6)", "[engine][unmap]")
{
    driver client;
    client.map(tcp(80));
    client.settle();
    CHECK(client.take_events() == lines{"mapped tcp 80 80"});
    operation& first = client.unmap(tcp(80));
    client.settle();
    operation& second = client.unmap(tcp(80));
    client.settle();
    CHECK_FALSE(first.error);
    CHECK_FALSE(second.error);
    CHECK(client.done_at(second) == "0");
    CHECK(client.take_events() == lines{"unmapped tcp 80 80"});
}

TEST_CASE("engine unmap: refused (D-7)", "[engine][unmap]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.gateway = [&](const request& asked) {
        return map_answer(asked.kind(), asked.internal_port(), 80, 7200, client.epoch(), 2);
    };
    CHECK(client.mapping_of(tcp(80)));
    operation& call = client.unmap(tcp(80));
    CHECK_FALSE(client.mapping_of(tcp(80)));
    client.settle();
    CHECK(call.error == result_code::not_authorized);
    CHECK(client.done_at(call) == "10");
    CHECK(client.mappings().empty());
    CHECK(client.take_events() == lines{"unmapped tcp 80 80: natpmp.result 2"});
    client.run_until(8000s);
    CHECK(client.wire == lines{"10 delete tcp 80"});
}

TEST_CASE("engine unmap: silence, and nothing after natural expiry (D-3, D-4)", "[engine][unmap]")
{
    driver client;
    client.grant_for(4);
    client.hold({tcp(80)}, 1s);
    client.silence();
    client.take_wire();
    operation& call = client.unmap(tcp(80));
    client.run_until(1000s);
    CHECK(client.wire == lines{"1 delete tcp 80", "1.25 delete tcp 80", "1.75 delete tcp 80",
                               "2.75 delete tcp 80"});
    CHECK(client.done_at(call) != "pending");
    CHECK(std::stod(client.done_at(call)) <= 4.0);
    CHECK_FALSE(client.active());
}

TEST_CASE("engine unmap: five transmissions, and an answer's time for the last (D-3)",
          "[engine][unmap]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.silence();
    operation& call = client.unmap(tcp(80));
    client.run_until(1000s);
    CHECK(client.wire == lines{"10 delete tcp 80", "10.25 delete tcp 80", "10.75 delete tcp 80",
                               "11.75 delete tcp 80", "13.75 delete tcp 80"});
    CHECK(client.done_at(call) == "17.75");
    CHECK(call.error == errc::gateway_silent);
}

TEST_CASE("engine unmap: during a renewal in flight", "[engine][unmap]")
{
    driver client;
    client.map(tcp(80));
    client.run_until(3599s);
    client.take_events();
    client.silence();
    client.run_until(3600100ms);
    REQUIRE(client.wire.back() == "3600 map tcp 80 80 7200");
    client.take_wire();
    client.answer_only(&request::is_delete);
    operation& call = client.unmap(tcp(80));

    SECTION("no more retransmission, at most 1 s for its answer, then the delete")
    {
        client.run_until(3700s);
        CHECK(client.wire == lines{"3601.1 delete tcp 80"});
        CHECK(client.done_at(call) == "3601.1");
    }
    SECTION("the delete follows the answer at once")
    {
        client.run_until(3600500ms);
        client.receive(map_answer(protocol::tcp, 80, 80, 7200, client.epoch()));
        client.run_until(3700s);
        CHECK(client.wire == lines{"3600.5 delete tcp 80"});
        CHECK(client.done_at(call) == "3600.5");
    }
    SECTION("a grant after the delete causes one more delete")
    {
        client.run_until(3602s);
        CHECK(client.take_wire() == lines{"3601.1 delete tcp 80"});
        CHECK(client.active());
        client.receive(map_answer(protocol::tcp, 80, 80, 7200, client.epoch()));
        client.receive(map_answer(protocol::tcp, 80, 80, 7200, client.epoch()));
        client.run_until(3700s);
        CHECK(client.wire == lines{"3602 delete tcp 80"});
    }
    CHECK_FALSE(call.error);
    CHECK(client.mappings().empty());
    CHECK(client.take_events() == lines{"unmapped tcp 80 80"});
    CHECK_FALSE(client.active());
}

TEST_CASE("engine unmap: a late grant does not answer the delete (V-7)", "[engine][unmap]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.silence();
    operation& call = client.unmap(tcp(80));
    client.run_until(10100ms);
    CHECK(client.receive(map_answer(protocol::tcp, 80, 80, 7200, client.epoch())) ==
          ignore_reason::not_awaited);
    CHECK(client.done_at(call) == "pending");
    CHECK(client.receive(delete_answer(protocol::tcp, 80, client.epoch())) == ignore_reason::none);
    CHECK(client.done_at(call) == "10.1");
}

TEST_CASE("engine unmap: ends the map operations of its key", "[engine][unmap]")
{
    driver client;
    client.silence();
    operation& first = client.map(tcp(80));
    operation& other = client.map(tcp(81));
    operation& second = client.map(tcp(80));
    operation& pair = client.map_pair(tcp(80));
    operation& call = client.unmap(tcp(80));
    client.run_until(1s); // the clean-up in flight gives way
    CHECK(client.wire.back() == "1 delete tcp 80");
    for (operation* each : {&first, &second, &pair}) {
        CHECK(client.done_at(*each) != "pending");
        CHECK(each->error == aborted);
    }
    CHECK(client.done_at(other) == "pending");
    CHECK(client.done_at(call) == "pending");
}

TEST_CASE("engine unmap: cancelled before its first datagram has no effect", "[engine][unmap]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.silence();
    client.map(tcp(81)); // its datagram is in flight, so the next ones wait
    client.take_wire();
    operation& call = client.unmap(tcp(80));
    client.run_until(10100ms);
    CHECK(client.wire.empty());
    client.cancel(call);
    CHECK(call.error == aborted);
    client.heal();
    client.run_until(3600s);
    CHECK(containing(client.wire, "delete tcp 80").empty());
    CHECK(client.mappings().size() == 2);
}

TEST_CASE("engine unmap: without a gateway", "[engine][unmap]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.detach();
    operation& call = client.unmap(tcp(80));
    CHECK(client.done_at(call) == "10");
    CHECK(call.error == errc::no_gateway);
    CHECK(client.mappings().empty());
    CHECK(client.take_events() == lines{"gateway_lost: natpmp 4", "unmapped tcp 80 80: natpmp 4"});
}

TEST_CASE("engine distance: after an unmap a map starts 1 s after the last one", "[engine][unmap]")
{
    driver client;
    client.map(without_clean_up(tcp(1)));
    client.run_until(200ms);
    client.unmap(tcp(1));
    operation& call = client.map(without_clean_up(tcp(1)));
    client.run_until(10s);
    CHECK(client.wire ==
          lines{"0 map tcp 1 1 7200", "0 address", "0.2 delete tcp 1", "1 map tcp 1 1 7200"});
    CHECK_FALSE(call.error);
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine hint: giving a mapping up deletes it in the background", "[engine][unmap]")
{
    driver client;
    client.hold({tcp(80), tcp(81)}, 10s);
    client.unmap_quietly(tcp(80));
    client.unmap_quietly(udp(80)); // there is none
    client.settle();
    CHECK(client.wire == lines{"10 delete tcp 80"});
    CHECK(client.take_events() == lines{"unmapped tcp 80 80"});
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine background: a mapping that is wanted again while it is deleted is made again",
          "[engine][unmap]")
{
    driver client;
    client.hold({tcp(80)}, 1s);
    client.silence();
    client.map(tcp(81));
    client.refused(); // the clean-up
    client.refused(); // and the gateway has no NAT-PMP now
    operation& gone = client.unmap(tcp(80));
    operation& again = client.map(keep_trying(tcp(80))); // waits in the background
    client.receive(delete_answer(protocol::tcp, 80, client.epoch()));
    CHECK(client.done_at(gone) == "1");
    CHECK(client.mappings().empty());
    client.heal();
    client.run_until(60s);
    CHECK_FALSE(again.error);
    CHECK(client.done_at(again) != "pending");
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine background: a mapping that was given up and is wanted again is asked for",
          "[engine][unmap]")
{
    driver client;
    client.hold({tcp(80)}, 1s);
    client.silence();
    client.map(tcp(81));
    client.unmap_quietly(tcp(80));
    operation& again = client.map(keep_trying(tcp(80)));
    for (int count = 0; count < 5; ++count) {
        client.refused();
        client.run_for(1s);
    }
    client.heal();
    client.run_until(120s);
    CHECK(client.done_at(again) != "pending");
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine background: what was unmapped without a gateway is not called deleted",
          "[engine][unmap]")
{
    driver client;
    client.map(tcp(80));
    client.run_until(10s);
    client.detach();
    operation& gone = client.unmap(tcp(80));
    CHECK(gone.error == errc::no_gateway);
    client.attach(home());
    operation& end = client.shutdown(2s);
    client.run_until(20s);
    CHECK(end.error == errc::shutdown_incomplete);
}

TEST_CASE("engine unmap: the last call decides", "[engine][unmap]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.delay = 10ms;
    operation& first = client.unmap(tcp(80)); // its delete is in flight
    operation& again = client.map(tcp(80));
    operation& last = client.unmap(tcp(80));
    client.run_until(20s);
    CHECK_FALSE(first.error);
    CHECK(again.error == aborted);
    CHECK_FALSE(last.error);
    CHECK(client.mappings().empty());
    CHECK(client.wire == lines{"10 delete tcp 80", "10.01 delete tcp 80"});
}

TEST_CASE("engine unmap: a shutdown does not call done what was not answered", "[engine][unmap]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.silence();
    client.unmap_quietly(tcp(80));
    client.run_until(20s);
    operation& end = client.shutdown(2s);
    client.run_until(30s);
    CHECK(end.error == errc::shutdown_incomplete);
}

TEST_CASE("engine unmap: a call that waits for its delete goes on when the gateway was away",
          "[engine][unmap]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.silence();
    client.address();
    client.refused(); // an error of the gateway as a whole, which fails what is asked next
    operation& removal = client.unmap(tcp(80));
    operation& again = client.map(keep_trying(tcp(80)));
    client.detach();
    CHECK(removal.error == errc::no_gateway);
    CHECK(client.done_at(again) == "pending");
    client.heal();
    client.attach(home());
    client.run_until(5min);
    CHECK(client.done_at(again) != "pending");
    CHECK_FALSE(again.error);
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine unmap: it ends no call that was made after it, whose deadline is over already",
          "[engine][unmap]")
{
    driver client;
    client.hold({tcp(80), tcp(81)}, 1s);
    client.silence();
    client.unmap(tcp(80)); // which takes the gateway's time
    operation& unmap = client.unmap(tcp(81));
    map_request request = keep_trying(tcp(81));
    request.timeout = 3s;
    operation& later = client.map(request);
    client.run_until(5s);
    REQUIRE(client.done_at(later) == "4");
    REQUIRE(client.done_at(unmap) == "pending");
    SECTION("the gateway answers again")
    {
        client.run_until(20s);
        client.heal();
    }
    SECTION("the unmap ends with its gateway")
    {
        client.heal();
        client.attach(elsewhere());
    }
    client.run_until(1h);
    REQUIRE(client.mappings().size() == 1);
    CHECK(client.mappings()[0].internal_port == 81);
}

TEST_CASE("engine unmap: cancelled before its turn, it leaves a lease that ends", "[engine][unmap]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.silence();
    client.map(tcp(81)); // which takes the gateway's time
    operation& unmap = client.unmap(tcp(80));
    client.run_until(10100ms);
    client.cancel(unmap);
    client.run_until(9000s);
    CHECK(containing(client.take_events(), "lost tcp 80").size() == 1);
    CHECK(client.mappings().empty());
}

} // namespace engine_unmap_test
