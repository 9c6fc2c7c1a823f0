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
    CHECK(client.take_events() == lines{"endpoint_changed tcp 80 81"});
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
    CHECK(client.take_events() ==
          lines{"no_response: natpmp 6", "renewal_failing tcp 80 80: natpmp 6"});
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
          (port == 80 ? lines{"restored tcp 80 80"} : lines{"endpoint_changed tcp 80 81"}));
}

TEST_CASE("engine event: the address that changed, and changed back", "[engine][event]")
{
    driver client;
    prepare(client);
    client.announce(address_answer("203.0.113.8", client.epoch()));
    client.announce(address_answer("203.0.113.9", client.epoch()));
    CHECK(client.take_events() ==
          lines{"address_changed 203.0.113.9", "endpoint_changed tcp 80 80"});
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
    REQUIRE(kinds.size() >= 7);
    CHECK(std::vector(kinds.begin(), kinds.begin() + 7) ==
          std::vector{event_kind::mapped, event_kind::renewed, event_kind::renewed,
                      event_kind::no_response, event_kind::renewal_failing, event_kind::lost,
                      event_kind::endpoint_changed});
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

TEST_CASE("engine event: no response for 4 s is told once, the clean-up included",
          "[engine][event]")
{
    driver client;
    client.collect_events(true);
    client.silence();
    client.map(keep_trying(tcp(80)));
    client.run_until(3999ms);
    CHECK(client.collected_events().empty());
    CHECK_FALSE(client.status().no_response);
    client.run_until(4s);
    REQUIRE(client.collected_events().size() == 1);
    CHECK(client.collected_events()[0].kind == event_kind::no_response);
    CHECK(client.collected_events()[0].error == errc::gateway_silent);
    CHECK_FALSE(client.collected_events()[0].about_mapping());
    CHECK(client.status().no_response);
    client.run_until(1000s);
    CHECK(client.take_events() ==
          lines{"no_response: natpmp 6", "mapping_failing tcp 80 0: natpmp 6"});
    client.heal();
    client.run_until(2000s);
    CHECK_FALSE(client.status().no_response);
    CHECK(client.take_events() == lines{"mapped tcp 80 80"});
    client.silence();
    client.run_until(3h);
    CHECK(client.status().no_response);
    CHECK(client.take_events()[0] == "no_response: natpmp 6");
}

TEST_CASE("engine event: a gateway that is lost and found, read late", "[engine][event]")
{
    driver client;
    prepare(client);
    client.detach();
    CHECK(client.status().gateway == natpmp::gateway{});
    client.attach(home());
    client.run_for(1s);
    for (const std::string& line : client.take_events()) // nothing changed since the last read
        CHECK(line.substr(0, 7) != "gateway");
    client.detach();
    CHECK(client.take_events() == lines{"gateway_lost: natpmp 4"});
    client.detach();
    CHECK(client.take_events().empty());
    client.attach(home());
    CHECK(client.take_events() == lines{"gateway_found"});
}

TEST_CASE("engine event: the endpoint is another one, whatever changed", "[engine][event]")
{
    driver client;
    client.collect_events(true);
    client.hold({tcp(80), udp(81)}, 10s);
    client.announce(address_answer("198.51.100.7", 1));
    lines told;
    for (const natpmp::event& each : client.collected_events())
        if (each.kind == event_kind::endpoint_changed || each.kind == event_kind::address_changed)
            told.push_back(std::string(to_string(each.kind)) + " " +
                           std::to_string(each.mapping.internal_port) + " " +
                           each.mapping.external_address.to_string());
    CHECK(told == lines{"address_changed 0 198.51.100.7", "endpoint_changed 80 198.51.100.7",
                        "endpoint_changed 81 198.51.100.7"});
    client.announce(address_answer("198.51.100.7", 2)); // the same
    const std::size_t before = client.collected_events().size();
    client.run_for(1s);
    CHECK(client.collected_events().size() == before);
}

TEST_CASE("engine event: with another gateway the address is unknown", "[engine][event]")
{
    driver client;
    client.collect_events(true);
    client.hold({tcp(80)}, 10s);
    client.silence();
    const std::size_t before = client.collected_events().size();
    client.attach(elsewhere());
    REQUIRE(client.collected_events().size() >= before + 2);
    CHECK(event_text(client.collected_events()[before]) == "gateway_changed 10.9.0.1");
    CHECK(event_text(client.collected_events()[before + 1]) == "address_changed 0.0.0.0");
    CHECK(client.status().external_address.is_unspecified());
}

TEST_CASE("engine event: slow answers to request after request are no silence", "[engine][event]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.delay = 600ms;
    client.collect_events(true);
    for (int count = 0; count < 10; ++count) {
        client.address();
        client.run_for(1s);
    }
    for (const natpmp::event& each : client.collected_events())
        CHECK(each.kind != event_kind::no_response);
}

TEST_CASE("engine event: requests hours apart do not add up to no response", "[engine][event]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.silence();
    operation& call = client.map(without_clean_up(tcp(81)));
    client.run_until(11s);
    client.cancel(call);
    client.run_until(3602s); // the renewal is under way for two
    CHECK(containing(client.take_events(), "no_response").empty());
    client.run_until(3605s);
    CHECK(containing(client.take_events(), "no_response").size() == 1);
}

TEST_CASE("engine event: a restoration is told to the reader once", "[engine][event]")
{
    driver client;
    client.grant_for(60);
    client.hold({tcp(80)}, 10s);
    client.silence();
    client.run_until(200s);
    CHECK(containing(client.take_events(), "lost tcp 80").size() == 1);
    client.heal();
    client.run_until(2000s);
    CHECK(containing(client.take_events(), "restored").size() == 1);
    client.run_until(9000s);
    CHECK(client.take_events() == lines{"renewed tcp 80 80"});
}

TEST_CASE("engine event: the observer hears of a gateway that goes and comes", "[engine][event]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.collect_events(true);
    client.detach();
    client.attach(home());
    lines told;
    for (const natpmp::event& each : client.collected_events())
        told.push_back(event_text(each));
    CHECK(told == lines{"gateway_lost: natpmp 4", "gateway_found"});
}

TEST_CASE("engine event: no response is told after a sleep though the request yields",
          "[engine][event]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.silence();
    client.address();
    client.run_until(12s);
    client.stand_still(2h - 20s); // the renewal is overdue, and more urgent than the address
    CHECK(containing(client.take_events(), "no_response").size() == 1);
}

} // namespace engine_event_test
