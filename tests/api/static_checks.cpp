// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What the compiler can check of the interface.

#include <natpmp/implementation.hpp>
#include <natpmp/testing/simulated_platform.hpp>

#include "api/operations.hpp"

#include "support/asio.hpp"

#include <concepts>
#include <future>
#include <type_traits>

namespace static_checks_test {
using namespace api_test;

using strand_client = natpmp::basic_client<asio::strand<asio::io_context::executor_type>>;

// GCC 12 destroys temporaries in a co_await expression twice, unless that does nothing.
template <class... Type>
constexpr bool harmless = (std::is_trivially_destructible_v<Type> && ...);
static_assert(
    harmless<client_options, map_request, mapping, natpmp::mapping_pair, natpmp::event,
             natpmp::status, natpmp::gateway, natpmp::port_number, natpmp::datagram, error_code>);

static_assert(!std::is_copy_constructible_v<client> && !std::is_copy_assignable_v<client>);
static_assert(std::is_nothrow_move_constructible_v<client>);
static_assert(std::is_nothrow_move_assignable_v<client>);
static_assert(std::is_nothrow_destructible_v<client>);
static_assert(!std::is_default_constructible_v<client>);
static_assert(std::constructible_from<client, asio::io_context&>);
static_assert(std::constructible_from<client, asio::any_io_executor, client_options>);
static_assert(!std::convertible_to<asio::io_context&, client>);
static_assert(!std::convertible_to<asio::any_io_executor, client>);
static_assert(std::constructible_from<strand_client, strand_client::executor_type>);

static_assert(natpmp::platform<natpmp::asio_platform<asio::any_io_executor>>);
static_assert(natpmp::platform<natpmp::asio_platform<strand_client::executor_type>>);
static_assert(!natpmp::platform<int>);
static_assert(!natpmp::platform<asio::io_context>);

// A client takes any platform whose executor it can have, and nothing else.
static_assert(std::constructible_from<client, natpmp::testing::simulated_platform>);
static_assert(std::constructible_from<client, natpmp::testing::simulated_platform, client_options>);
static_assert(std::constructible_from<client, natpmp::asio_platform<strand_client::executor_type>>);
static_assert(!std::constructible_from<strand_client, natpmp::testing::simulated_platform>);
static_assert(!std::convertible_to<natpmp::testing::simulated_platform, client>);
static_assert(!std::constructible_from<client, int>);
static_assert(!std::constructible_from<client, natpmp::testing::simulated_network&>);

/// What an operation gives for a token.
template <class Operation, class Client, class... Token>
using started = decltype(Operation::start(std::declval<Client&>(), std::declval<Token>()...));

static_assert(std::is_void_v<started<map_operation, client, reporter>>);
static_assert(
    std::same_as<started<map_operation, client, asio::use_future_t<>>, std::future<mapping>>);
static_assert(std::same_as<started<pair_operation, client, asio::use_future_t<>>,
                           std::future<natpmp::mapping_pair>>);
static_assert(
    std::same_as<started<unmap_operation, client, asio::use_future_t<>>, std::future<void>>);
static_assert(std::same_as<started<address_operation, client, asio::use_future_t<>>,
                           std::future<asio::ip::address>>);
static_assert(std::same_as<started<event_operation, client, asio::use_future_t<>>,
                           std::future<natpmp::event>>);
static_assert(std::same_as<started<shutdown_operation, strand_client, asio::use_future_t<>>,
                           std::future<void>>);

static_assert(std::is_void_v<decltype(std::declval<client&>().cancel())>);
static_assert(noexcept(std::declval<const client&>().get_executor()));

TEST_CASE("static: defaults")
{
    const client_options options;
    CHECK(options.gateway.is_unspecified());
    CHECK(options.gateway_port.value() == 5351);
    CHECK(options.announcement_port.value() == 5350);
    CHECK(options.announcements);
    CHECK(options.timeout == 0ms);
    CHECK_FALSE(options.allow_public_address);

    const map_request request;
    CHECK(request.protocol == protocol::tcp);
    CHECK(request.lifetime == 7200s);
    CHECK(request.clean_up);
    CHECK_FALSE(request.keep_trying);
}

} // namespace static_checks_test
