// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Events, which are the difference between what the reader last read and now; the status.

#include "unit/engine_driver.hpp"

namespace engine_event_test {
using namespace engine_test;

/// One mapping of a minute, told to the reader.
void prepare(driver& client)
{
    client.grant_port(80, 60);
    client.map(tcp(80));
    client.run_until(1s);
    REQUIRE(client.take_events() == lines{"mapped tcp 80 80"});
}

TEST_CASE("engine event: many renewals are one", "[engine][event]")
{
    driver client;
    prepare(client);
    client.run_until(1000s);
    CHECK(client.take_events() == lines{"renewed tcp 80 80"});
    CHECK(client.take_events().empty());
}

TEST_CASE("engine event: mapped, renewed and changed before the first read is mapped",
          "[engine][event]")
{
    driver client;
    client.grant_port(80, 60);
    client.map(tcp(80));
    client.run_until(100s);
    client.grant_port(81, 60);
    client.run_until(1000s);
    CHECK(client.take_events() == lines{"mapped tcp 80 81"});
}

TEST_CASE("engine event: a change outranks a restoration", "[engine][event]")
{
    driver client;
    prepare(client);
    client.silence();
    client.run_until(70s);
    client.grant_port(81, 60);
    client.run_until(300s);
    CHECK(client.take_events() == lines{"port_changed tcp 80 81"});
}

TEST_CASE("engine event: lost and restored before a read is restored", "[engine][event]")
{
    driver client;
    prepare(client);
    client.silence();
    client.run_until(70s);
    client.grant_port(80, 60);
    client.run_until(300s);
    CHECK(client.take_events() == lines{"restored tcp 80 80"});
}

TEST_CASE("engine event: failing, and well again before a read, is renewed", "[engine][event]")
{
    driver client;
    prepare(client);
    client.silence();
    client.run_until(46s);
    client.grant_port(80, 60);
    client.run_until(60s);
    CHECK(client.take_events() == lines{"renewed tcp 80 80"});
}

TEST_CASE("engine event: each step, if read", "[engine][event]")
{
    driver client;
    prepare(client);
    client.silence();
    client.run_until(46s);
    CHECK(client.take_events() == lines{"renewal_failing tcp 80 80: natpmp 6"});
    client.run_until(59s);
    CHECK(client.take_events().empty());
    client.run_until(61s);
    CHECK(client.take_events() == lines{"lost tcp 80 80: natpmp 6"});
    client.run_until(100s);
    CHECK(client.take_events().empty());
    client.grant_port(80, 60);
    client.run_until(200s);
    CHECK(client.take_events() == lines{"restored tcp 80 80"});
    client.unmap(tcp(80));
    client.settle();
    CHECK(client.take_events() == lines{"unmapped tcp 80 80"});
}

TEST_CASE("engine event: mapped and unmapped before a read is nothing", "[engine][event]")
{
    driver client;
    client.map(tcp(80));
    client.settle();
    client.unmap(tcp(80));
    client.settle();
    CHECK(client.take_events().empty());
}

TEST_CASE("engine event: unmapped and mapped again before a read", "[engine][event]")
{
    driver client;
    prepare(client);
    client.unmap(tcp(80));
    client.run_until(10s);
    const std::uint16_t port = GENERATE(as<std::uint16_t>{}, 80, 81);
    client.grant_port(port, 60);
    client.map(tcp(80));
    client.settle();
    CHECK(client.take_events() ==
          (port == 80 ? lines{"restored tcp 80 80"} : lines{"port_changed tcp 80 81"}));
}

TEST_CASE("engine event: the address that changed, and changed back", "[engine][event]")
{
    driver client;
    prepare(client);
    client.announce(address_answer("203.0.113.8", client.epoch()));
    client.announce(address_answer("203.0.113.9", client.epoch()));
    CHECK(client.take_events() == lines{"address_changed 203.0.113.9"});
    client.announce(address_answer("203.0.113.8", client.epoch()));
    client.announce(address_answer("203.0.113.9", client.epoch()));
    CHECK(client.take_events().empty());
}

TEST_CASE("engine event: a second waiter at the same time is refused", "[engine][event]")
{
    driver client;
    operation& first = client.wait_event();
    operation& second = client.wait_event();
    CHECK(second.error == errc::already_waiting);
    CHECK(client.done_at(first) == "pending");
    client.map(tcp(80));
    client.settle();
    CHECK(client.done_at(first) == "0");
    CHECK(first.happened.kind == event_kind::mapped);
    CHECK(first.happened.mapping.external_port == 80);
    CHECK(first.happened.gateway.to_string() == "192.168.1.1");
    CHECK_FALSE(first.error);
    operation& third = client.wait_event();
    CHECK(client.done_at(third) == "pending");
    client.cancel(third);
    CHECK(third.error == aborted);
    CHECK(client.done_at(third) == "0");
}

TEST_CASE("engine event: what is already there is read at once", "[engine][event]")
{
    driver client;
    client.map(tcp(80));
    client.map(udp(80));
    client.run_until(10s);
    operation& first = client.wait_event();
    operation& second = client.wait_event();
    CHECK(client.done_at(first) == "10");
    CHECK(client.done_at(second) == "10");
    CHECK(first.happened.mapping.protocol == protocol::tcp);
    CHECK(second.happened.mapping.protocol == protocol::udp);
}

TEST_CASE("engine event: the observer sees each of them, in order", "[engine][event]")
{
    driver client;
    client.collect_events(true);
    prepare(client);
    client.run_until(61s);
    client.silence();
    client.run_until(125s);
    client.grant_port(81, 60);
    client.run_until(300s);
    std::vector<event_kind> kinds;
    for (const natpmp::event& each : client.collected_events())
        kinds.push_back(each.kind);
    REQUIRE(kinds.size() >= 6);
    CHECK(std::vector(kinds.begin(), kinds.begin() + 6) ==
          std::vector{event_kind::mapped, event_kind::renewed, event_kind::renewed,
                      event_kind::renewal_failing, event_kind::lost, event_kind::port_changed});
    client.collect_events(false);
    client.run_until(1000s);
    CHECK(client.collected_events().empty());
}

TEST_CASE("engine event: nobody reads, nothing grows", "[engine][event]")
{
    driver client;
    for (std::uint16_t port = 1; port <= 50; ++port)
        client.map(without_clean_up(tcp(port)));
    client.run_until(10h);
    for (std::uint16_t port = 1; port <= 50; ++port)
        client.unmap(tcp(port));
    client.run_until(11h);
    CHECK(client.take_events().empty()); // never read, so never known
    CHECK(client.collected_events().empty());
}

TEST_CASE("engine queue: status counts (sent, again, received, ignored)", "[engine][event]")
{
    driver client;
    client.delay = 300ms;
    client.map(without_clean_up(tcp(1)));
    client.run_until(10s);
    client.receive(bytes{1});
    const natpmp::status status = client.status();
    CHECK(status.sent == 4); // map and address, each again after 250 ms
    CHECK(status.retransmitted == 2);
    CHECK(status.received == 2);
    CHECK(status.ignored[static_cast<std::size_t>(ignore_reason::too_short)] == 1);
    CHECK(status.up == 1);
    CHECK(status.kept == 1);
    CHECK(status.gateway == home());
    REQUIRE(status.next_due);
    CHECK(*status.next_due == 3590s + 250ms);
    CHECK_FALSE(status.last_error);
}

} // namespace engine_event_test
