// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The delete before the first map request of a port, which ends what an earlier run left behind.

#include "unit/engine_driver.hpp"

namespace engine_clean_up_test {
using namespace engine_test;

TEST_CASE("engine: the clean-up is tried thrice, until 1.75 s, then the map follows (D-3)",
          "[engine][clean_up]")
{
    driver client;
    client.answer_all_but(&request::is_delete);
    operation& call = client.map(tcp(80));
    client.run_until(100s);
    CHECK(client.wire == lines{"0 delete tcp 80", "0.25 delete tcp 80", "0.75 delete tcp 80",
                               "1.75 map tcp 80 80 7200", "1.75 address"});
    CHECK(client.done_at(call) == "1.75");
    CHECK_FALSE(call.error);
}

TEST_CASE("engine: after a silent clean-up the map request still has its 127.75 s",
          "[engine][clean_up]")
{
    driver client;
    client.silence();
    operation& call = client.map(tcp(80));
    client.run_until(1000s);
    CHECK(client.sent.size() == 12);
    CHECK(client.done_at(call) == "129.5");
    CHECK(call.error == errc::gateway_silent);
    CHECK_FALSE(client.active());
}

TEST_CASE("engine: a refused clean-up does not stop the map", "[engine][clean_up]")
{
    driver client;
    SECTION("by a result code")
    {
        const auto code = GENERATE(as<std::uint16_t>{}, 1, 2, 3, 4, 5, 6, 65535);
        client.refuse(code, &request::is_delete);
        operation& call = client.map(tcp(80));
        client.run_until(100s);
        CHECK(client.wire == lines{"0 delete tcp 80", "0 map tcp 80 80 7200", "0 address"});
        CHECK(client.done_at(call) == "0");
        CHECK_FALSE(call.error);
    }
    SECTION("by ICMP")
    {
        client.silence();
        operation& call = client.map(tcp(80));
        client.heal();
        client.refused();
        client.run_until(100s);
        CHECK(client.wire == lines{"0 delete tcp 80", "0 map tcp 80 80 7200", "0 address"});
        CHECK_FALSE(call.error);
    }
}

TEST_CASE("engine: the clean-up is sent once per key", "[engine][clean_up]")
{
    driver client;
    client.map(tcp(80));
    client.settle();
    client.unmap(tcp(80));
    client.settle();
    client.run_until(10s);
    client.take_wire();
    client.map(tcp(80));
    client.run_until(20s);
    CHECK(client.take_wire() == lines{"10 map tcp 80 80 7200"});
    client.map(udp(80));
    client.settle();
    CHECK(client.take_wire() == lines{"20 delete udp 80", "20 map udp 80 80 7200"});
    client.map(without_clean_up(tcp(81)));
    client.settle();
    CHECK(client.take_wire() == lines{"20 map tcp 81 81 7200"});
}

TEST_CASE("engine cancel: a clean-up in flight, whose key is forgotten", "[engine][clean_up]")
{
    driver client;
    client.silence();
    const bool maps = GENERATE(true, false);
    operation& call = maps ? client.map(tcp(80)) : client.unmap(tcp(80));
    client.run_until(100ms);
    client.cancel(call);
    client.heal();
    operation& next = client.map(tcp(81)); // it must not be taken for the other
    CHECK(client.wire == lines{"0 delete tcp 80"});
    CHECK(client.receive(delete_answer(protocol::tcp, 80, 5)) == ignore_reason::none);
    client.settle();
    CHECK(client.wire ==
          lines{"0 delete tcp 80", "0.1 delete tcp 81", "0.1 map tcp 81 81 7200", "0.1 address"});
    CHECK_FALSE(next.error);
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("late: what could not be asked for yet is cleaned up first (D-2)", "[engine][clean_up]")
{
    map_request patient = tcp(80);
    patient.keep_trying = true;
    driver client;
    SECTION("before there is a network")
    {
        client.detach();
        client.map(patient);
        client.run_until(10s);
        CHECK(client.wire.empty());
        client.attach(home());
        client.run_for(1s);
        CHECK(client.wire == lines{"10 delete tcp 80", "10 map tcp 80 80 7200", "10 address"});
    }
    SECTION("behind a port that found silence")
    {
        client.silence();
        client.map(tcp(79));
        client.map(patient);
        client.run_until(130s);
        client.heal();
        client.take_wire();
        client.run_for(60s);
        REQUIRE(client.wire.size() >= 2);
        CHECK(client.wire[0].ends_with("delete tcp 80"));
        CHECK(client.wire[1].ends_with("map tcp 80 80 7200"));
        CHECK(client.mappings().size() == 1);
    }
    SECTION("once: not again where the first clean-up went out")
    {
        client.silence();
        client.map(patient);
        client.run_until(1h);
        CHECK(client.count(&request::is_delete) == 3);
    }
}

TEST_CASE("engine clean-up: one that was not answered is not sent again", "[engine][clean_up]")
{
    driver client;
    client.silence();
    client.map(tcp(80));
    client.run_until(1800ms);
    client.heal();
    client.run_until(10s);
    client.unmap(tcp(80));
    client.run_until(20s);
    client.take_wire();
    client.map(tcp(80));
    client.settle();
    CHECK(client.take_wire() == lines{"20 map tcp 80 80 7200"});
}

} // namespace engine_clean_up_test
