// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What is out of range is refused before a packet is sent.

#include "api/operations.hpp"

#include <cstdint>
#include <limits>

namespace bad_input_test {
using namespace api_test;

/// Runs an operation that is to be refused; nothing is to be seen of it.
template <class Start>
void check_refused(world& in, client& on, errc expected, Start start)
{
    report got;
    start(reporter(got));
    CHECK(got.calls == 0);
    in.settle();
    CHECK(got.calls == 1);
    CHECK(got.error == expected);
    CHECK(got.error == natpmp::condition::invalid_argument);
    CHECK(in.wire().empty());
    CHECK(on.status().sent == 0);
}

TEMPLATE_TEST_CASE("bad input: ports, of any integer type", "", int, long, unsigned, std::int64_t,
                   std::uint64_t)
{
    world in;
    client on(in.context, in.options());
    for (const auto port : {TestType{0}, TestType{65536}, TestType{70000},
                            static_cast<TestType>(-1), std::numeric_limits<TestType>::max(),
                            static_cast<TestType>(std::numeric_limits<TestType>::min())}) {
        check_refused(in, on, errc::invalid_internal_port,
                      [&](auto token) { on.async_map_port(protocol::tcp, port, token); });
        check_refused(in, on, errc::invalid_internal_port,
                      [&](auto token) { on.async_map_port_pair(port, token); });
        check_refused(in, on, errc::invalid_internal_port,
                      [&](auto token) { on.async_unmap_port(protocol::udp, port, token); });
    }
}

TEST_CASE("bad input: a suggested port out of range; 0 is the internal one")
{
    world in;
    client on(in.context, in.options());
    for (const int port : {-1, 65536, 70000})
        check_refused(in, on, errc::invalid_external_port, [&](auto token) {
            on.async_map_port(map_request{.internal_port = 1, .external_port = port}, token);
        });
    report got;
    on.async_map_port(map_request{.internal_port = 65535, .clean_up = false}, reporter(got));
    in.settle();
    CHECK(got.succeeded());
    CHECK(in.wire().at(0) == "map tcp 65535 65535 7200");
}

TEST_CASE("bad input: lifetimes")
{
    world in;
    client on(in.context, in.options());
    for (const auto lifetime : {0s, -1s, std::chrono::seconds{std::int64_t{1} << 32},
                                std::chrono::seconds::max(), std::chrono::seconds::min()}) {
        const map_request request{.internal_port = 6881, .lifetime = lifetime};
        check_refused(in, on, errc::invalid_lifetime,
                      [&](auto token) { on.async_map_port(request, token); });
        check_refused(in, on, errc::invalid_lifetime,
                      [&](auto token) { on.async_map_port_pair(request, token); });
    }
    report got;
    on.async_map_port(map_request{.internal_port = 6881,
                                  .lifetime = std::chrono::seconds{4294967295},
                                  .clean_up = false},
                      [&](error_code error, const mapping& made) {
                          ++got.calls;
                          got.error = error;
                          got.value_good = made.lifetime == 86400s; // what was granted
                      });
    in.settle();
    CHECK(got.succeeded());
    CHECK(in.wire().at(0) == "map tcp 6881 6881 4294967295");
}

TEST_CASE("bad input: protocols")
{
    world in;
    client on(in.context, in.options());
    for (const int value : {0, 3, 7, 255}) {
        const auto unknown = static_cast<protocol>(value);
        check_refused(in, on, errc::invalid_protocol,
                      [&](auto token) { on.async_map_port(unknown, 6881, token); });
        check_refused(in, on, errc::invalid_protocol,
                      [&](auto token) { on.async_unmap_port(unknown, 6881, token); });
    }
}

TEST_CASE("bad input: keep_trying does not go on with it")
{
    world in;
    client on(in.context, in.options());
    check_refused(in, on, errc::invalid_internal_port, [&](auto token) {
        on.async_map_port(map_request{.internal_port = 0, .keep_trying = true}, token);
    });
    check_refused(in, on, errc::invalid_internal_port, [&](auto token) {
        on.async_map_port_pair(map_request{.internal_port = 70000, .keep_trying = true}, token);
    });
    CHECK(on.status().kept == 0);
    CHECK(in.run_dry());
}

TEST_CASE("bad input: options")
{
    world in;
    auto options = in.options();
    SECTION("an IPv6 gateway")
    {
        options.gateway = asio::ip::make_address("fe80::1");
    }
    SECTION("an IPv6 local address")
    {
        options.local_address = asio::ip::make_address("::1");
    }
    SECTION("gateway port 0")
    {
        options.gateway_port = 0;
    }
    SECTION("a gateway port out of range")
    {
        options.gateway_port = 70000;
    }
    SECTION("announcement port 0")
    {
        options.announcement_port = 0;
    }
    SECTION("a negative announcement port")
    {
        options.announcement_port = -5350;
    }
    client on(in.context, options);
    check_refused(in, on, errc::invalid_options,
                  [&](auto token) { map_operation::start(on, token); });
    check_refused(in, on, errc::invalid_options,
                  [&](auto token) { pair_operation::start(on, token); });
    check_refused(in, on, errc::invalid_options,
                  [&](auto token) { unmap_operation::start(on, token); });
    check_refused(in, on, errc::invalid_options,
                  [&](auto token) { address_operation::start(on, token); });
    on.network_changed();
    report left;
    shutdown_operation::start(on, reporter(left));
    in.settle();
    CHECK(left.succeeded());
    CHECK(in.run_dry());
}

TEST_CASE("bad input: a negative timeout")
{
    world in;
    auto options = in.options();
    options.timeout = -1ms;
    client on(in.context, options);
    check_refused(in, on, errc::invalid_timeout,
                  [&](auto token) { map_operation::start(on, token); });
}

TEST_CASE("bad input: a local address that this host does not have", "[addresses]")
{
    world in;
    auto options = in.options();
    options.local_address = asio::ip::make_address("203.0.113.99");
    client on(in.context, options);
    report got;
    map_operation::start(on, reporter(got));
    in.settle();
    CHECK(got.calls == 1);
    CHECK(got.error == errc::no_local_address);
    CHECK(got.error == natpmp::condition::unreachable);
    CHECK(in.wire().empty());
    CHECK(on.status().last_error == got.error);
    CHECK(in.run_dry());
}

TEST_CASE("bad input: such an address without a gateway", "[addresses]")
{
    world in;
    client on(in.context, {.local_address = asio::ip::make_address("203.0.113.99")});
    report got;
    map_operation::start(on, reporter(got));
    in.settle();
    CHECK(got.calls == 1);
    // Where the system does not list its addresses, it is not known which route to take.
    CHECK((got.error == errc::no_local_address || got.error == errc::routes_unreadable));
}

} // namespace bad_input_test
