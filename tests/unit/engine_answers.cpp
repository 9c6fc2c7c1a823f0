// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Which answer is whose (V-3 to V-10; design: a packet counts).

#include "unit/engine_support.hpp"

#include <random>

namespace engine_answers_test {
using namespace engine_test;

/// A map request for TCP port 4001 is in flight since 0, and nothing else.
void ask(driver& world)
{
    world.silence();
    world.map({.protocol = protocol::tcp, .internal_port = 4001, .clean_up = false});
    world.run_until(100ms);
}

TEST_CASE("engine answer: what is ignored disturbs no timer (V-3, V-4, V-10)", "[engine][answer]")
{
    driver world;
    ask(world);
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
    CHECK(world.receive(packet) == why);
    CHECK(world.ignored(why) == 1);
    CHECK(world.status().received == 0);
    CHECK(world.status().external_address.is_unspecified());
    CHECK(world.mappings().empty());
    world.run_until(127'749ms);
    CHECK(world.sent.size() == 9);
    CHECK(world.sent_at[1] == origin + 250ms);
    CHECK(world.status().resets == 0);
    // The true answer is taken still, and is the first to set the clock.
    world.heal();
    world.receive(map_answer(protocol::tcp, 4001, 4001, 7200, 5));
    CHECK(world.status().up == 1);
    CHECK(world.status().resets == 0);
}

TEST_CASE("engine answer: forms of refusal that end the request (C-1, C-2, X-6, V-4)",
          "[engine][answer]")
{
    driver world;
    ask(world);
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
    CHECK(world.receive(hex(text)) == ignore_reason::none);
    CHECK(world.status().received == 1);
    CHECK(world.status().last_error == static_cast<result_code>(code));
    CHECK(world.status().kept == 0);
    CHECK(std::count_if(world.sent.begin(), world.sent.end(),
                        [](const request& each) { return each.is_create(); }) == 1);
}

TEST_CASE("engine answer: what is not asked is not awaited (V-6)", "[engine][answer]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.take_events();
    const time_point due = world.deadline();
    for (int count = 0; count < 3; ++count)
        CHECK(world.receive(map_answer(protocol::tcp, 80, 80, 7200, world.epoch())) ==
              ignore_reason::not_awaited);
    CHECK(world.receive(address_answer("203.0.113.99", world.epoch())) ==
          ignore_reason::not_awaited);
    CHECK(world.receive(hex("02 80")) == ignore_reason::not_awaited);
    CHECK(world.receive(hex("00 80 00 01 00 00 03 e8")) == ignore_reason::not_awaited);
    CHECK(world.ignored(ignore_reason::not_awaited) == 6);
    CHECK(world.deadline() == due);
    CHECK(world.take_events().empty());
    CHECK(world.status().renewals == 0);
    CHECK(world.status().external_address.to_string() == "203.0.113.7");
}

TEST_CASE("engine answer: answered twice, granted once (V-6)", "[engine][answer]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        const bytes answer = world.conforming(asked);
        world.deliver_after(20ms, answer);
        world.deliver_after(30ms, answer);
        return answer;
    };
    world.delay = 10ms;
    operation& call =
        world.map({.protocol = protocol::tcp, .internal_port = 80, .clean_up = false});
    world.run_until(1000s);
    CHECK(world.done_at(call) == "0.02");
    CHECK(world.take_events() == lines{"mapped tcp 80 80"});
    CHECK(world.status().renewals == 0);
}

TEST_CASE("engine answer: a slow gateway answers each retransmission (Q-3)", "[engine][answer]")
{
    driver world;
    world.delay = 500ms;
    operation& call = world.map(tcp(80));
    world.run_until(60s);
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].external_port == 80);
    CHECK(call.mappings[0].external_address.to_string() == "203.0.113.7");
    CHECK(std::stod(world.done_at(call)) <= 2.0);
}

TEST_CASE("engine answer: noise while a request is in flight (V-10)", "[engine][answer]")
{
    driver world;
    ask(world);
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
            REQUIRE(world.receive(packet) != ignore_reason::none);
        }
    for (int round = 0; round < 20'000; ++round) {
        bytes packet(random() % 33);
        for (std::uint8_t& each : packet)
            each = static_cast<std::uint8_t>(random());
        if (packet.size() < 2 || (packet[0] != 0 && packet[0] != 2))
            REQUIRE(world.receive(packet) != ignore_reason::none);
    }
    CHECK(world.status().received == 0);
    world.run_until(127'749ms);
    CHECK(world.sent.size() == 9);
    CHECK(world.status().kept == 0);
}

} // namespace engine_answers_test
