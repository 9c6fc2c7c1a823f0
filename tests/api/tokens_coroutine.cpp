// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Completion tokens in coroutines, with every operation.

#include <natpmp/implementation.hpp>

#include "api/operations.hpp"

#include "support/asio.hpp"

#include <exception>
#include <system_error>

namespace tokens_coroutine_test {
using namespace api_test;

#if NATPMP_ASIO_VERSION >= 102300
using asio::as_tuple;
using asio::as_tuple_t;
#else
using asio::experimental::as_tuple;
using asio::experimental::as_tuple_t;
#endif

template <class Operation>
constexpr bool has_value = !std::is_void_v<typename Operation::result>;

template <class Operation, class Client, class... Token>
asio::awaitable<void> throwing(Client& on, report& into, Token... token)
{
    if constexpr (has_value<Operation>) {
        const auto value = co_await Operation::start(on, token...);
        into.value_good = good(value);
    } else {
        co_await Operation::start(on, token...);
        into.value_good = true;
    }
    ++into.calls;
}

template <class Operation>
asio::awaitable<void> redirecting(client& on, report& into)
{
    error_code error;
    if constexpr (has_value<Operation>) {
        const auto value =
            co_await Operation::start(on, asio::redirect_error(asio::use_awaitable, error));
        into.value_good = good(value);
    } else {
        co_await Operation::start(on, asio::redirect_error(asio::use_awaitable, error));
        into.value_good = true;
    }
    into.error = error;
    ++into.calls;
}

template <class Operation, class Client, class... Token>
asio::awaitable<void> tupling(Client& on, report& into, Token... token)
{
    const auto all = co_await Operation::start(on, token...);
    into.error = std::get<0>(all);
    if constexpr (has_value<Operation>)
        into.value_good = good(std::get<1>(all));
    else
        into.value_good = true;
    ++into.calls;
}

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

TEMPLATE_LIST_TEST_CASE("tokens: use_awaitable", "", all_operations)
{
    world in;
    client on(in.context, in.options());
    TestType::provoke(on);
    report got;
    run(in, throwing<TestType>(on, got, asio::use_awaitable));
    CHECK(got.succeeded());
}

TEMPLATE_LIST_TEST_CASE("tokens: none at all", "", all_operations)
{
    world in;
    client on(in.context, in.options());
    TestType::provoke(on);
    report got;
    run(in, throwing<TestType>(on, got));
    CHECK(got.succeeded());
}

TEMPLATE_LIST_TEST_CASE("tokens: an error is thrown", "", all_operations)
{
    world in;
    client gone(in.context, in.options());
    const client on(std::move(gone));
    report got;
    CHECK_THROWS_AS(run(in, throwing<TestType>(gone, got)), natpmp::system_error);
    CHECK(got.calls == 0);
}

TEMPLATE_LIST_TEST_CASE("tokens: redirect_error", "", all_operations)
{
    world in;
    client on(in.context, in.options());
    TestType::provoke(on);
    report got;
    run(in, redirecting<TestType>(on, got));
    CHECK(got.succeeded());
}

TEMPLATE_LIST_TEST_CASE("tokens: as_tuple", "", all_operations)
{
    world in;
    client on(in.context, in.options());
    TestType::provoke(on);
    report got;
    run(in, tupling<TestType>(on, got, as_tuple(asio::use_awaitable)));
    CHECK(got.succeeded());
}

TEMPLATE_LIST_TEST_CASE("tokens: use_awaitable_t::as_default_on_t", "", all_operations)
{
    world in;
    asio::use_awaitable_t<>::as_default_on_t<client> on(in.context.get_executor(), in.options());
    TestType::provoke(on);
    report got;
    run(in, throwing<TestType>(on, got));
    CHECK(got.succeeded());
}

TEMPLATE_LIST_TEST_CASE("tokens: as_tuple_t::as_default_on_t", "", all_operations)
{
    world in;
    as_tuple_t<asio::use_awaitable_t<>>::as_default_on_t<client> on(in.context, in.options());
    TestType::provoke(on);
    report got;
    run(in, tupling<TestType>(on, got));
    CHECK(got.succeeded());
}

asio::awaitable<void> readme(world& in, mapping& made)
{
    auto executor = co_await asio::this_coro::executor;
    natpmp::client client(executor, in.options());
    made = co_await client.async_map_port(natpmp::protocol::tcp, 6881);
    co_await client.async_shutdown(2s);
}

TEST_CASE("tokens: the shortest program")
{
    world in;
    mapping made;
    run(in, readme(in, made));
    CHECK(good(made));
    CHECK(in.wire() ==
          lines{"delete tcp 6881", "map tcp 6881 6881 7200", "address", "delete tcp 6881"});
    CHECK(in.mapped() == 0);
    CHECK(in.run_dry());
}

} // namespace tokens_coroutine_test
