// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What gateways grant, sensible or not, and the ports that they assign.

#include "unit/engine_driver.hpp"

namespace engine_grant_test {
using namespace engine_test;

const map_request assigned{
    .protocol = protocol::udp, .internal_port = 0, .lifetime = 60s, .gateway_assigns_port = true};

TEST_CASE("engine grant: another port is success, and is not fought (M-6)", "[engine][grant]")
{
    driver client;
    client.grant_port(49152);
    operation& call =
        client.map({.protocol = protocol::tcp, .internal_port = 80, .external_port = 8080});
    client.run_until(3599s);
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].external_port == 49152);
    CHECK(client.wire == lines{"0 delete tcp 80", "0 map tcp 80 8080 7200", "0 address"});
    client.take_wire();
    client.run_until(3600s);
    CHECK(client.wire.front() == "3600 map tcp 80 49152 7200");
}

TEST_CASE("engine grant: another port at a renewal (N-5)", "[engine][grant]")
{
    driver client;
    client.grant_port(50001);
    client.map(tcp(80));
    client.run_until(10s);
    CHECK(client.take_events() == lines{"mapped tcp 80 50001"});
    client.grant_port(50002);
    client.take_wire();
    client.run_until(7200s);
    CHECK(client.take_events() == lines{"endpoint_changed tcp 80 50002"});
    const lines wire = client.take_wire();
    CHECK(std::count(wire.begin(), wire.end(), "3600 map tcp 80 50001 7200") == 1);
    CHECK(std::count(wire.begin(), wire.end(), "7200 map tcp 80 50002 7200") == 1);
    CHECK(containing(wire, "delete").empty());
    CHECK(client.mappings().at(0).external_port == 50002);
}

TEST_CASE("engine grant: shorter and longer than asked (M-11)", "[engine][grant]")
{
    driver client;
    struct row
    {
        std::uint32_t granted;
        duration renewal;
    };
    const row each = GENERATE(row{60, 30s}, row{3, 1500ms}, row{20'000, 10'000s},
                              row{86'400, 43'200s}, row{0xFFFFFFFF, 43'200s});
    client.grant_port(80, each.granted);
    operation& call = client.map(tcp(80));
    client.settle();
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].lifetime == std::chrono::seconds{each.granted});
    client.run_until(each.renewal - 1ms);
    CHECK(client.count(&request::is_create) == 1);
    client.run_until(each.renewal);
    CHECK(client.count(&request::is_create) == 2);
}

TEST_CASE("engine grant: the longest lifetime asked for and granted", "[engine][grant]")
{
    driver client;
    map_request what = tcp(80);
    what.lifetime = std::chrono::seconds{0xFFFFFFFF};
    operation& call = client.map(what);
    client.settle();
    CHECK(client.sent[1].raw == hex("00 02 00 00 00 50 00 50 ff ff ff ff"));
    CHECK(call.mappings[0].lifetime == 4294967295s);
    CHECK(client.count(&request::is_create) == 1);
    client.run_until(4294967295s / 2);
    CHECK(client.count(&request::is_create) == 1);
    client.run_until(4294967295s / 2 + 1s);
    CHECK(client.count(&request::is_create) == 2);
}

TEST_CASE("engine grant: a one-second lease makes no storm", "[engine][grant]")
{
    driver client;
    client.grant_port(80, 1);
    operation& call = client.map(tcp(80));
    client.run_until(1h);
    CHECK_FALSE(call.error);
    CHECK(client.count(&request::is_create) >= 3000);
    CHECK(client.count(&request::is_create) <= 3601);
    CHECK(client.sent.size() <= 3601 + 10);
    for (std::size_t at = 4; at < client.sent.size(); ++at)
        if (client.sent[at].is_create() && client.sent[at - 1].is_create())
            CHECK(client.sent[at].at - client.sent[at - 1].at >= 1s);
}

TEST_CASE("engine grant: lifetime 0 or port 0 is no grant (C-6)", "[engine][grant]")
{
    driver client;
    const auto lifetime = GENERATE(as<std::uint32_t>{}, 0, 7200);
    const auto port = static_cast<std::uint16_t>(lifetime == 0 ? GENERATE(0, 80) : 0);
    client.grant_port(port, lifetime);
    operation& call = client.map(without_clean_up(tcp(80)));
    client.run_until(1h);
    CHECK(call.error == errc::invalid_grant);
    const bool empty = lifetime == 0 && port == 0; // the answer to a delete (RFC 6886, 3.4)
    CHECK(client.done_at(call) == (empty ? "3.75" : "0"));
    CHECK(client.mappings().empty());
    CHECK(client.status().kept == 0);
    CHECK(client.count(&request::is_create) == (empty ? 4 : 1));
    CHECK(client.take_events().empty());
    CHECK_FALSE(client.active());
}

TEST_CASE("engine grant: lifetime 0 at a renewal only postpones (C-6)", "[engine][grant]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.grant_port(80, 0);
    client.take_wire();
    client.run_until(6000s);
    CHECK(client.wire == lines{"3600 map tcp 80 80 7200", "5400 map tcp 80 80 7200"});
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine grant: every refusal ends the map, with its number (C-2, C-4, V-8)",
          "[engine][grant]")
{
    driver client;
    const auto code = GENERATE(as<std::uint16_t>{}, 1, 2, 3, 4, 5, 6, 255, 256, 65535);
    client.gateway = [&client, code](const request& asked) {
        return asked.is_create()
                   ? map_answer(asked.kind(), asked.internal_port(), 80, 7200, client.epoch(), code)
                   : client.conforming(asked);
    };
    operation& call = client.map(tcp(80));
    client.run_until(1h);
    CHECK(call.error == static_cast<result_code>(code));
    CHECK(call.error.value() == code);
    CHECK(client.done_at(call) == "0");
    CHECK(client.mappings().empty());
    CHECK(client.count(&request::is_create) == 1);
    CHECK(client.status().last_error == call.error);
    CHECK_FALSE(client.active());
}

TEST_CASE("engine grant: a refusal leaves other mappings alone (C-2)", "[engine][grant]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.refuse(6);
    operation& call = client.map(tcp(81));
    client.settle();
    CHECK(call.error == static_cast<result_code>(6));
    CHECK(client.mappings().size() == 1);
    client.heal();
    operation& next = client.map(tcp(82));
    client.settle();
    CHECK_FALSE(next.error);
}

TEST_CASE("engine assigned: the port is the gateway's, at every renewal", "[engine][grant]")
{
    driver client;
    client.grant_port(49152, 60);
    operation& call = client.map(assigned);
    client.run_until(29s);
    CHECK(client.take_wire() == lines{"0 map udp 0 1 60", "0 address"});
    CHECK(client.sent[0].raw == hex("00 01 00 00 00 00 00 01 00 00 00 3c"));
    REQUIRE(client.done_at(call) == "0");
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].internal_port == 0);
    CHECK(call.mappings[0].external_port == 49152);
    CHECK(call.mappings[0].lifetime == 60s);
    client.run_until(31s);
    CHECK(client.take_wire() == lines{"30 map udp 0 1 60"});
    CHECK(client.take_events() == lines{"mapped udp 0 49152"});
    client.grant_port(50000, 60);
    client.run_until(61s);
    CHECK(client.take_wire() == lines{"60 map udp 0 1 60"});
    CHECK(client.take_events() == lines{"endpoint_changed udp 0 50000"});
    CHECK(client.mappings().at(0).external_port == 50000);
}

TEST_CASE("engine assigned: both protocols are asked alike", "[engine][grant]")
{
    driver client;
    client.grant_port(49152, 60);
    operation& call = client.map_pair(assigned);
    client.run_until(1s);
    CHECK(client.wire == lines{"0 map tcp 0 1 60", "0 map udp 0 1 60", "0 address"});
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].external_port == 49152);
    CHECK(call.mappings[1].external_port == 49152);
}

TEST_CASE("engine assigned: late answers for a port that is unmapped are not ours (V-4)",
          "[engine][grant]")
{
    driver client;
    client.map(udp(80));
    client.settle();
    client.unmap(udp(80));
    client.settle();
    client.silence();
    operation& call = client.map(assigned);
    CHECK(client.receive(map_answer(protocol::udp, 80, 80, 7200, client.epoch())) ==
          ignore_reason::wrong_port);
    CHECK(client.receive(delete_answer(protocol::udp, 80, client.epoch())) ==
          ignore_reason::wrong_port);
    CHECK(call.started);
}

TEST_CASE("engine assigned: an answer for another mapping is not ours (V-4)", "[engine][grant]")
{
    driver client;
    client.map(udp(80));
    client.settle();
    client.silence();
    operation& call = client.map(assigned);
    const auto answer = map_answer(protocol::udp, 80, 80, 7200, client.epoch());
    CHECK(client.receive(answer) == ignore_reason::wrong_port);
    CHECK(call.started);
    CHECK(client.receive(map_answer(protocol::udp, 0, 49152, 60, client.epoch())) ==
          ignore_reason::none);
    CHECK(call.mappings[0].external_port == 49152);
}

TEST_CASE("engine assigned: internal port 0 takes no other mapping's part", "[engine][grant]")
{
    driver client;
    client.silence();
    client.map(udp(80));
    client.run_until(1s);
    client.receive(delete_answer(protocol::udp, 80, client.epoch()));
    CHECK(client.receive(map_answer(protocol::udp, 0, 49152, 60, client.epoch())) ==
          ignore_reason::wrong_port);
}

TEST_CASE("engine assigned: unmapped, it is sent nothing and runs out (D-8)", "[engine][grant]")
{
    driver client;
    client.grant_port(49152, 60);
    client.map(assigned);
    client.run_until(1s);
    CHECK(client.mapping_of(udp(0)) == client.mappings().at(0));
    client.take_wire();
    operation& call = client.unmap(udp(0));
    CHECK(client.done_at(call) == "1");
    CHECK_FALSE(call.error);
    CHECK(client.mappings().empty());
    CHECK_FALSE(client.mapping_of(udp(0)));
    CHECK_FALSE(client.active());
    client.run_until(1000s);
    CHECK(client.wire.empty());

    operation& again = client.unmap(udp(0));
    CHECK(again.error == errc::invalid_internal_port);
}

TEST_CASE("engine assigned: unmapped while it is asked for", "[engine][grant]")
{
    driver client;
    client.grant_port(49152, 60);
    client.delay = 400ms;
    operation& call = client.map(assigned);
    operation& unmap = client.unmap(udp(0));
    CHECK(call.error == aborted);
    CHECK_FALSE(unmap.error);
    client.run_until(1000s);
    CHECK(client.wire == lines{"0 map udp 0 1 60"});
    CHECK(client.mappings().empty());
    CHECK_FALSE(client.active());
}

TEST_CASE("engine assigned: cancelled with its answer under way", "[engine][grant]")
{
    driver client;
    client.grant_port(49152, 60);
    client.delay = 20s;
    operation& call = client.map(assigned);
    client.run_until(5s);
    client.cancel(call);
    client.run_until(1000s);
    CHECK(containing(client.wire, "delete").empty());
    CHECK(client.mappings().empty());
    CHECK_FALSE(client.active());
}

TEST_CASE("engine assigned: a shutdown deletes the others only (D-8)", "[engine][grant]")
{
    driver client;
    client.map(tcp(80));
    client.settle();
    client.grant_port(49152, 60);
    client.map(assigned);
    client.run_until(1s);
    client.take_wire();
    client.heal();
    operation& call = client.shutdown(2s);
    client.settle();
    CHECK(client.wire == lines{"1 delete tcp 80"});
    CHECK_FALSE(call.started);
    CHECK_FALSE(call.error);
}

TEST_CASE("engine assigned: what contradicts it is refused", "[engine][grant]")
{
    driver client;
    map_request wrong = assigned;
    wrong.internal_port = 6881;
    CHECK(client.map(wrong).error == errc::invalid_internal_port);
    wrong = assigned;
    wrong.external_port = 6881;
    CHECK(client.map(wrong).error == errc::invalid_external_port);
    wrong = assigned;
    wrong.gateway_assigns_port = false;
    CHECK(client.map(wrong).error == errc::invalid_internal_port);
    wrong = assigned;
    wrong.internal_port = 70000;
    CHECK(client.map(wrong).error == errc::invalid_internal_port);
    CHECK(client.wire.empty());
}

} // namespace engine_grant_test
