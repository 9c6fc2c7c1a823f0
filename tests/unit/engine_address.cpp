// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The external address (X0-1 to X0-4, W-1, C-3, C-5).

#include "unit/engine_support.hpp"

namespace engine_address_test {
using namespace engine_test;

/// Answers address requests with this; everything else as usual.
driver::script telling(driver& world, const std::string& address, std::uint16_t code = 0)
{
    return [&world, address, code](const request& asked) {
        return asked.is_address() ? address_answer(address, world.epoch(), code)
                                  : world.conforming(asked);
    };
}

std::size_t address_requests(const driver& world)
{
    return static_cast<std::size_t>(
        std::count_if(world.sent.begin(), world.sent.end(),
                      [](const request& each) { return each.is_address(); }));
}

TEST_CASE("engine address: asked for alone (X0-1)", "[engine][address]")
{
    driver world;
    operation& call = world.address();
    world.settle();
    CHECK(world.wire == lines{"0 address"});
    CHECK_FALSE(call.error);
    CHECK(call.address.to_string() == "203.0.113.7");
    CHECK(world.take_events().empty());
    CHECK_FALSE(world.active());
    CHECK(world.deadline() == never);
}

TEST_CASE("engine address: refusals and 0.0.0.0 (C-3, C-5)", "[engine][address]")
{
    driver world;
    const auto code = GENERATE(as<std::uint16_t>{}, 0, 1, 2, 3, 4, 5, 6, 65535);
    world.gateway = telling(world, code ? "203.0.113.99" : "0.0.0.0", code);
    operation& call = world.address();
    world.settle();
    CHECK(call.error == (code ? static_cast<result_code>(code) : result_code::network_failure));
    CHECK(call.address.is_unspecified());
    CHECK(world.status().external_address.is_unspecified());
    CHECK(world.status().external_address_kind == natpmp::address_kind::unknown);
}

TEST_CASE("engine address: a missing one never fails a mapping", "[engine][address]")
{
    driver world;
    SECTION("refused or 0.0.0.0")
    {
        const auto code = GENERATE(as<std::uint16_t>{}, 0, 1, 2, 3, 4, 5, 6, 65535);
        world.gateway = telling(world, "0.0.0.0", code);
        operation& call = world.map(tcp(80));
        world.settle();
        CHECK(world.done_at(call) == "0");
        CHECK_FALSE(call.error);
        CHECK(call.mappings[0].external_address.is_unspecified());
        CHECK(call.mappings[0].external_port == 80);
    }
    SECTION("silence")
    {
        world.gateway = [&](const request& asked) {
            return asked.is_address() ? bytes{} : world.conforming(asked);
        };
        operation& call = world.map(tcp(80));
        world.run_until(200s);
        CHECK_FALSE(call.error);
        CHECK(std::stod(world.done_at(call)) <= 127.75);
        CHECK(call.mappings[0].external_address.is_unspecified());
    }
    SECTION("ICMP")
    {
        world.gateway = [&](const request& asked) {
            return asked.is_address() ? bytes{} : world.conforming(asked);
        };
        operation& call = world.map(tcp(80));
        world.run_until(100ms);
        world.refused();
        CHECK(world.done_at(call) == "0.1");
        CHECK_FALSE(call.error);
    }
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("engine address: it is asked for later, and told", "[engine][address]")
{
    driver world;
    world.gateway = telling(world, "0.0.0.0", 3);
    world.map(tcp(80));
    world.run_until(29s);
    CHECK(world.take_events() == lines{"mapped tcp 80 80"});
    CHECK(address_requests(world) == 1);
    world.heal();
    world.run_until(100s);
    CHECK(address_requests(world) == 2);
    CHECK(world.take_events() == lines{"address_changed 203.0.113.7"});
    CHECK(world.mappings()[0].external_address.to_string() == "203.0.113.7");
}

TEST_CASE("engine address: asked for ever less often while it is missing", "[engine][address]")
{
    driver world;
    world.gateway = telling(world, "0.0.0.0", 3);
    world.map(tcp(80));
    world.run_until(3599s);
    // At 0, then after 30 s, doubling to 8 minutes.
    CHECK(address_requests(world) == 1 + 4 + 6);
}

TEST_CASE("engine address: private and shared ones are kept and told apart (W-1)",
          "[engine][address]")
{
    driver world;
    using natpmp::address_kind;
    const auto [text, kind] =
        GENERATE(table<std::string, address_kind>({{"10.1.2.3", address_kind::private_use},
                                                   {"192.168.0.2", address_kind::private_use},
                                                   {"172.16.0.1", address_kind::private_use},
                                                   {"100.64.0.9", address_kind::shared},
                                                   {"169.254.1.1", address_kind::reserved},
                                                   {"203.0.113.7", address_kind::routable}}));
    world.gateway = telling(world, text);
    operation& call = world.map(tcp(80));
    world.settle();
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].external_address.to_string() == text);
    CHECK(world.status().external_address_kind == kind);
    CHECK(natpmp::publicly_routable(call.mappings[0].external_address) ==
          (kind == address_kind::routable));
}

TEST_CASE("engine address: fresh for 15 minutes", "[engine][address]")
{
    driver world;
    world.map(tcp(80));
    world.settle();
    CHECK(address_requests(world) == 1);
    world.run_until(899s);
    operation& early = world.map(tcp(81));
    world.settle();
    CHECK(world.done_at(early) == "899");
    CHECK(early.mappings[0].external_address.to_string() == "203.0.113.7");
    CHECK(address_requests(world) == 1);
    world.run_until(900s);
    world.map(tcp(82));
    world.settle();
    CHECK(address_requests(world) == 2);
}

TEST_CASE("engine address: not fresh after a loss of state", "[engine][address]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(100s);
    world.boot_epoch = 0U - 99U;
    world.map(tcp(81));
    world.settle();
    CHECK(address_requests(world) == 2);
}

TEST_CASE("engine address: asked again with renewals (X0-4)", "[engine][address]")
{
    driver world;
    world.map(tcp(80));
    world.run_until(100s);
    world.take_events();
    world.gateway = telling(world, "203.0.113.8");
    world.run_until(3600s);
    CHECK(address_requests(world) == 2);
    CHECK(world.take_events() == lines{"address_changed 203.0.113.8", "renewed tcp 80 80"});
}

} // namespace engine_address_test
