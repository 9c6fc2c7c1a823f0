// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A call with what is no completion token for the operation is not well-formed.

#include "api/operations.hpp"

#include "support/asio.hpp"

#include <concepts>

namespace tokens_constrained_test {
using namespace api_test;

// Handlers that do not fit a single operation ...
struct no_handler
{};
struct without_error
{
    void operator()(const mapping&) const;
    void operator()(const natpmp::event&) const;
    void operator()() const;
};
// ... and that fit some.
using of_mapping = void (*)(error_code, const mapping&);
using of_pair = void (*)(error_code, const natpmp::mapping_pair&);
using of_address = void (*)(error_code, const asio::ip::address&);
using of_event = void (*)(error_code, const natpmp::event&);
using of_nothing = void (*)(error_code);

/// Which of the calls are well-formed, as a bit each.
template <class Token>
constexpr unsigned calls()
{
    const auto each = [](auto... good) {
        unsigned result = 0;
        ((result = result * 2 + (good ? 1 : 0)), ...);
        return result;
    };
    return each(
        requires(client& on, Token token) { on.async_map_port(protocol::tcp, 1, token); },
        requires(client& on, Token token) { on.async_map_port(map_request{}, token); },
        requires(client& on, Token token) { on.async_map_port_pair(1, token); },
        requires(client& on, Token token) { on.async_map_port_pair(map_request{}, token); },
        requires(client& on, Token token) { on.async_unmap_port(protocol::tcp, 1, token); },
        requires(client& on, Token token) { on.async_external_address(token); },
        requires(client& on, Token token) { on.async_wait_event(token); },
        requires(client& on, Token token) { on.async_shutdown(1s, token); });
}

static_assert(calls<no_handler>() == 0);
static_assert(calls<without_error>() == 0);
static_assert(calls<int>() == 0);
static_assert(calls<of_mapping>() == 0b11000000);
static_assert(calls<of_pair>() == 0b00110000);
static_assert(calls<of_address>() == 0b00000100);
static_assert(calls<of_event>() == 0b00000010);
static_assert(calls<of_nothing>() == 0b00001001);

constexpr unsigned all = 0b11111111;
static_assert(calls<ignore>() == all);
static_assert(calls<asio::use_awaitable_t<>>() == all);
static_assert(calls<asio::use_future_t<>>() == all);
static_assert(calls<asio::detached_t>() == all);
#if NATPMP_ASIO_VERSION >= 102300
static_assert(calls<asio::deferred_t>() == all);
static_assert(calls<asio::as_tuple_t<asio::use_awaitable_t<>>>() == all);
#else
static_assert(calls<asio::experimental::deferred_t>() == all);
static_assert(calls<asio::experimental::as_tuple_t<asio::use_awaitable_t<>>>() == all);
#endif

template <class Client>
concept without_tokens = requires(Client& on) {
    on.async_map_port(protocol::tcp, 1);
    on.async_map_port(map_request{});
    on.async_map_port_pair(1);
    on.async_map_port_pair(map_request{});
    on.async_unmap_port(protocol::tcp, 1);
    on.async_external_address();
    on.async_wait_event();
    on.async_shutdown(1s);
};
static_assert(without_tokens<client>);

TEST_CASE("tokens: a call that is well-formed compiles")
{
    CHECK(calls<reporter>() == all);
}

} // namespace tokens_constrained_test
