// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Completion tokens outside coroutines, with every operation.

#include "api/operations.hpp"

#include "support/asio.hpp"

#include <future>
#include <memory>
#include <optional>
#include <thread>

namespace tokens_handler_test {
using namespace api_test;

#if NATPMP_ASIO_VERSION >= 102300
using asio::deferred;
#else
using asio::experimental::deferred;
#endif

/// A handler that can be moved only.
class movable_reporter
{
public:
    explicit movable_reporter(report& into) : into_(std::make_unique<reporter>(into))
    {}

    template <class... Value>
    void operator()(error_code error, const Value&... value)
    {
        (*into_)(error, value...);
    }

private:
    std::unique_ptr<reporter> into_;
};

/// A handler that can be called only once, as an rvalue.
class rvalue_reporter : reporter
{
public:
    using reporter::reporter;

    template <class... Value>
    void operator()(error_code error, const Value&... value) &&
    {
        reporter::operator()(error, value...);
    }
};

/// Starts an operation, and says that the handler was not called within.
template <class Operation, class Client, class Token>
void start_and_end(world& in, Client& on, report& got, Token token)
{
    Operation::start(on, std::move(token));
    CHECK(got.calls == 0);
    REQUIRE(in.run_until([&] { return got.calls > 0; }));
    in.settle();
    CHECK(got.calls == 1);
}

TEMPLATE_LIST_TEST_CASE("tokens: a callback", "", all_operations)
{
    world in;
    client on(in.context, in.options());
    TestType::provoke(on);
    report got;
    start_and_end<TestType>(in, on, got, reporter(got));
    CHECK(got.succeeded());
}

TEMPLATE_LIST_TEST_CASE("tokens: a callback of what fails at once", "", all_operations)
{
    world in;
    client on(in.context, in.options());
    report got;
    SECTION("it was moved from")
    {
        const client other(std::move(on));
        start_and_end<TestType>(in, on, got, reporter(got));
    }
    SECTION("it is shut down")
    {
        on.async_shutdown(0s, ignore{});
        start_and_end<TestType>(in, on, got, reporter(got));
    }
    if (std::is_same_v<TestType, shutdown_operation> && !got.error)
        return; // it joins the one before
    CHECK(got.error == errc::closed);
    CHECK(in.wire().empty());
}

TEMPLATE_LIST_TEST_CASE("tokens: a handler that can only be moved", "", all_operations)
{
    world in;
    client on(in.context, in.options());
    TestType::provoke(on);
    report got;
    start_and_end<TestType>(in, on, got, movable_reporter(got));
    CHECK(got.succeeded());
}

TEMPLATE_LIST_TEST_CASE("tokens: a handler that is called as an rvalue", "", all_operations)
{
    world in;
    client on(in.context, in.options());
    TestType::provoke(on);
    report got;
    start_and_end<TestType>(in, on, got, rvalue_reporter(got));
    CHECK(got.succeeded());
}

TEMPLATE_LIST_TEST_CASE("tokens: an lvalue is copied", "", all_operations)
{
    world in;
    client on(in.context, in.options());
    TestType::provoke(on);
    report got;
    {
        const reporter handler(got);
        TestType::start(on, handler);
    }
    REQUIRE(in.run_until([&] { return got.calls > 0; }));
    CHECK(got.succeeded());
}

TEMPLATE_LIST_TEST_CASE("tokens: bind_executor and bind_cancellation_slot", "", all_operations)
{
    world in;
    client on(in.context, in.options());
    TestType::provoke(on);
    asio::io_context elsewhere;
    asio::cancellation_signal signal;
    report got;
    TestType::start(on, asio::bind_executor(
                            elsewhere, asio::bind_cancellation_slot(signal.slot(), reporter(got))));
    REQUIRE(in.run_until([&] {
        elsewhere.restart();
        elsewhere.poll();
        return got.calls > 0;
    }));
    CHECK(got.succeeded());
    signal.emit(asio::cancellation_type::all); // does nothing
    in.settle();
    CHECK(got.calls == 1);
}

TEMPLATE_LIST_TEST_CASE("tokens: detached", "", all_operations)
{
    world in;
    client on(in.context, in.options());
    TestType::start(on, asio::detached);
    in.settle();
    CHECK(on.status().ignored == natpmp::status{}.ignored);
}

TEMPLATE_LIST_TEST_CASE("tokens: use_future, with the context on another thread", "[use_future]",
                        all_operations)
{
    world in;
    client on(in.context, in.options());
    TestType::provoke(on);
    auto future = TestType::start(on, asio::use_future);
    std::thread runner([&] { in.context.run_for(10s); });
    const auto status = future.wait_for(10s);
    in.context.stop();
    runner.join();
    REQUIRE(status == std::future_status::ready);
    if constexpr (std::is_void_v<typename TestType::result>)
        CHECK_NOTHROW(future.get());
    else
        CHECK(good(future.get()));
}

TEMPLATE_LIST_TEST_CASE("tokens: deferred starts when it is called", "", all_operations)
{
    world in;
    client on(in.context, in.options());
    report got;
    auto operation = TestType::start(on, deferred);
    in.settle();
    CHECK(in.wire().empty());
    TestType::provoke(on);
    std::move(operation)(reporter(got));
    CHECK(got.calls == 0);
    REQUIRE(in.run_until([&] { return got.calls > 0; }));
    CHECK(got.succeeded());
}

TEMPLATE_LIST_TEST_CASE("tokens: deferred, called when the client is gone", "", all_operations)
{
    world in;
    std::optional<client> on(std::in_place, in.context, in.options());
    report got;
    auto operation = TestType::start(*on, deferred);
    on.reset();
    std::move(operation)(reporter(got));
    CHECK(got.calls == 0);
    REQUIRE(in.run_until([&] { return got.calls > 0; }));
    if (!std::is_same_v<TestType, shutdown_operation>)
        CHECK(got.error == errc::closed);
    CHECK(in.wire().empty());
}

} // namespace tokens_handler_test
