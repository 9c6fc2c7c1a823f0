// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// scoped_mapping: a mapping that ends with a scope.

#include "api/cancelling.hpp"

#include "support/asio.hpp"

#include <optional>
#include <type_traits>
#include <utility>

namespace scoped_mapping_test {
using namespace api_test;
using natpmp::scoped_mapping;

static_assert(!std::is_copy_constructible_v<scoped_mapping>);
static_assert(!std::is_copy_assignable_v<scoped_mapping>);
static_assert(std::is_nothrow_move_constructible_v<scoped_mapping>);
static_assert(std::is_nothrow_move_assignable_v<scoped_mapping>);
static_assert(std::is_default_constructible_v<scoped_mapping>);

/// A mapping that is up.
mapping map(world& in, client& on, int port)
{
    mapping made;
    on.async_map_port(map_request{.internal_port = port, .clean_up = false},
                      [&](error_code error, const mapping& granted) {
                          CHECK_FALSE(error);
                          made = granted;
                      });
    in.settle();
    REQUIRE(made.internal_port == port);
    return made;
}

TEST_CASE("scoped_mapping: unmaps at the end of its scope, in the background")
{
    world in;
    client on(in.context, in.options());
    {
        const scoped_mapping guard(on, map(in, on, 6881));
        CHECK(guard.get() == on.mappings().at(0));
        in.settle();
        CHECK(in.mapped() == 1);
    }
    CHECK(on.mappings().empty());
    in.settle();
    CHECK(in.mapped() == 0);
    CHECK(in.wire().back() == "delete tcp 6881");
    CHECK(in.run_dry());
}

TEST_CASE("scoped_mapping: release keeps the mapping")
{
    world in;
    client on(in.context, in.options());
    {
        scoped_mapping guard(on, map(in, on, 6881));
        const auto kept = guard.release();
        CHECK(kept == on.mappings().at(0));
        CHECK_FALSE(guard.get());
        CHECK_FALSE(guard.release());
    }
    in.settle();
    CHECK(in.mapped() == 1);
    CHECK(on.mappings().size() == 1);
}

TEST_CASE("scoped_mapping: moves hand it on, an assignment ends the old one")
{
    world in;
    client on(in.context, in.options());
    scoped_mapping one(on, map(in, on, 7001));
    scoped_mapping two(on, map(in, on, 7002));
    CHECK(in.mapped() == 2);
    one = std::move(two);
    in.settle();
    CHECK(in.mapped() == 1);
    CHECK(in.wire().back() == "delete tcp 7001");
    {
        const scoped_mapping three(std::move(one));
        CHECK(three.get()->internal_port == 7002);
    }
    in.settle();
    CHECK(in.mapped() == 0);
    const auto count = in.wire().size();
    one = scoped_mapping();
    two = scoped_mapping();
    in.settle();
    CHECK(in.wire().size() == count);
}

TEST_CASE("scoped_mapping: self-assignment keeps the mapping")
{
    world in;
    client on(in.context, in.options());
    scoped_mapping guard(on, map(in, on, 7001));
    scoped_mapping& self = guard;
    guard = std::move(self);
    in.settle();
    CHECK(in.mapped() == 1);
}

TEST_CASE("scoped_mapping: outlives its client, and does nothing then")
{
    world in;
    std::optional<client> on(std::in_place, in.context, in.options());
    std::optional<scoped_mapping> guard(std::in_place, *on, map(in, *on, 6881));
    const auto before = in.wire();
    SECTION("destroyed")
    {
        on.reset();
    }
    SECTION("shut down")
    {
        on->async_shutdown(0s, ignore{});
        in.settle();
    }
    CHECK_FALSE(guard->get());
    guard.reset();
    in.settle();
    CHECK(in.wire() == before);
    CHECK(in.run_dry());
}

TEST_CASE("scoped_mapping: of a mapping that was unmapped already")
{
    world in;
    client on(in.context, in.options());
    {
        const scoped_mapping guard(on, map(in, on, 6881));
        on.async_unmap_port(protocol::tcp, 6881, ignore{});
        in.settle();
        CHECK(in.mapped() == 0);
        CHECK_FALSE(guard.get());
    }
    in.settle();
    CHECK(in.wire().size() == 3); // map, address, delete
    CHECK(in.run_dry());
}

TEST_CASE("scoped_mapping: of a client that was moved from guards nothing")
{
    world in;
    client on(in.context, in.options());
    const mapping made = map(in, on, 6881);
    const client other(std::move(on));
    {
        const scoped_mapping guard(on, made);
        CHECK_FALSE(guard.get());
    }
    in.settle();
    CHECK(in.mapped() == 1);
}

TEST_CASE("scoped_mapping: knows the mapping as it is now")
{
    world in;
    in.gateway.model().settings.max_lifetime = 2s;
    client on(in.context, in.options());
    const mapping made = map(in, on, 6881);
    const scoped_mapping guard(on, made);
    CHECK(guard.get() == made);
    in.faults().move_ports = true;
    REQUIRE(in.run_until([&] { return on.status().renewals > 0; }));
    REQUIRE(guard.get());
    CHECK(guard.get()->external_port == made.external_port + 1);
}

TEST_CASE("scoped_mapping: of no mapping guards nothing")
{
    world in;
    client on(in.context, in.options());
    map(in, on, 6881);
    {
        const scoped_mapping none;
        CHECK_FALSE(none.get());
        const scoped_mapping failed(on, mapping{.internal_port = 6881});
        CHECK_FALSE(failed.get());
    }
    in.settle();
    CHECK(in.mapped() == 1);
}

asio::awaitable<void> scope(world& in)
{
    const auto executor = co_await asio::this_coro::executor;
    client on(executor, in.options());
    {
        const auto made = co_await on.async_map_port(protocol::tcp, 6881);
        const scoped_mapping guard(on, made);
        co_await on.async_external_address();
        if (in.mapped() != 1)
            throw std::runtime_error("it ended early");
    }
    co_await on.async_external_address(); // the delete goes first
    if (in.mapped() != 0)
        throw std::runtime_error("it did not end");
}

TEST_CASE("scoped_mapping: in a coroutine")
{
    world in;
    bool ended = false;
    asio::co_spawn(in.context, scope(in), [&](std::exception_ptr error) {
        CHECK_FALSE(error);
        ended = true;
    });
    in.settle();
    CHECK(ended);
    CHECK(in.run_dry());
}

} // namespace scoped_mapping_test
