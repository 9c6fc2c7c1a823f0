// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Gateways that come, go and change, and hints that they did.

#include "unit/engine_driver.hpp"

namespace engine_gateway_test {
using namespace engine_test;

TEST_CASE("engine gateway: another one, everything again there (H-3)", "[engine][gateway]")
{
    driver client;
    client.grant_port(7777);
    client.hold({tcp(80), udp(81)}, 100s);
    client.reboot(); // a young clock is no reset there (E-4)
    client.heal();
    SECTION("another gateway")
    {
        client.attach(elsewhere());
    }
    SECTION("another local address (H-1)")
    {
        natpmp::gateway moved = home();
        moved.local_address = natpmp::net::ip::make_address("192.168.1.77");
        client.attach(moved);
    }
    client.run_until(101s);
    // The suggested port is the last granted one; nothing is deleted there.
    CHECK(sorted(client.take_wire()) ==
          lines{"100 address", "100 map tcp 80 7777 7200", "100 map udp 81 7777 7200"});
    CHECK(client.status().resets == 0);
    CHECK(client.mappings().size() == 2);
    const lines events = client.take_events();
    REQUIRE(events.size() == 3);
    CHECK(events[0].substr(0, 15) == "gateway_changed");
    CHECK(sorted(events)[1] == "restored tcp 80 7777");
    CHECK(sorted(events)[2] == "restored udp 81 7777");
}

TEST_CASE("engine gateway: nothing is deleted at the new one for the old one's mappings (H-3)",
          "[engine][gateway]")
{
    driver client;
    client.hold({tcp(80), udp(81)}, 100s);
    client.silence();
    operation& removal = client.unmap(tcp(80)); // in flight
    operation& queued = client.unmap(udp(81));
    client.run_until(100100ms);
    client.heal();
    client.take_wire();
    client.attach(elsewhere());
    CHECK(removal.error == errc::gateway_changed);
    CHECK(queued.error == errc::gateway_changed);
    client.run_until(1000s);
    CHECK(client.wire.empty());
    CHECK(client.mappings().empty());
}

TEST_CASE("engine gateway: an undoing delete is not sent to another one (H-3)", "[engine][gateway]")
{
    driver client;
    client.silence();
    operation& call = client.map(without_clean_up(tcp(80)));
    client.run_until(100ms);
    client.cancel(call);
    const duration change = GENERATE(as<duration>{}, 500ms, 1200ms);
    client.run_until(change); // waiting for the answer, or the delete in flight
    client.take_wire();
    client.attach(elsewhere());
    client.run_until(100s);
    CHECK(client.wire.empty());
    CHECK_FALSE(client.active());
}

TEST_CASE("engine gateway: an operation under way goes on at the new one", "[engine][gateway]")
{
    driver client;
    SECTION("its request in flight")
    {
        client.silence();
        operation& call = client.map(tcp(80));
        client.run_until(2s);
        client.heal();
        client.take_wire();
        client.attach(elsewhere());
        client.run_until(10s);
        CHECK_FALSE(call.error);
        CHECK(client.done_at(call) == "3"); // 1 s after the last map request, to any gateway
        CHECK(client.mappings().size() == 1);
    }
    SECTION("granted at the old one: it is not done before the new one grants")
    {
        client.answer_all_but(&request::is_address);
        operation& call = client.map(tcp(80));
        client.run_until(1s);
        CHECK(client.done_at(call) == "pending");
        client.reboot();
        client.grant_port(999);
        client.attach(elsewhere());
        client.run_until(10s);
        CHECK(client.done_at(call) != "pending");
        if (!call.error)
            CHECK(call.mappings[0].external_port == 999);
    }
    SECTION("half of a pair granted at the old one")
    {
        client.answer_all_but(
            [](const request& each) { return each.is_map() && each.kind() == protocol::udp; });
        operation& call = client.map_pair(tcp(80));
        client.run_until(2s);
        CHECK(client.done_at(call) == "pending");
        client.reboot();
        client.grant_port(999);
        client.attach(elsewhere());
        client.run_until(10s);
        CHECK(client.done_at(call) != "pending");
        if (!call.error) {
            CHECK(call.mappings[0].external_port == 999);
            CHECK(call.mappings[1].external_port == 999);
        }
    }
}

TEST_CASE("engine gateway: the old one's answers count no more (V-1)", "[engine][gateway]")
{
    driver client;
    client.hold({tcp(80), udp(81)}, 100s);
    client.silence();
    operation& call = client.address();
    client.attach(elsewhere());
    CHECK(client.status().external_address.is_unspecified());
    CHECK(client.status().gateway == elsewhere());
    CHECK(client.done_at(call) == "pending");
}

TEST_CASE("engine gateway: the same one again changes nothing", "[engine][gateway]")
{
    driver client;
    client.hold({tcp(80), udp(81)}, 100s);
    client.attach(home());
    client.run_until(3000s);
    CHECK(client.wire.empty());
    CHECK(client.take_events().empty());
}

TEST_CASE("engine gateway: gone and back before the lease ends (H-5)", "[engine][gateway]")
{
    driver client;
    client.hold({tcp(80), udp(81)}, 100s);
    client.detach();
    CHECK_FALSE(client.has_gateway());
    CHECK(client.mappings().size() == 2);
    CHECK(client.status().last_error == errc::no_gateway);
    client.run_until(1000s);
    CHECK(client.wire.empty());
    CHECK(client.take_events() == lines{"gateway_lost: natpmp 4"});
    client.attach(home());
    client.run_until(1010s);
    CHECK(client.take_wire() == lines{"1000 address"}); // which shows whether it lost its state
    CHECK(client.take_events() == lines{"gateway_found"});
}

TEST_CASE("engine gateway: gone for longer than the lease (H-5)", "[engine][gateway]")
{
    driver client;
    client.hold({tcp(80), udp(81)}, 100s);
    client.detach();
    client.run_until(7200s);
    CHECK(client.mappings().empty());
    const lines events = sorted(client.take_events());
    REQUIRE(events.size() == 3);
    CHECK(events[0] == "gateway_lost: natpmp 4");
    CHECK(events[1].substr(0, 14) == "lost tcp 80 80");
    CHECK(events[2].substr(0, 14) == "lost udp 81 81");
    CHECK(client.wire.empty());
    client.run_until(9000s);
    client.attach(home());
    client.run_until(9001s);
    CHECK(sorted(client.take_events()) ==
          lines{"gateway_found", "restored tcp 80 80", "restored udp 81 81"});
    CHECK(client.mappings().size() == 2);
}

TEST_CASE("engine gateway: it is looked for while mappings are to be kept", "[engine][gateway]")
{
    driver client;
    client.hold({tcp(80), udp(81)}, 100s);
    client.detach();
    client.route = home(); // the next look finds it
    client.run_until(131s);
    CHECK(client.has_gateway());
}

TEST_CASE("engine gateway: gone with a delete of our own in flight", "[engine][gateway]")
{
    driver client;
    client.silence();
    operation& call = client.map(without_clean_up(tcp(80)));
    client.run_until(100ms);
    client.cancel(call);
    client.run_until(1200ms); // the delete is in flight
    client.detach();
    CHECK_FALSE(client.active());
    client.heal();
    client.route = home();
    operation& again = client.map(without_clean_up(tcp(80)));
    client.run_until(10s);
    CHECK_FALSE(again.error);
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("late: changes of gateway are ten in a row, then one in 30 s (3.8)", "[engine][gateway]")
{
    driver client;
    client.map(tcp(80));
    client.run_for(1s);
    const bool between_two = GENERATE(true, false);
    const std::size_t before = client.sent.size();
    for (int count = 0; count < 9000; ++count) { // an hour
        if (count % 2 == 0)
            client.attach(between_two ? elsewhere() : home());
        else if (between_two)
            client.attach(home());
        else
            client.detach();
        client.run_for(400ms);
    }
    CHECK(client.sent.size() - before <= 1800);
    time_point last = origin - 1h;
    for (std::size_t at = 0; at < client.sent.size(); ++at) {
        if (!client.sent[at].is_create())
            continue;
        CHECK(client.sent[at].at - last >= 1s);
        last = client.sent[at].at;
    }
    client.attach(home());
    client.run_for(40s);
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine hint: the application says that the network changed", "[engine][gateway]")
{
    driver client;
    lose(client);
    client.network_changed();
    client.run_until(1001s);
    CHECK(client.mappings().size() == 1);
    CHECK(client.take_events() == lines{"restored tcp 80 80"});
}

TEST_CASE("engine hint: the host's changes count after a quarter of a second, once",
          "[engine][gateway]")
{
    driver client;
    lose(client);
    client.host_changed();
    client.run_until(1000'100ms);
    client.host_changed();
    client.run_until(1000'249ms);
    const std::size_t before = client.sent.size();
    client.run_until(1000'250ms);
    CHECK(client.sent.size() > before);
    CHECK(client.mappings().size() == 1);
}

TEST_CASE("engine hint: a quiet client is not woken by it", "[engine][gateway]")
{
    driver client;
    client.hold({tcp(80)}, 100s);
    client.network_changed();
    client.host_changed();
    client.run_until(3000s);
    CHECK(client.wire.empty());
}

TEST_CASE("engine hint: a request in flight starts its schedule anew", "[engine][gateway]")
{
    driver client;
    client.silence();
    operation& call = client.address();
    client.run_until(100s);
    client.network_changed();
    client.run_until(1000s);
    CHECK(client.sent.size() == 18);
    CHECK(client.done_at(call) == "227.75");
}

TEST_CASE("engine hint: a gateway set aside is taken up again", "[engine][gateway]")
{
    driver client;
    client.address();
    client.settle();
    REQUIRE_FALSE(client.active());
    CHECK_FALSE(client.has_gateway());
    operation& call = client.map(tcp(80));
    client.run_until(10s);
    CHECK(client.has_gateway());
    CHECK_FALSE(call.error);
}

TEST_CASE("engine hint: a look at the routes when the gateway does not answer", "[engine][gateway]")
{
    driver client;
    client.hold({tcp(80)}, 10s);
    client.silence();
    client.route = elsewhere(); // nobody told of it
    operation& call = client.address();
    client.run_until(137'700ms);
    CHECK(client.status().gateway == home());
    client.heal();
    client.run_until(138s);
    CHECK(call.error == errc::gateway_silent);
    client.map(tcp(81)); // the next thing to do
    client.settle();
    CHECK(client.status().gateway == elsewhere());
    CHECK(client.mappings().size() == 2);
}

TEST_CASE("engine background: notices of the host without end neither flood nor hold an operation",
          "[engine][gateway]")
{
    driver client;
    bool refusing = false;
    SECTION("silence")
    {
        client.silence();
    }
    SECTION("refusal")
    {
        client.refuse(2);
        refusing = true;
    }
    map_request request = tcp(80);
    request.keep_trying = refusing;
    operation& call = client.map(request);
    for (int second = 0; second < 3600; ++second) {
        client.host_changed();
        client.run_for(1s);
    }
    CHECK(client.sent.size() < 80);
    CHECK((client.done_at(call) == "pending") == refusing);
}

TEST_CASE("engine gateway: of a pair that fails at another gateway nothing is asked for any more",
          "[engine][gateway]")
{
    driver client;
    client.gateway = [&](const request& asked) {
        return asked.is_create() || asked.is_delete() ? client.conforming(asked) : bytes{};
    };
    operation& pair = client.map_pair(tcp(80)); // both are up, and the address is awaited
    client.run_until(1s);
    REQUIRE(client.done_at(pair) == "pending");
    client.attach(elsewhere());
    client.cancel(pair);
    client.take_wire();
    client.run_until(1h);
    CHECK(containing(client.wire, "map").empty());
    CHECK_FALSE(client.active());
}

TEST_CASE("engine gateway: the same one is asked whether it lost its state, also after a hint",
          "[engine][gateway]")
{
    driver client;
    client.hold({tcp(80)}, 100s);
    client.detach();
    client.network_changed(); // in vain
    client.run_until(110s);
    client.route = home();
    client.network_changed();
    client.settle();
    CHECK(containing(client.wire, "address").size() == 1);
}

TEST_CASE("engine gateway: it goes while a mapping that is wanted again waits for its delete",
          "[engine][gateway]")
{
    driver client;
    client.hold({tcp(80)}, 1s);
    client.silence();
    client.unmap_quietly(tcp(80));
    map_request request = keep_trying(tcp(80));
    request.timeout = 5s;
    client.map(request);
    client.detach();
    client.run_until(10s);
    CHECK(client.mappings().size() == 1);
    client.run_until(3h);
    CHECK(client.mappings().empty());
    CHECK(containing(client.take_events(), "lost tcp 80").size() == 1);
}

} // namespace engine_gateway_test
