// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What comes to the announcement port.

#include "unit/engine_driver.hpp"

namespace engine_announcement_test {
using namespace engine_test;

TEST_CASE("engine announcement: another address is an event, not a re-creation (E-9, B-4)",
          "[engine][announcement]")
{
    driver client;
    client.hold({tcp(80)}, 100s);
    CHECK(client.announce(address_answer("203.0.113.99", client.epoch())) == ignore_reason::none);
    CHECK(client.status().external_address.to_string() == "203.0.113.99");
    CHECK(client.take_events() ==
          lines{"address_changed 203.0.113.99", "endpoint_changed tcp 80 80"});
    CHECK(client.mappings()[0].external_address.to_string() == "203.0.113.99");
    client.run_until(3000s);
    CHECK(containing(client.wire, "map").empty());
    CHECK(client.status().resets == 0);
}

TEST_CASE("engine announcement: only the current gateway's (B-3)", "[engine][announcement]")
{
    driver client;
    const std::string from =
        GENERATE(as<std::string>{}, "192.168.1.2", "192.168.1.254", "10.9.0.1", "::1");
    client.hold({tcp(80)}, 100s);
    CHECK(client.announce(address_answer("203.0.113.99", 0), from) == ignore_reason::wrong_source);
    CHECK(client.ignored(ignore_reason::wrong_source) == 1);
    CHECK(client.status().external_address.to_string() == "203.0.113.7");
    CHECK(client.take_events().empty());
    client.run_until(3000s);
    CHECK(client.wire.empty());
    CHECK(client.status().resets == 0);
    // Nor the old one's, once there is another.
    client.attach(elsewhere());
    client.run_until(3010s);
    CHECK(client.announce(address_answer("203.0.113.99", 0)) == ignore_reason::wrong_source);
}

TEST_CASE("engine announcement: none is heard without a gateway", "[engine][announcement]")
{
    driver client;
    CHECK(client.announce(address_answer("203.0.113.99", 0)) == ignore_reason::wrong_source);
    client.hold({tcp(80)}, 100s);
    client.detach();
    CHECK(client.announce(address_answer("203.0.113.99", 0)) == ignore_reason::wrong_source);
}

TEST_CASE("engine announcement: a failure has a clock and no address (B-9, C-3)",
          "[engine][announcement]")
{
    driver client;
    client.hold({tcp(80)}, 100s);
    CHECK(client.announce(address_answer("203.0.113.99", 0, 3)) == ignore_reason::none);
    CHECK(client.status().external_address.to_string() == "203.0.113.7");
    CHECK(client.status().resets == 1);
    client.reboot();
    client.run_until(106s);
    CHECK(client.status().renewals == 1);
}

TEST_CASE("engine announcement: 0.0.0.0 does not hide a known address (C-5)",
          "[engine][announcement]")
{
    driver client;
    client.hold({tcp(80)}, 100s);
    client.announce(address_answer("0.0.0.0", client.epoch()));
    CHECK(client.status().external_address.to_string() == "203.0.113.7");
    CHECK(client.take_events().empty());
}

TEST_CASE("engine announcement: malformed ones (V-10)", "[engine][announcement]")
{
    driver client;
    client.hold({tcp(80)}, 100s);
    bytes good = address_answer("203.0.113.99", 0);
    for (std::size_t length = 0; length < 12; ++length) {
        const bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length));
        CHECK(client.announce(cut) == ignore_reason::too_short);
    }
    for (const char* text :
         {"00 00 00 00 00 00 00 00 cb 00 71 07", "00 81 00 00 00 00 00 00 cb 00 71 07",
          "00 82 00 00 00 00 00 00 00 50 00 50 00 00 1c 20", "00 80 00 01 00 00 00 00 cb 00 71 07",
          "00 80 00 05 00 00 00 00 cb 00 71 07", "02 00 00 00", "02 81 00 00"})
        CHECK(client.announce(hex(text)) == ignore_reason::wrong_opcode);
    for (const char* text : {"01 80 00 00 00 00 00 00 cb 00 71 07", "03 80"})
        CHECK(client.announce(hex(text)) == ignore_reason::wrong_version);
    CHECK(client.status().resets == 0);
    CHECK(client.status().external_address.to_string() == "203.0.113.7");
    client.run_until(3000s);
    CHECK(client.wire.empty());
    good.resize(1500);
    CHECK(client.announce(good) == ignore_reason::none);
}

TEST_CASE("engine announcement: PCP's is a hint to ask for the address once (B-10)",
          "[engine][announcement]")
{
    driver client;
    client.hold({tcp(80)}, 100s);
    const bytes pcp =
        hex("02 80 00 00 00 00 00 00 00 00 00 05 00 00 00 00 00 00 00 00 00 00 00 00");
    SECTION("and nothing else, if nothing is lost")
    {
        CHECK(client.announce(pcp) == ignore_reason::none);
        client.run_until(1000s);
        CHECK(client.wire == lines{"100 address"});
        CHECK(client.status().resets == 0);
    }
    SECTION("its answer tells of the loss")
    {
        client.reboot();
        client.announce(pcp);
        client.run_until(106s);
        CHECK(client.status().resets == 1);
        CHECK(client.status().renewals == 1);
    }
    SECTION("a flood of them asks seldom")
    {
        for (int count = 0; count < 3000; ++count) {
            client.announce(pcp);
            client.run_for(1s);
        }
        CHECK(client.sent.size() <= 3 + 3 + 11);
    }
    SECTION("without a mapping nothing is asked")
    {
        client.unmap(tcp(80));
        client.settle();
        client.take_wire();
        client.announce(pcp);
        client.run_until(1000s);
        CHECK(client.wire.empty());
    }
}

TEST_CASE("engine announcement: revives what waits for a silent gateway (T-7)",
          "[engine][announcement]")
{
    driver client;
    lose(client);
    client.announce(address_answer("203.0.113.7", client.epoch()));
    client.run_until(1006s);
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine announcement: the port is not to be had: said once", "[engine][announcement]")
{
    driver client;
    client.announcements_unavailable(natpmp::net::error::address_in_use);
    client.map(tcp(80));
    client.settle();
    const lines events = client.take_events();
    REQUIRE(events.size() == 2);
    CHECK(events[0].substr(0, 25) == "announcements_unavailable");
    CHECK(events[1] == "mapped tcp 80 80");
    CHECK(client.take_events().empty());
}

TEST_CASE("engine hint: announcements count three times, then once in five minutes",
          "[engine][announcement]")
{
    driver client;
    client.refuse(2);
    client.map(keep_trying(without_clean_up(tcp(80))));
    client.run_until(10s);
    client.sent.clear();
    for (int second = 0; second < 3000; ++second) {
        client.announce(address_answer("203.0.113.7", client.epoch()));
        client.run_for(1s);
    }
    CHECK(client.sent.size() >= 10);
    CHECK(client.sent.size() <= 3 + 10 + 12);
}

} // namespace engine_announcement_test
