// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What comes to the announcement port (B-2 to B-10, E-9).

#include "unit/engine_support.hpp"

namespace engine_announcements_test {
using namespace engine_test;

/// One mapping, made at 0; it is 100 now.
void prepare(driver& world)
{
    world.map(tcp(80));
    world.run_until(100s);
    world.take_events();
    world.take_wire();
}

TEST_CASE("engine announcement: another address is an event, not a re-creation (E-9, B-4)",
          "[engine][announcement]")
{
    driver world;
    prepare(world);
    CHECK(world.announce(address_answer("203.0.113.99", world.epoch())) == ignore_reason::none);
    CHECK(world.status().external_address.to_string() == "203.0.113.99");
    CHECK(world.take_events() == lines{"address_changed 203.0.113.99"});
    CHECK(world.mappings()[0].external_address.to_string() == "203.0.113.99");
    world.run_until(3000s);
    for (const std::string& line : world.wire)
        CHECK(line.find("map") == std::string::npos);
    CHECK(world.status().resets == 0);
}

TEST_CASE("engine announcement: only the current gateway's (B-3)", "[engine][announcement]")
{
    driver world;
    const std::string from =
        GENERATE(as<std::string>{}, "192.168.1.2", "192.168.1.254", "10.9.0.1", "::1");
    prepare(world);
    CHECK(world.announce(address_answer("203.0.113.99", 0), from) == ignore_reason::wrong_source);
    CHECK(world.ignored(ignore_reason::wrong_source) == 1);
    CHECK(world.status().external_address.to_string() == "203.0.113.7");
    CHECK(world.take_events().empty());
    world.run_until(3000s);
    CHECK(world.wire.empty());
    CHECK(world.status().resets == 0);
    // Nor the old one's, once there is another.
    world.attach(elsewhere());
    world.run_until(3010s);
    CHECK(world.announce(address_answer("203.0.113.99", 0)) == ignore_reason::wrong_source);
}

TEST_CASE("engine announcement: none is heard without a gateway", "[engine][announcement]")
{
    driver world;
    CHECK(world.announce(address_answer("203.0.113.99", 0)) == ignore_reason::wrong_source);
    prepare(world);
    world.detach();
    CHECK(world.announce(address_answer("203.0.113.99", 0)) == ignore_reason::wrong_source);
}

TEST_CASE("engine announcement: a failure has a clock and no address (B-9, C-3)",
          "[engine][announcement]")
{
    driver world;
    prepare(world);
    CHECK(world.announce(address_answer("203.0.113.99", 0, 3)) == ignore_reason::none);
    CHECK(world.status().external_address.to_string() == "203.0.113.7");
    CHECK(world.status().resets == 1);
    world.boot_epoch = 0U - 100U;
    world.run_until(106s);
    CHECK(world.status().renewals == 1);
}

TEST_CASE("engine announcement: 0.0.0.0 does not hide a known address (C-5)",
          "[engine][announcement]")
{
    driver world;
    prepare(world);
    world.announce(address_answer("0.0.0.0", world.epoch()));
    CHECK(world.status().external_address.to_string() == "203.0.113.7");
    CHECK(world.take_events().empty());
}

TEST_CASE("engine announcement: malformed ones (V-10)", "[engine][announcement]")
{
    driver world;
    prepare(world);
    bytes good = address_answer("203.0.113.99", 0);
    for (std::size_t length = 0; length < 12; ++length) {
        const bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length));
        CHECK(world.announce(cut) == ignore_reason::too_short);
    }
    for (const char* text :
         {"00 00 00 00 00 00 00 00 cb 00 71 07", "00 81 00 00 00 00 00 00 cb 00 71 07",
          "00 82 00 00 00 00 00 00 00 50 00 50 00 00 1c 20", "00 80 00 01 00 00 00 00 cb 00 71 07",
          "00 80 00 05 00 00 00 00 cb 00 71 07", "02 00 00 00", "02 81 00 00"})
        CHECK(world.announce(hex(text)) == ignore_reason::wrong_opcode);
    for (const char* text : {"01 80 00 00 00 00 00 00 cb 00 71 07", "03 80"})
        CHECK(world.announce(hex(text)) == ignore_reason::wrong_version);
    CHECK(world.status().resets == 0);
    CHECK(world.status().external_address.to_string() == "203.0.113.7");
    world.run_until(3000s);
    CHECK(world.wire.empty());
    good.resize(1500);
    CHECK(world.announce(good) == ignore_reason::none);
}

TEST_CASE("engine announcement: PCP's is a hint to ask for the address once (B-10)",
          "[engine][announcement]")
{
    driver world;
    prepare(world);
    const bytes pcp =
        hex("02 80 00 00 00 00 00 00 00 00 00 05 00 00 00 00 00 00 00 00 00 00 00 00");
    SECTION("and nothing else, if nothing is lost")
    {
        CHECK(world.announce(pcp) == ignore_reason::none);
        world.run_until(1000s);
        CHECK(world.wire == lines{"100 address"});
        CHECK(world.status().resets == 0);
    }
    SECTION("its answer tells of the loss")
    {
        world.boot_epoch = 0U - 99U;
        world.announce(pcp);
        world.run_until(106s);
        CHECK(world.status().resets == 1);
        CHECK(world.status().renewals == 1);
    }
    SECTION("a flood of them asks seldom")
    {
        for (int count = 0; count < 3000; ++count) {
            world.announce(pcp);
            world.run_for(1s);
        }
        CHECK(world.sent.size() <= 3 + 3 + 11);
    }
    SECTION("without a mapping nothing is asked")
    {
        world.unmap(tcp(80));
        world.settle();
        world.take_wire();
        world.announce(pcp);
        world.run_until(1000s);
        CHECK(world.wire.empty());
    }
}

TEST_CASE("engine announcement: revives what waits for a silent gateway (T-7)",
          "[engine][announcement]")
{
    driver world;
    world.gateway = [&](const request& asked) {
        return asked.is_create() ? map_answer(protocol::tcp, 80, 80, 60, world.epoch())
                                 : world.conforming(asked);
    };
    world.map(tcp(80));
    world.run_until(20s);
    world.silence();
    world.run_until(1000s);
    CHECK(world.mappings().empty());
    world.heal();
    world.take_wire();
    world.announce(address_answer("203.0.113.7", world.epoch()));
    world.run_until(1006s);
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("engine announcement: the port is not to be had: said once", "[engine][announcement]")
{
    driver world;
    world.announcements_unavailable(natpmp::net::error::address_in_use);
    world.map(tcp(80));
    world.settle();
    const lines events = world.take_events();
    REQUIRE(events.size() == 2);
    CHECK(events[0].substr(0, 25) == "announcements_unavailable");
    CHECK(events[1] == "mapped tcp 80 80");
    CHECK(world.take_events().empty());
}

} // namespace engine_announcements_test
