// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Which request a datagram answers: none, another one, a delete instead of a map request; late and
// repeated answers.

#include "unit/engine_driver.hpp"

#include <random>

namespace engine_response_test {
using namespace engine_test;

/// A map request for TCP port 4001 is in flight since 0, and nothing else.
void ask(driver& client)
{
    client.silence();
    client.map(without_clean_up(tcp(4001)));
    client.run_until(100ms);
}

/// The clean-up was sent three times without an answer; the map request is in flight.
operation& silent_clean_up(driver& client)
{
    client.silence();
    operation& call = client.map(tcp(80));
    client.run_until(1800ms);
    REQUIRE(client.wire == lines{"0 delete tcp 80", "0.25 delete tcp 80", "0.75 delete tcp 80",
                                 "1.75 map tcp 80 80 7200"});
    client.take_wire();
    return call;
}

bytes done(const driver& client)
{
    return delete_answer(protocol::tcp, 80, client.epoch());
}

bytes granted(const driver& client)
{
    return map_answer(protocol::tcp, 80, 80, 7200, client.epoch());
}

TEST_CASE("engine answer: what is ignored disturbs no timer (V-3, V-4, V-10)", "[engine][response]")
{
    driver client;
    ask(client);
    const auto [packet, why] = GENERATE(table<bytes, ignore_reason>({
        {map_answer(protocol::udp, 4001, 4001, 7200, 0), ignore_reason::wrong_opcode},
        {map_answer(protocol::tcp, 4002, 4001, 7200, 0), ignore_reason::wrong_port},
        {map_answer(protocol::tcp, 4002, 0, 0, 0, 2), ignore_reason::wrong_port},
        {map_answer(protocol::tcp, 0, 4001, 7200, 0), ignore_reason::wrong_port},
        {map_answer(protocol::tcp, 242, 4001, 7200, 0), ignore_reason::wrong_port},
        {address_answer("203.0.113.7", 0), ignore_reason::wrong_opcode},
        {address_answer("203.0.113.7", 0, 3), ignore_reason::wrong_opcode},
        {hex("00 83 00 00 00 00 00 00 0f a1 0f a1 00 00 1c 20"), ignore_reason::wrong_opcode},
        {hex("00 02 00 00 0f a1 0f a1 00 00 1c 20"), ignore_reason::wrong_opcode},
        {hex("00 00"), ignore_reason::too_short},
        {hex("00 82 00 00 00 00 00 00 0f a1 0f a1 00 00 1c"), ignore_reason::too_short},
        {hex("00 82 00 02 00 00 00"), ignore_reason::too_short},
        {hex("01 82 00 00 00 00 00 00 0f a1 0f a1 00 00 1c 20"), ignore_reason::wrong_version},
        {hex("02 82 00 00 00 00 00 00 0f a1 0f a1 00 00 1c 20"), ignore_reason::wrong_version},
        {hex("02 02 00 01"), ignore_reason::wrong_version},
        {hex("00 82 00 05 0f a2 0f a1 00 00 1c 20"), ignore_reason::wrong_port},
        {bytes{}, ignore_reason::too_short},
    }));
    CHECK(client.receive(packet) == why);
    CHECK(client.ignored(why) == 1);
    CHECK(client.status().received == 0);
    CHECK(client.status().external_address.is_unspecified());
    CHECK(client.mappings().empty());
    client.run_until(127'749ms);
    CHECK(client.sent.size() == 9);
    CHECK(client.sent[1].at == origin + 250ms);
    CHECK(client.status().resets == 0);
    // The true answer is taken still, and is the first to set the clock.
    client.heal();
    client.receive(map_answer(protocol::tcp, 4001, 4001, 7200, 5));
    CHECK(client.status().up == 1);
    CHECK(client.status().resets == 0);
}

TEST_CASE("engine answer: forms of refusal that end the request (C-1, C-2, X-6, V-4)",
          "[engine][response]")
{
    driver client;
    ask(client);
    const auto [text, code] = GENERATE(table<std::string, int>({
        {"00 82 00 02 00 00 03 e8 0f a1 00 00 00 00 00 00", 2},
        {"00 82 00 04 00 00 03 e8 0f a1 0f a1 00 00 1c 20", 4},
        {"00 82 00 02 00 00 03 e8", 2},             // short
        {"00 82 00 03 00 00 03 e8 0f", 3},          // short
        {"00 82 00 02 00 00 03 e8 00 00 00 00", 2}, // no port
        {"00 82 01 00 00 00 03 e8 0f a1", 256},
        {"00 00 00 01 00 00 03 e8", 1},
        {"00 80 00 01 00 00 03 e8", 1},
        {"00 81 00 01 00 00 03 e8", 1},
        {"00 82 00 01 00 00 03 e8", 1},
        {"00 82 00 05 0f a1 0f a1 00 00 1c 20", 5},             // echo: the port at 4
        {"00 82 00 05 00 00 03 e8 0f a1 00 00 00 00 00 00", 5}, // an answer: at 8
        {"00 82 00 05 0f a1", 5},
        {"02 82", 1},
        {"02 82 00 01 00 00 07 08 00 00 03 e8 00 00 00 00 00 00 00 00 00 00 00 00", 1},
        {"02 81 00 02 a2 a9 00 00 00 4f 8f d2", 1},
    }));
    INFO(text);
    CHECK(client.receive(hex(text)) == ignore_reason::none);
    CHECK(client.status().received == 1);
    CHECK(client.status().last_error == static_cast<result_code>(code));
    CHECK(client.status().kept == 0);
    CHECK(client.count(&request::is_create) == 1);
}

TEST_CASE("engine answer: what is not asked is not awaited (V-6)", "[engine][response]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    const time_point due = client.deadline();
    for (int count = 0; count < 3; ++count)
        CHECK(client.receive(map_answer(protocol::tcp, 80, 80, 7200, client.epoch())) ==
              ignore_reason::not_awaited);
    CHECK(client.receive(address_answer("203.0.113.99", client.epoch())) ==
          ignore_reason::not_awaited);
    CHECK(client.receive(hex("02 80")) == ignore_reason::not_awaited);
    CHECK(client.receive(hex("00 80 00 01 00 00 03 e8")) == ignore_reason::not_awaited);
    CHECK(client.ignored(ignore_reason::not_awaited) == 6);
    CHECK(client.deadline() == due);
    CHECK(client.take_events().empty());
    CHECK(client.status().renewals == 0);
    CHECK(client.status().external_address.to_string() == "203.0.113.7");
}

TEST_CASE("engine answer: answered twice, granted once (V-6)", "[engine][response]")
{
    driver client;
    client.gateway = [&](const request& asked) {
        const bytes answer = client.conforming(asked);
        client.deliver_after(20ms, answer);
        client.deliver_after(30ms, answer);
        return answer;
    };
    client.delay = 10ms;
    operation& call = client.map(without_clean_up(tcp(80)));
    client.run_until(1000s);
    CHECK(client.done_at(call) == "0.02");
    CHECK(client.take_events() == lines{"mapped tcp 80 80"});
    CHECK(client.status().renewals == 0);
}

TEST_CASE("engine answer: a slow gateway answers each retransmission (Q-3)", "[engine][response]")
{
    driver client;
    client.delay = 500ms;
    operation& call = client.map(tcp(80));
    client.run_until(60s);
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].external_port == 80);
    CHECK(call.mappings[0].external_address.to_string() == "203.0.113.7");
    CHECK(std::stod(client.done_at(call)) <= 2.0);
}

TEST_CASE("engine answer: noise while a request is in flight (V-10)", "[engine][response]")
{
    driver client;
    ask(client);
    std::mt19937 random{4711};
    const bytes seeds[] = {map_answer(protocol::udp, 4001, 4001, 7200, 1),
                           map_answer(protocol::tcp, 4002, 4001, 7200, 1),
                           map_answer(protocol::tcp, 4002, 4001, 7200, 1, 2),
                           address_answer("203.0.113.7", 1)};
    for (const bytes& seed : seeds)
        for (std::size_t length = 0; length <= 1500; ++length) {
            bytes packet = seed;
            packet.resize(length);
            if (length < 10 && seed[3] == 2)
                continue; // it is taken for our own refusal then
            REQUIRE(client.receive(packet) != ignore_reason::none);
        }
    for (int round = 0; round < 20'000; ++round) {
        bytes packet(random() % 33);
        for (std::uint8_t& each : packet)
            each = static_cast<std::uint8_t>(random());
        if (packet.size() < 2 || (packet[0] != 0 && packet[0] != 2))
            REQUIRE(client.receive(packet) != ignore_reason::none);
    }
    CHECK(client.status().received == 0);
    client.run_until(127'749ms);
    CHECK(client.sent.size() == 9);
    CHECK(client.status().kept == 0);
}

TEST_CASE("engine: late answers to the clean-up do not answer the map (V-7)", "[engine][response]")
{
    driver client;
    operation& call = silent_clean_up(client);
    for (int count = 0; count < 3; ++count) {
        CHECK(client.receive(done(client)) == ignore_reason::not_awaited);
        CHECK(client.done_at(call) == "pending");
    }
    SECTION("more of them grant nothing, and end the map request after 3.75 s")
    {
        CHECK(client.receive(done(client)) == ignore_reason::not_awaited);
        client.run_until(2600ms);
        CHECK(client.receive(done(client)) == ignore_reason::not_awaited);
        client.run_until(20s);
        CHECK(call.error == errc::invalid_grant);
        CHECK(client.done_at(call) == "5.5"); // its first transmission was at 1.75 s
    }
    SECTION("the grant is still taken")
    {
        client.heal();
        CHECK(client.receive(granted(client)) == ignore_reason::none);
        client.settle();
        CHECK_FALSE(call.error);
        CHECK(client.done_at(call) == "1.8");
    }
    SECTION("only one of the two zero is the map's, always")
    {
        CHECK(client.receive(map_answer(protocol::tcp, 80, 80, 0, client.epoch())) ==
              ignore_reason::none);
        CHECK(call.error == errc::invalid_grant);
    }
}

TEST_CASE("engine: only one of the two zero is never a delete's", "[engine][response]")
{
    driver client;
    operation& call = silent_clean_up(client);
    const bool port = GENERATE(true, false);
    CHECK(client.receive(port ? map_answer(protocol::tcp, 80, 80, 0, client.epoch())
                              : map_answer(protocol::tcp, 80, 0, 7200, client.epoch())) ==
          ignore_reason::none);
    CHECK(call.error == errc::invalid_grant);
}

TEST_CASE("engine: an empty success never answers a map request (C-6, V-7)", "[engine][response]")
{
    driver client;
    client.answer_only(&request::is_delete);
    operation& call = client.map(tcp(80));
    for (const duration at : {100ms, 200ms, 800ms, 3700ms}) {
        client.run_until(at);
        CHECK(client.receive(done(client)) == ignore_reason::not_awaited);
    }
    SECTION("a grant does, within 3.75 s")
    {
        client.run_until(3740ms);
        CHECK(client.receive(granted(client)) == ignore_reason::none);
        CHECK_FALSE(call.error);
    }
    SECTION("without one there is no valid grant, 3.75 s after the first transmission")
    {
        client.run_until(20s);
        CHECK(call.error == errc::invalid_grant);
        CHECK(client.done_at(call) == "3.75");
        CHECK(client.wire.back() == "3.75 delete tcp 80"); // what it may have granted
    }
}

TEST_CASE("engine: an empty success is no answer, long after any delete either (C-6)",
          "[engine][response]")
{
    driver client;
    client.map(tcp(80));
    client.run_until(9s);
    client.unmap(tcp(80));
    client.run_until(19s);
    client.silence();
    operation& call = client.map(tcp(80));
    CHECK(client.wire.back() == "19 map tcp 80 80 7200");
    CHECK(client.receive(done(client)) == ignore_reason::not_awaited);
    client.run_until(60s);
    CHECK(call.error == errc::invalid_grant);
    CHECK(client.done_at(call) == "22.75");
}

TEST_CASE("engine: the network repeats the clean-up's answer", "[engine][response]")
{
    driver client;
    client.delay = 10ms;
    client.gateway = [&](const request& asked) {
        for (const duration late : {15ms, 25ms, 400ms})
            if (asked.is_delete())
                client.deliver_after(late, client.conforming(asked));
        return client.conforming(asked);
    };
    operation& call = client.map(tcp(80));
    client.run_until(10s);
    CHECK_FALSE(call.error);
    CHECK(client.done_at(call) == "0.03");
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine: a delete answer after the grant causes one renewal at once",
          "[engine][response]")
{
    driver client;
    operation& call = silent_clean_up(client);
    client.heal();
    client.receive(granted(client));
    client.run_until(5s);
    CHECK_FALSE(call.error);
    CHECK(client.take_wire() == lines{"1.8 address"});
    CHECK(client.receive(done(client)) == ignore_reason::not_awaited);
    client.receive(done(client));
    client.receive(done(client));
    client.receive(done(client));
    client.run_until(100s);
    // The second answer came while that renewal was in flight.
    CHECK(client.wire == lines{"5 map tcp 80 80 7200", "6 map tcp 80 80 7200"});
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine: that renewal keeps its distance of 1 s", "[engine][response]")
{
    driver client;
    silent_clean_up(client);
    client.heal();
    client.receive(granted(client));
    client.run_until(2s);
    client.take_wire();
    client.receive(done(client));
    client.run_until(100s);
    CHECK(client.wire == lines{"2.75 map tcp 80 80 7200"});
}

TEST_CASE("engine: an answer to a delete that the network repeated counts the same",
          "[engine][response]")
{
    driver client;
    client.hold({tcp(80)}, 5s);
    CHECK(client.receive(done(client)) == ignore_reason::not_awaited);
    client.run_until(100s);
    CHECK(client.wire == lines{"5 map tcp 80 80 7200"});
}

TEST_CASE("engine: a delete answer without a recent delete causes nothing", "[engine][response]")
{
    driver client;
    client.hold({tcp(80)}, 11s);
    CHECK(client.receive(done(client)) == ignore_reason::not_awaited);
    client.run_until(100s);
    CHECK(client.wire.empty());
}

TEST_CASE("engine: a refusal of the map after a silent clean-up ends it", "[engine][response]")
{
    driver client;
    operation& call = silent_clean_up(client);
    client.refuse(2);
    client.run_until(127s);
    CHECK(call.error == result_code::not_authorized);
    CHECK(std::stod(client.done_at(call)) <= 6.0); // three refusals may be the clean-up's
}

TEST_CASE("engine: a slow gateway that answers every delete twice does not answer the map (V-7)",
          "[engine][response]")
{
    driver client;
    client.delay = 1s; // after three deletes
    client.gateway = [&client](const request& asked) {
        bytes answer = client.conforming(asked);
        if (asked.is_delete())
            client.deliver_after(1001ms, answer);
        return answer;
    };
    operation& call = client.map(tcp(80));
    client.run_until(10s);
    CHECK_FALSE(call.error);
    CHECK(client.take_events() == lines{"mapped tcp 80 80"});
    CHECK(client.count(&request::is_create) == 6); // once more
}

TEST_CASE("engine: a repeated delete that overtakes the map's answer is noticed",
          "[engine][response]")
{
    driver client;
    client.delay = 20ms;
    operation& call = client.map(tcp(80));
    client.run_until(30ms);
    // The network repeated the delete, it came after the map request, and its answer comes first.
    CHECK(client.receive(done(client)) == ignore_reason::not_awaited);
    client.run_until(500ms);
    CHECK_FALSE(call.error);
    client.take_wire();
    client.run_until(100s);
    CHECK(client.wire == lines{"1.02 map tcp 80 80 7200"});
}

} // namespace engine_response_test
