// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What gateways grant, sensible or not (M-6, M-7, M-11, C-2, C-4, C-6, N-5).

#include "unit/engine_support.hpp"

namespace engine_grants_test {
using namespace engine_test;

/// Grants this port and this lifetime to every map request.
driver::script granting(driver& world, std::uint16_t port, std::uint32_t lifetime)
{
    return [&world, port, lifetime](const request& asked) {
        return asked.is_create()
                   ? map_answer(asked.kind(), asked.internal_port(), port, lifetime, world.epoch())
                   : world.conforming(asked);
    };
}

std::size_t creates(const driver& world)
{
    return static_cast<std::size_t>(
        std::count_if(world.sent.begin(), world.sent.end(),
                      [](const request& each) { return each.is_create(); }));
}

TEST_CASE("engine grant: another port is success, and is not fought (M-6)", "[engine][grant]")
{
    driver world;
    world.gateway = granting(world, 49152, 7200);
    operation& call =
        world.map({.protocol = protocol::tcp, .internal_port = 80, .external_port = 8080});
    world.run_until(3599s);
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].external_port == 49152);
    CHECK(world.wire == lines{"0 delete tcp 80", "0 map tcp 80 8080 7200", "0 address"});
    world.take_wire();
    world.run_until(3600s);
    CHECK(world.wire.front() == "3600 map tcp 80 49152 7200");
}

TEST_CASE("engine grant: another port at a renewal (N-5)", "[engine][grant]")
{
    driver world;
    world.gateway = granting(world, 50001, 7200);
    world.map(tcp(80));
    world.run_until(10s);
    CHECK(world.take_events() == lines{"mapped tcp 80 50001"});
    world.gateway = granting(world, 50002, 7200);
    world.take_wire();
    world.run_until(7200s);
    CHECK(world.take_events() == lines{"port_changed tcp 80 50002"});
    const lines wire = world.take_wire();
    CHECK(std::count(wire.begin(), wire.end(), "3600 map tcp 80 50001 7200") == 1);
    CHECK(std::count(wire.begin(), wire.end(), "7200 map tcp 80 50002 7200") == 1);
    for (const std::string& line : wire)
        CHECK(line.find("delete") == std::string::npos);
    CHECK(world.mappings().at(0).external_port == 50002);
}

TEST_CASE("engine grant: shorter and longer than asked (M-11)", "[engine][grant]")
{
    driver world;
    struct row
    {
        std::uint32_t granted;
        duration renewal;
    };
    const row each = GENERATE(row{60, 30s}, row{3, 1500ms}, row{20'000, 10'000s},
                              row{86'400, 43'200s}, row{0xFFFFFFFF, 43'200s});
    world.gateway = granting(world, 80, each.granted);
    operation& call = world.map(tcp(80));
    world.settle();
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].lifetime == std::chrono::seconds{each.granted});
    world.run_until(each.renewal - 1ms);
    CHECK(creates(world) == 1);
    world.run_until(each.renewal);
    CHECK(creates(world) == 2);
}

TEST_CASE("engine grant: the longest lifetime asked for and granted", "[engine][grant]")
{
    driver world;
    map_request what = tcp(80);
    what.lifetime = std::chrono::seconds{0xFFFFFFFF};
    operation& call = world.map(what);
    world.settle();
    CHECK(world.sent[1].raw == hex("00 02 00 00 00 50 00 50 ff ff ff ff"));
    CHECK(call.mappings[0].lifetime == 4294967295s);
    CHECK(creates(world) == 1);
    world.run_until(4294967295s / 2);
    CHECK(creates(world) == 1);
    world.run_until(4294967295s / 2 + 1s);
    CHECK(creates(world) == 2);
}

TEST_CASE("engine grant: a one-second lease makes no storm", "[engine][grant]")
{
    driver world;
    world.gateway = granting(world, 80, 1);
    operation& call = world.map(tcp(80));
    world.run_until(1h);
    CHECK_FALSE(call.error);
    CHECK(creates(world) >= 3000);
    CHECK(creates(world) <= 3601);
    CHECK(world.sent.size() <= 3601 + 10);
    for (std::size_t at = 4; at < world.sent.size(); ++at)
        if (world.sent[at].is_create() && world.sent[at - 1].is_create())
            CHECK(world.sent_at[at] - world.sent_at[at - 1] >= 1s);
}

TEST_CASE("engine grant: lifetime 0 or port 0 is no grant (C-6)", "[engine][grant]")
{
    driver world;
    const auto lifetime = GENERATE(as<std::uint32_t>{}, 0, 7200);
    const auto port = static_cast<std::uint16_t>(lifetime == 0 ? GENERATE(0, 80) : 0);
    world.gateway = granting(world, port, lifetime);
    operation& call =
        world.map({.protocol = protocol::tcp, .internal_port = 80, .clean_up = false});
    world.run_until(1h);
    CHECK(call.error == errc::invalid_grant);
    const bool empty = lifetime == 0 && port == 0; // the answer to a delete (RFC 6886, 3.4)
    CHECK(world.done_at(call) == (empty ? "3.75" : "0"));
    CHECK(world.mappings().empty());
    CHECK(world.status().kept == 0);
    CHECK(creates(world) == (empty ? 4 : 1));
    CHECK(world.take_events().empty());
    CHECK_FALSE(world.active());
}

TEST_CASE("engine grant: lifetime 0 at a renewal only postpones (C-6)", "[engine][grant]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.gateway = granting(world, 80, 0);
    world.take_wire();
    world.run_until(6000s);
    CHECK(world.wire == lines{"3600 map tcp 80 80 7200", "5400 map tcp 80 80 7200"});
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("engine grant: every refusal ends the map, with its number (C-2, C-4, V-8)",
          "[engine][grant]")
{
    driver world;
    const auto code = GENERATE(as<std::uint16_t>{}, 1, 2, 3, 4, 5, 6, 255, 256, 65535);
    world.gateway = [&world, code](const request& asked) {
        return asked.is_create()
                   ? map_answer(asked.kind(), asked.internal_port(), 80, 7200, world.epoch(), code)
                   : world.conforming(asked);
    };
    operation& call = world.map(tcp(80));
    world.run_until(1h);
    CHECK(call.error == static_cast<result_code>(code));
    CHECK(call.error.value() == code);
    CHECK(world.done_at(call) == "0");
    CHECK(world.mappings().empty());
    CHECK(creates(world) == 1);
    CHECK(world.status().last_error == call.error);
    CHECK_FALSE(world.active());
}

TEST_CASE("engine grant: a refusal leaves other mappings alone (C-2)", "[engine][grant]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(10s);
    world.refuse(6);
    operation& call = world.map(tcp(81));
    world.settle();
    CHECK(call.error == static_cast<result_code>(6));
    CHECK(world.mappings().size() == 1);
    world.heal();
    operation& next = world.map(tcp(82));
    world.settle();
    CHECK_FALSE(next.error);
}

} // namespace engine_grants_test
