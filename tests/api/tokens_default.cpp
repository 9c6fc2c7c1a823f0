// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Default tokens: as_default_on(), and calls without a token beside awaitable operators.

#include "api/operations.hpp"

#include "support/asio.hpp"

#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

// clang-format off
#include NATPMP_ASIO_HEADER(experimental/awaitable_operators.hpp)
// clang-format on

namespace tokens_default_test {
using namespace api_test;
using namespace asio::experimental::awaitable_operators;

using awaitable_client = asio::use_awaitable_t<>::as_default_on_t<client>;
using timer = asio::use_awaitable_t<>::as_default_on_t<asio::steady_timer>;

static_assert(std::is_nothrow_constructible_v<awaitable_client, client>);
static_assert(std::is_nothrow_constructible_v<client, awaitable_client>);
static_assert(!std::is_constructible_v<awaitable_client, client&>);
static_assert(!std::is_constructible_v<awaitable_client, const client&>);

/// Runs a coroutine to its end; rethrows what it throws.
void run(world& in, asio::awaitable<void> coroutine)
{
    bool ended = false;
    std::exception_ptr thrown;
    asio::co_spawn(in.context, std::move(coroutine), [&](std::exception_ptr error) {
        thrown = error;
        ended = true;
    });
    REQUIRE(in.run_until([&] { return ended; }));
    if (thrown)
        std::rethrow_exception(thrown);
}

asio::awaitable<void> map(awaitable_client& on, mapping& made)
{
    made = co_await on.async_map_port(protocol::tcp, 6881);
}

TEST_CASE("tokens: as_default_on() takes over a client, its mappings and operations")
{
    world in;
    client plain(in.context, in.options());
    report got;
    plain.async_map_port(protocol::udp, 6882, reporter(got));
    auto on = asio::use_awaitable.as_default_on(std::move(plain));
    static_assert(std::is_same_v<decltype(on), awaitable_client>);
    mapping made;
    run(in, map(on, made));
    CHECK(good(made));
    CHECK(got.succeeded());
    CHECK(on.mappings().size() == 2);

    report closed;
    plain.async_external_address(reporter(closed));
    in.settle();
    CHECK(closed.error == errc::closed);
    const client back(std::move(on));
    CHECK(back.mappings().size() == 2);
}

/// Waits for an operation or for some time. One of both is awaited without a token.
template <class Client>
asio::awaitable<void> either(Client& on, std::chrono::milliseconds time, std::size_t& which)
{
    timer limit(on.get_executor(), time);
    const auto first = co_await (on.async_external_address() || limit.async_wait());
    which = first.index();
}

TEST_CASE("tokens: as_default_on() and ||")
{
    world in;
    auto on = asio::use_awaitable.as_default_on(client(in.context, in.options()));
    std::size_t which = 2;
    run(in, either(on, 10s, which));
    CHECK(which == 0);
    in.faults().drop = fault_switch(true);
    run(in, either(on, 50ms, which));
    CHECK(which == 1);
}

#if NATPMP_ASIO_VERSION < 102300 && defined(NATPMP_ASIO_HAS_CO_AWAIT)
TEST_CASE("tokens: none at all and ||")
{
    world in;
    client on(in.context, in.options());
    std::size_t which = 2;
    run(in, either(on, 10s, which));
    CHECK(which == 0);
    in.faults().drop = fault_switch(true);
    run(in, either(on, 50ms, which));
    CHECK(which == 1);
}
#endif

} // namespace tokens_default_test
