// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The external address.

#include "unit/engine_driver.hpp"

namespace engine_address_test {
using namespace engine_test;

TEST_CASE("engine address: asked for alone (X0-1)", "[engine][address]")
{
    driver client;
    operation& call = client.address();
    client.settle();
    CHECK(client.wire == lines{"0 address"});
    CHECK_FALSE(call.error);
    CHECK(call.address.to_string() == "203.0.113.7");
    CHECK(client.take_events().empty());
    CHECK_FALSE(client.active());
    CHECK(client.deadline() == never);
}

TEST_CASE("engine address: refusals and 0.0.0.0 (C-3, C-5)", "[engine][address]")
{
    driver client;
    const auto code = GENERATE(as<std::uint16_t>{}, 0, 1, 2, 3, 4, 5, 6, 65535);
    client.tell_address(code ? "203.0.113.99" : "0.0.0.0", code);
    operation& call = client.address();
    client.settle();
    CHECK(call.error == (code ? static_cast<result_code>(code) : result_code::network_failure));
    CHECK(call.address.is_unspecified());
    CHECK(client.status().external_address.is_unspecified());
    CHECK(client.status().external_address_kind == natpmp::address_kind::unknown);
}

TEST_CASE("engine address: a missing one never fails a mapping", "[engine][address]")
{
    driver client;
    SECTION("refused or 0.0.0.0")
    {
        const auto code = GENERATE(as<std::uint16_t>{}, 0, 1, 2, 3, 4, 5, 6, 65535);
        client.tell_address("0.0.0.0", code);
        operation& call = client.map(tcp(80));
        client.settle();
        CHECK(client.done_at(call) == "0");
        CHECK_FALSE(call.error);
        CHECK(call.mappings[0].external_address.is_unspecified());
        CHECK(call.mappings[0].external_port == 80);
    }
    SECTION("silence")
    {
        client.answer_all_but(&request::is_address);
        operation& call = client.map(tcp(80));
        client.run_until(200s);
        CHECK_FALSE(call.error);
        CHECK(std::stod(client.done_at(call)) <= 127.75);
        CHECK(call.mappings[0].external_address.is_unspecified());
    }
    SECTION("ICMP")
    {
        client.answer_all_but(&request::is_address);
        operation& call = client.map(tcp(80));
        client.run_until(100ms);
        client.refused();
        CHECK(client.done_at(call) == "0.1");
        CHECK_FALSE(call.error);
    }
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine address: it is asked for later, and told", "[engine][address]")
{
    driver client;
    client.tell_address("0.0.0.0", 3);
    client.map(tcp(80));
    client.run_until(29s);
    CHECK(client.take_events() == lines{"mapped tcp 80 80"});
    CHECK(client.count(&request::is_address) == 1);
    client.heal();
    client.run_until(100s);
    CHECK(client.count(&request::is_address) == 2);
    CHECK(client.take_events() ==
          lines{"address_changed 203.0.113.7", "endpoint_changed tcp 80 80"});
    CHECK(client.mappings()[0].external_address.to_string() == "203.0.113.7");
}

TEST_CASE("engine address: asked for ever less often while it is missing", "[engine][address]")
{
    driver client;
    client.tell_address("0.0.0.0", 3);
    client.map(tcp(80));
    client.run_until(3599s);
    // At 0, then after 30 s, doubling to 8 minutes.
    CHECK(client.count(&request::is_address) == 1 + 4 + 6);
}

TEST_CASE("engine address: private and shared ones are kept and told apart (W-1)",
          "[engine][address]")
{
    driver client;
    using natpmp::address_kind;
    const auto [text, kind] =
        GENERATE(table<std::string, address_kind>({{"10.1.2.3", address_kind::private_use},
                                                   {"192.168.0.2", address_kind::private_use},
                                                   {"172.16.0.1", address_kind::private_use},
                                                   {"100.64.0.9", address_kind::shared},
                                                   {"169.254.1.1", address_kind::reserved},
                                                   {"203.0.113.7", address_kind::routable}}));
    client.tell_address(text);
    operation& call = client.map(tcp(80));
    client.settle();
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].external_address.to_string() == text);
    CHECK(client.status().external_address_kind == kind);
    CHECK(natpmp::publicly_routable(call.mappings[0].external_address) ==
          (kind == address_kind::routable));
}

TEST_CASE("engine address: fresh for 15 minutes", "[engine][address]")
{
    driver client;
    client.map(tcp(80));
    client.settle();
    CHECK(client.count(&request::is_address) == 1);
    client.run_until(899s);
    operation& early = client.map(tcp(81));
    client.settle();
    CHECK(client.done_at(early) == "899");
    CHECK(early.mappings[0].external_address.to_string() == "203.0.113.7");
    CHECK(client.count(&request::is_address) == 1);
    client.run_until(900s);
    client.map(tcp(82));
    client.settle();
    CHECK(client.count(&request::is_address) == 2);
}

TEST_CASE("engine address: not fresh after a loss of state", "[engine][address]")
{
    driver client;
    client.map(tcp(80));
    client.run_until(100s);
    client.reboot();
    client.map(tcp(81));
    client.settle();
    CHECK(client.count(&request::is_address) == 2);
}

TEST_CASE("engine address: asked again with renewals (X0-4)", "[engine][address]")
{
    driver client;
    client.map(tcp(80));
    client.run_until(100s);
    client.take_events();
    client.tell_address("203.0.113.8");
    client.run_until(3600s);
    CHECK(client.count(&request::is_address) == 2);
    CHECK(client.take_events() ==
          lines{"address_changed 203.0.113.8", "endpoint_changed tcp 80 80"});
}

TEST_CASE("engine background: the address is asked for now and then (X0-4)", "[engine][address]")
{
    driver client;
    client.grant_for(0xFFFFFFFF);
    client.map(tcp(80));
    client.run_until(11h);
    CHECK(client.count(&request::is_address) == 4);
}

TEST_CASE("engine background: why the address is not known (C-3, C-5)", "[engine][address]")
{
    driver client;
    std::uint16_t code = 3;
    SECTION("refused")
    {}
    SECTION("0.0.0.0")
    {
        code = 0;
    }
    client.map(tcp(80));
    client.run_until(1s);
    CHECK_FALSE(client.status().external_address_error);
    client.take_events();
    client.tell_address("0.0.0.0", code);
    client.address();
    client.settle();
    CHECK(client.status().external_address_error == result_code::network_failure);
    const auto news = client.take_event();
    REQUIRE(news);
    CHECK(news->kind == natpmp::event_kind::address_changed);
    CHECK(news->error == result_code::network_failure);
}

} // namespace engine_address_test
