// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Requests on their way out: bytes, retransmission, one at a time, and whose turn it is.

#include "unit/engine_driver.hpp"

namespace engine_request_test {
using namespace engine_test;

const lines schedule{"0", "0.25", "0.75", "1.75", "3.75", "7.75", "15.75", "31.75", "63.75"};

TEST_CASE("engine: delete, map, address, serially (Q-1, D-2, M-5, X0-1)", "[engine][request]")
{
    driver client;
    client.delay = 40ms;
    operation& call = client.map(tcp(6881));
    client.run_until(10s);

    CHECK(client.wire == lines{"0 delete tcp 6881", "0.04 map tcp 6881 6881 7200", "0.08 address"});
    REQUIRE(client.done_at(call) == "0.12");
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0] ==
          natpmp::mapping{.protocol = protocol::tcp,
                          .internal_port = 6881,
                          .external_port = 6881,
                          .external_address = natpmp::net::ip::make_address("203.0.113.7"),
                          .lifetime = 7200s});
    CHECK(client.mappings() == std::vector{call.mappings[0]});
    CHECK(client.take_events() == lines{"mapped tcp 6881 6881"});
    CHECK(client.deadline() == origin + 40ms + 3600s);
}

TEST_CASE("engine: the bytes on the wire (M-1, M-2, M-3, M-10)", "[engine][request]")
{
    driver client;
    client.map({.protocol = protocol::tcp, .internal_port = 80, .external_port = 8080});
    client.map(udp(4001));
    client.settle();
    REQUIRE(client.sent.size() == 5);
    CHECK(client.sent[0].raw == hex("00 02 00 00 00 50 00 00 00 00 00 00"));
    CHECK(client.sent[1].raw == hex("00 02 00 00 00 50 1f 90 00 00 1c 20"));
    CHECK(client.sent[2].raw == hex("00 00"));
    CHECK(client.sent[3].raw == hex("00 01 00 00 0f a1 00 00 00 00 00 00"));
    CHECK(client.sent[4].raw == hex("00 01 00 00 0f a1 0f a1 00 00 1c 20"));
}

TEST_CASE("engine: nine sends, and gateway_silent at 127.75 s (T-1, T-2, T-3, T-4)",
          "[engine][request]")
{
    driver client;
    client.silence();
    const bool maps = GENERATE(true, false);
    operation& call = maps ? client.map(without_clean_up(tcp(80))) : client.address();
    client.run_until(127'749ms);
    CHECK(client.times() == schedule);
    CHECK(client.done_at(call) == "pending");
    client.run_until(1000s);
    CHECK(client.times() == schedule);
    CHECK(client.done_at(call) == "127.75");
    CHECK(call.error == errc::gateway_silent);
    for (const request& each : client.sent)
        CHECK(each.raw == client.sent.front().raw);
    const natpmp::status status = client.status();
    CHECK(status.sent == 9);
    CHECK(status.retransmitted == 8);
    CHECK(status.last_error == errc::gateway_silent);
}

TEST_CASE("engine: any answer stops the retransmission (T-8)", "[engine][request]")
{
    driver client;
    client.silence();
    operation& call = client.map(without_clean_up(tcp(80)));
    client.run_until(300ms);
    CHECK(client.sent.size() == 2);
    client.receive(map_answer(protocol::tcp, 80, 0, 0, 5, 2));
    CHECK(call.error == result_code::not_authorized);
    CHECK(client.done_at(call) == "0.3");
    client.run_until(100s);
    CHECK(client.count(&request::is_create) == 2);
}

TEST_CASE("engine queue: first come, first served (Q-2)", "[engine][request]")
{
    driver client;
    client.delay = 10ms;
    client.map(without_clean_up(tcp(1)));
    client.address();
    client.map(without_clean_up(tcp(2)));
    client.map(without_clean_up(tcp(3)));
    client.run_until(10s);
    CHECK(client.wire == lines{"0 map tcp 1 1 7200", "0.01 address", "0.02 map tcp 2 2 7200",
                               "0.03 map tcp 3 3 7200"});
}

TEST_CASE("engine queue: a fast gateway is not held up (Q-3)", "[engine][request]")
{
    driver client;
    client.delay = 1ms;
    operation* last = nullptr;
    for (std::uint16_t port = 1; port <= 20; ++port)
        last = &client.map(without_clean_up(tcp(port)));
    client.run_until(10s);
    CHECK(client.done_at(*last) == "0.021");
}

TEST_CASE("engine queue: never two requests in flight (Q-1)", "[engine][request]")
{
    driver client;
    client.delay = 500ms;
    for (std::uint16_t port = 1; port <= 20; ++port)
        client.map(without_clean_up(tcp(port)));
    client.address();
    client.run_until(60s);
    // Between two distinct requests there is always the answer to the first.
    time_point answered = origin;
    for (std::size_t at = 1; at < client.sent.size(); ++at) {
        if (client.sent[at].raw == client.sent[at - 1].raw)
            continue;
        CHECK(client.sent[at].at >= answered + 500ms);
        answered = client.sent[at].at;
    }
    CHECK(client.mappings().size() == 20);
    CHECK(client.sent.back().at < origin + 15s); // at the gateway's pace
}

TEST_CASE("engine queue: unmapping goes before user operations", "[engine][request]")
{
    driver client;
    client.delay = 10ms;
    client.map(without_clean_up(tcp(1)));
    client.map(without_clean_up(tcp(2)));
    client.run_until(100ms);
    client.take_wire();
    client.address(); // in flight
    client.map(without_clean_up(tcp(3)));
    client.address();
    client.unmap(tcp(1));
    client.unmap(tcp(2));
    client.run_until(10s);
    CHECK(client.wire == lines{"0.1 address", "0.11 delete tcp 1", "0.12 delete tcp 2",
                               "0.13 map tcp 3 3 7200", "0.14 address"});
}

TEST_CASE("engine queue: user operations go before renewals, these before retries",
          "[engine][request]")
{
    driver client;
    client.map(without_clean_up(tcp(1)));
    client.refuse(4);
    map_request patient = without_clean_up(tcp(9));
    patient.keep_trying = true;
    client.map(patient); // its 7th attempt: after 30 + 60 + 120 + 240 + 480 + 480 s ...
    client.refuse(4, maps(9));
    client.run_until(3599'999ms);
    // The machine slept: everything is due at once.
    client.take_wire();
    client.delay = 10ms;
    client.now += 1500s; // less than half of what is left of the lease
    client.map(without_clean_up(tcp(2)));
    client.run_for(1s);
    REQUIRE(client.wire.size() >= 3);
    CHECK(client.wire[0].find("map tcp 2 2 7200") != std::string::npos);
    const auto at = [&](const std::string& what) {
        return std::find_if(client.wire.begin(), client.wire.end(), [&](const std::string& line) {
            return line.find(what) != std::string::npos;
        });
    };
    CHECK(at("map tcp 1 1 7200") < at("map tcp 9 9 7200"));
    CHECK(at("map tcp 9 9 7200") != client.wire.end());
}

TEST_CASE("engine queue: nothing to do, nothing due", "[engine][request]")
{
    driver client;
    CHECK(client.deadline() == never);
    CHECK_FALSE(client.active());
    CHECK_FALSE(client.status().next_due);
    client.run_until(1000h);
    CHECK(client.sent.empty());
}

TEST_CASE("engine background: an operation does not hold a renewal until the lease ends",
          "[engine][request]")
{
    driver client;
    client.gateway = [&](const request& asked) {
        if (asked.is_address())
            return bytes{}; // it does not know this opcode
        return asked.is_create() ? map_answer(asked.kind(), 80, 80, 120, client.epoch())
                                 : client.conforming(asked);
    };
    client.map(tcp(80));
    client.run_until(50s);
    operation& call = client.address();
    client.run_until(89s);
    CHECK(client.count(maps(80), 50s) == 0);
    client.run_until(119s); // due at 60 s, overdue at 90 s
    CHECK(client.count(maps(80), 50s) == 1);
    client.run_until(1000s);
    CHECK(call.error == errc::gateway_silent);
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine: what gives way to an unmap still takes its answer", "[engine][request]")
{
    driver client;
    client.answer_only(&request::is_delete);
    operation& call = client.map(without_clean_up(tcp(80)));
    operation& removal = client.unmap(udp(7));
    client.run_until(100ms);
    CHECK(client.done_at(removal) == "pending");
    SECTION("a refusal (T-8)")
    {
        client.receive(map_answer(protocol::tcp, 80, 0, 0, 5, 2));
        CHECK(call.error == result_code::not_authorized);
    }
    SECTION("a grant (T-8)")
    {
        client.receive(map_answer(protocol::tcp, 80, 80, 7200, 5));
    }
    SECTION("ICMP (T-5)")
    {
        client.refused();
        CHECK(call.error == errc::not_supported);
    }
    client.run_until(50s);
    CHECK(client.done_at(removal) == "0.1");
    CHECK(containing(client.wire, "map tcp 80") == lines{"0 map tcp 80 80 7200"});
}

TEST_CASE("engine: what gives way to an unmap starts again after it", "[engine][request]")
{
    driver client;
    client.answer_only(&request::is_delete);
    operation& call = client.map(without_clean_up(tcp(80)));
    client.run_until(100ms);
    operation& removal = client.unmap(udp(7));
    client.run_until(1200ms);
    CHECK(client.take_wire() ==
          lines{"0 map tcp 80 80 7200", "1.1 delete udp 7", "1.1 map tcp 80 80 7200"});
    CHECK(client.done_at(removal) == "1.1");
    client.run_until(1000s);
    CHECK(client.done_at(call) == "128.85");
    CHECK(call.error == errc::gateway_silent);
}

} // namespace engine_request_test
