// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What is refused before anything is sent.

#include "unit/engine_driver.hpp"

namespace engine_input_test {
using namespace engine_test;

natpmp::gateway with_local(const std::string& address)
{
    natpmp::gateway result = home();
    result.local_address = natpmp::net::ip::make_address(address);
    return result;
}

TEST_CASE("engine input: bad requests (M-12, M-13, A-6)", "[engine][input]")
{
    driver client;
    map_request what = tcp(80);
    what.keep_trying = GENERATE(false, true);
    error_code expected;
    SECTION("port 0")
    {
        what.internal_port = 0;
        expected = errc::invalid_internal_port;
    }
    SECTION("port 70000")
    {
        what.internal_port = 70'000;
        expected = errc::invalid_internal_port;
    }
    SECTION("port 65536")
    {
        what.internal_port = 65'536;
        expected = errc::invalid_internal_port;
    }
    SECTION("port -1")
    {
        what.internal_port = -1;
        expected = errc::invalid_internal_port;
    }
    SECTION("external port 70000")
    {
        what.external_port = 70'000;
        expected = errc::invalid_external_port;
    }
    SECTION("lifetime 0")
    {
        what.lifetime = 0s;
        expected = errc::invalid_lifetime;
    }
    SECTION("lifetime -1")
    {
        what.lifetime = -1s;
        expected = errc::invalid_lifetime;
    }
    SECTION("lifetime 2^32")
    {
        what.lifetime = 4'294'967'296s;
        expected = errc::invalid_lifetime;
    }
    SECTION("protocol 3")
    {
        what.protocol = static_cast<protocol>(3);
        expected = errc::invalid_protocol;
    }
    SECTION("protocol 0")
    {
        what.protocol = static_cast<protocol>(0);
        expected = errc::invalid_protocol;
    }
    operation& call = client.map(what);
    CHECK(client.done_at(call) == "0");
    CHECK(call.error == expected);
    CHECK(call.error == natpmp::condition::invalid_argument);
    CHECK(client.sent.empty());
    CHECK_FALSE(client.has_gateway());
    CHECK_FALSE(client.active());
}

TEST_CASE("engine input: the same for pairs and unmapping", "[engine][input]")
{
    driver client;
    CHECK(client.map_pair(tcp(0)).error == errc::invalid_internal_port);
    map_request what = tcp(80);
    what.lifetime = 0s;
    CHECK(client.map_pair(what).error == errc::invalid_lifetime);
    CHECK(client.unmap(tcp(0)).error == errc::invalid_internal_port);
    what = tcp(80);
    what.internal_port = 70'000;
    CHECK(client.unmap(what).error == errc::invalid_internal_port);
    what = tcp(80);
    what.protocol = static_cast<protocol>(6);
    CHECK(client.unmap(what).error == errc::invalid_protocol);
    CHECK(client.sent.empty());
}

TEST_CASE("engine input: the extremes are good", "[engine][input]")
{
    driver client;
    map_request what = tcp(65'535);
    what.external_port = 65'535;
    what.lifetime = 4'294'967'295s;
    operation& last = client.map(what);
    what = udp(1);
    what.lifetime = 1s;
    operation& first = client.map(what);
    client.settle();
    CHECK_FALSE(last.error);
    CHECK_FALSE(first.error);
}

TEST_CASE("engine input: bad options", "[engine][input]")
{
    client_options options;
    SECTION("gateway port 0")
    {
        options.gateway_port = 0;
    }
    SECTION("gateway port 70000")
    {
        options.gateway_port = 70'000;
    }
    SECTION("announcement port 0")
    {
        options.announcement_port = 0;
    }
    SECTION("an IPv6 gateway")
    {
        options.gateway = natpmp::net::ip::make_address("fe80::1");
    }
    SECTION("an IPv6 address")
    {
        options.local_address = natpmp::net::ip::make_address("fe80::2");
    }
    driver client(options);
    for (const operation_kind kind : {operation_kind::map, operation_kind::map_pair,
                                      operation_kind::unmap, operation_kind::address})
        CHECK(client.start(kind, tcp(80)).error == errc::invalid_options);
    CHECK(client.sent.empty());
}

TEST_CASE("engine input: only behind a private address (A-1)", "[engine][input]")
{
    driver client;
    SECTION("private")
    {
        client.route = with_local(
            GENERATE(as<std::string>{}, "10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.0.2"));
        operation& call = client.map(tcp(80));
        client.settle();
        CHECK_FALSE(call.error);
    }
    SECTION("not private")
    {
        client.route =
            with_local(GENERATE(as<std::string>{}, "198.51.100.9", "172.32.0.1", "172.15.255.255",
                                "100.64.0.1", "169.254.1.1", "192.169.0.1", "0.0.0.0"));
        operation& call = client.map(tcp(80));
        CHECK(client.done_at(call) == "0");
        CHECK(call.error == errc::not_behind_nat);
        CHECK(client.address().error == errc::not_behind_nat);
        CHECK(client.sent.empty());
    }
}

TEST_CASE("engine input: what lifts the private-address check (A-1)", "[engine][input]")
{
    client_options options;
    SECTION("the option")
    {
        options.allow_public_address = true;
    }
    SECTION("a gateway set by hand")
    {
        options.gateway = natpmp::net::ip::make_address("198.51.100.1");
    }
    driver client(options);
    client.route = with_local("198.51.100.9");
    operation& call = client.map(tcp(80));
    client.settle();
    CHECK_FALSE(call.error);
    CHECK(client.sent.size() == 3);
}

TEST_CASE("engine input: no gateway is an error at once", "[engine][input]")
{
    driver client;
    client.route.reset();
    for (const operation_kind kind : {operation_kind::map, operation_kind::map_pair,
                                      operation_kind::unmap, operation_kind::address}) {
        operation& call = client.start(kind, tcp(80));
        CHECK(client.done_at(call) == "0");
        CHECK(call.error == errc::no_gateway);
    }
    CHECK(client.sent.empty());
    CHECK_FALSE(client.active());
    // And not for ever.
    client.route = home();
    operation& call = client.map(tcp(80));
    client.settle();
    CHECK_FALSE(call.error);
}

} // namespace engine_input_test
