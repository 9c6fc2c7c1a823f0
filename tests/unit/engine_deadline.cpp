// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The overall deadline of the options (design: cancellation).

#include "unit/engine_support.hpp"

namespace engine_deadline_test {
using namespace engine_test;

client_options with_timeout(std::chrono::milliseconds timeout)
{
    client_options options;
    options.timeout = timeout;
    return options;
}

TEST_CASE("engine deadline: to the millisecond", "[engine][deadline]")
{
    driver world(with_timeout(4200ms));
    world.silence();
    const auto kind = GENERATE(operation_kind::map, operation_kind::map_pair, operation_kind::unmap,
                               operation_kind::address);
    world.run_until(1s);
    operation& call = world.start(kind, tcp(80));
    world.run_until(5199ms);
    CHECK(world.done_at(call) == "pending");
    world.run_until(100s);
    CHECK(world.done_at(call) == "5.2");
    CHECK(call.error == errc::timed_out);
    CHECK_FALSE(world.active());
}

TEST_CASE("engine deadline: the time in the queue counts", "[engine][deadline]")
{
    driver world(with_timeout(5s));
    world.silence();
    operation& first = world.map(tcp(80));
    world.run_until(1s);
    operation& second = world.map(tcp(81));
    operation& third = world.address();
    world.run_until(100s);
    CHECK(world.done_at(first) == "5");
    CHECK(world.done_at(second) == "6");
    CHECK(world.done_at(third) == "6");
    for (operation* each : {&first, &second, &third})
        CHECK(each->error == errc::timed_out);
}

TEST_CASE("engine deadline: it touches only its own operation", "[engine][deadline]")
{
    driver world(with_timeout(5s));
    world.map(tcp(80));
    world.run_until(10s);
    world.silence();
    operation& call = world.map(tcp(81));
    world.run_until(14s);
    operation& other = world.map(tcp(82));
    world.run_until(15s);
    CHECK(call.error == errc::timed_out);
    CHECK(world.mappings().size() == 1);
    world.heal();
    world.run_until(100s);
    CHECK_FALSE(other.error);
    CHECK(world.mappings().size() == 2);
}

TEST_CASE("engine deadline: it does not make the schedule longer", "[engine][deadline]")
{
    driver world(with_timeout(600s));
    world.silence();
    operation& call = world.address();
    world.run_until(1000s);
    CHECK(world.done_at(call) == "127.75");
    CHECK(call.error == errc::gateway_silent);
}

TEST_CASE("engine deadline: a mapping that is there is success", "[engine][deadline]")
{
    driver world(with_timeout(2s));
    world.gateway = [&](const request& asked) {
        return asked.is_address() ? bytes{} : world.conforming(asked);
    };
    operation& call = world.map(tcp(80));
    world.run_until(100s);
    CHECK(world.done_at(call) == "2");
    CHECK_FALSE(call.error);
    CHECK(call.mappings[0].external_address.is_unspecified());
    CHECK(world.mappings().size() == 1);
}

TEST_CASE("engine deadline: what the gateway may have made is undone", "[engine][deadline]")
{
    driver world(with_timeout(2s));
    world.gateway = [&](const request& asked) {
        return asked.is_delete() ? world.conforming(asked) : bytes{};
    };
    world.map({.protocol = protocol::tcp, .internal_port = 80, .clean_up = false});
    world.run_until(100s);
    CHECK(world.wire.back() == "3 delete tcp 80");
}

} // namespace engine_deadline_test
