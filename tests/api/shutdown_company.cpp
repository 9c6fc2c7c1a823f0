// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// async_shutdown with company: joined, cancelled, refused, in a coroutine that was cancelled.

#include "api/cancelling.hpp"

#include "support/asio.hpp"

#include <chrono>
#include <exception>
#include <system_error>

namespace shutdown_company_test {
using namespace api_test;

void shut_down(client& on, cancellable& operation, std::chrono::milliseconds limit = 2s)
{
    on.async_shutdown(limit, operation.token());
}

TEST_CASE("shutdown: a refused delete is told")
{
    world in;
    client on(in.context, in.options());
    on.async_map_port(protocol::tcp, 6881, ignore{});
    in.settle();
    in.faults().refuse_deletes = 2;
    cancellable operation;
    shut_down(on, operation);
    in.settle();
    CHECK(operation.got.error == errc::shutdown_incomplete);
    CHECK(in.run_dry());
}

TEST_CASE("shutdown: a second one joins, with the earlier deadline")
{
    world in;
    client on(in.context, in.options());
    on.async_map_port(protocol::tcp, 6881, ignore{});
    in.settle();
    in.faults().drop = true;
    cancellable first, second;
    const auto start = std::chrono::steady_clock::now();
    shut_down(on, first, 1h);
    shut_down(on, second, 50ms);
    REQUIRE(in.run_until([&] { return !first.pending() && !second.pending(); }));
    CHECK(std::chrono::steady_clock::now() - start < 2s);
    CHECK(first.got.error == errc::shutdown_incomplete);
    CHECK(second.got.error == errc::shutdown_incomplete);

    cancellable third; // knows the outcome
    shut_down(on, third);
    in.settle();
    CHECK(third.got.error == errc::shutdown_incomplete);
    CHECK(in.run_dry());
}

TEST_CASE("shutdown: cancelling one of two ends that one; cancelling the last closes now")
{
    const auto type = GENERATE(asio::cancellation_type::terminal, asio::cancellation_type::partial);
    world in;
    client on(in.context, in.options());
    on.async_map_port(protocol::tcp, 6881, ignore{});
    in.settle();
    in.faults().drop = true;
    cancellable first, second, later;
    shut_down(on, first, 1h);
    shut_down(on, second, 1h);
    in.settle();
    first.cancel(in, type);
    CHECK(first.aborted());
    CHECK(second.pending());
    second.cancel(in, type);
    CHECK(second.aborted());
    later.start<map_operation>(on);
    in.settle();
    CHECK(later.got.error == errc::closed);
    CHECK(in.run_dry());
}

TEST_CASE("shutdown: while a mapping waits to be tried again")
{
    world in;
    client on(in.context, in.options());
    in.faults().refuse_maps = 4;
    cancellable waiting, leaving;
    waiting.map(on, {.internal_port = 6881, .keep_trying = true});
    in.settle();
    CHECK(waiting.pending());
    shut_down(on, leaving);
    in.settle();
    CHECK(waiting.got.error == errc::closed);
    CHECK(leaving.got.succeeded());
    CHECK(in.run_dry());
}

/// Works until it is cancelled, then leaves properly.
asio::awaitable<void> service(world& in, int& stage)
{
    const auto executor = co_await asio::this_coro::executor;
    client on(executor, in.options());
    co_await on.async_map_port(protocol::tcp, 6881);
    stage = 1;
    try {
        for (;;) {
            const auto news = co_await on.async_wait_event();
            stage += news.kind == event_kind::mapped ? 1 : 100;
        }
    } catch (const natpmp::system_error&) {
        stage = 3;
    }
    co_await asio::this_coro::reset_cancellation_state();
    co_await on.async_shutdown(2s);
    stage = 4;
}

TEST_CASE("shutdown: in a coroutine that was cancelled")
{
    world in;
    int stage = 0;
    bool ended = false;
    asio::cancellation_signal signal;
    asio::co_spawn(in.context, service(in, stage),
                   asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error) {
                       CHECK_FALSE(error);
                       ended = true;
                   }));
    in.settle();
    CHECK(stage == 2);
    signal.emit(asio::cancellation_type::terminal);
    REQUIRE(in.run_until([&] { return ended; }));
    CHECK(stage == 4);
    CHECK(in.mapped() == 0);
    CHECK(in.run_dry());
}

} // namespace shutdown_company_test
