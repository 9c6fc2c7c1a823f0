// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Where handlers run: on their associated executor, else on the client's.

#include <natpmp/implementation.hpp>

#include "api/operations.hpp"

#include "support/asio.hpp"

#include <future>
#include <memory>
#include <optional>
#include <type_traits>

namespace executors_test {
using namespace api_test;

using context_executor = asio::io_context::executor_type;
using context_strand = asio::strand<context_executor>;

/// A handler with an executor of its own, which says where it was called.
class strand_reporter
{
public:
    using executor_type = context_strand;

    strand_reporter(report& into, bool& on_strand, const context_strand& strand)
        : into_(into), on_strand_(&on_strand), strand_(strand)
    {}

    [[nodiscard]] executor_type get_executor() const noexcept
    {
        return strand_;
    }

    template <class... Value>
    void operator()(error_code error, const Value&... value) const
    {
        *on_strand_ = strand_.running_in_this_thread();
        into_(error, value...);
    }

private:
    reporter into_;
    bool* on_strand_;
    context_strand strand_;
};

TEMPLATE_LIST_TEST_CASE("executors: a handler runs on its own executor and nowhere else", "",
                        all_operations)
{
    world in;
    client on(in.context, in.options());
    asio::io_context elsewhere;
    const auto strand = asio::make_strand(elsewhere);
    bool on_strand = false;
    report got;
    TestType::provoke(on);
    SECTION("when it succeeds")
    {
        TestType::start(on, strand_reporter(got, on_strand, strand));
        in.settle();
    }
    SECTION("when it fails at once")
    {
        on.async_shutdown(0s, ignore{});
        TestType::start(on, strand_reporter(got, on_strand, strand));
        in.settle();
    }
    SECTION("when the client is destroyed")
    {
        client gone(in.context, in.options());
        TestType::start(gone, strand_reporter(got, on_strand, strand));
        in.faults().drop = true;
        const client assigned(std::move(gone));
    }
    in.settle();
    CHECK(got.calls == 0); // the client's context alone cannot run it
    elsewhere.restart();
    elsewhere.run();
    CHECK(got.calls == 1);
    CHECK(on_strand);
}

TEMPLATE_LIST_TEST_CASE("executors: work is kept on the handler's executor", "", all_operations)
{
    world in;
    client on(in.context, in.options());
    asio::io_context elsewhere;
    report got;
    if (std::is_same_v<TestType, shutdown_operation>)
        TestType::provoke(on);
    in.settle();
    in.faults().drop = true;
    TestType::start(on, asio::bind_executor(elsewhere, reporter(got)));
    elsewhere.poll();
    CHECK_FALSE(elsewhere.stopped());
    in.settle();
    elsewhere.poll();
    CHECK_FALSE(elsewhere.stopped());
    on.cancel();
    in.settle();
    elsewhere.run();
    CHECK(elsewhere.stopped());
    CHECK(got.calls == 1);
}

TEMPLATE_LIST_TEST_CASE("executors: a handler that waits elsewhere keeps the client's from no end",
                        "", all_operations)
{
    world in;
    std::optional<client> on(std::in_place, in.context, in.options());
    asio::io_context elsewhere;
    report got;
    if (std::is_same_v<TestType, shutdown_operation>)
        TestType::provoke(*on);
    in.settle();
    in.faults().drop = true;
    TestType::start(*on, asio::bind_executor(elsewhere, reporter(got)));
    in.settle();
    on.reset();
    in.gateway.close();
    in.context.restart();
    in.context.run_for(1s);
    CHECK(in.context.stopped());
    CHECK(got.calls == 0);
    elsewhere.run();
    CHECK(got.calls == 1);
}

#if !defined(ASIO_NO_TS_EXECUTORS) && !defined(BOOST_ASIO_NO_TS_EXECUTORS)
TEMPLATE_LIST_TEST_CASE("executors: a strand of the older kind", "", all_operations)
{
    world in;
    client on(in.context, in.options());
    const asio::io_context::strand strand(in.context);
    report got;
    TestType::provoke(on);
    TestType::start(on, asio::bind_executor(strand, reporter(got)));
    REQUIRE(in.run_until([&] { return got.calls > 0; }));
    CHECK(got.succeeded());
}
#endif

TEMPLATE_LIST_TEST_CASE("executors: the client's own by default", "", all_operations)
{
    world in;
    const auto strand = asio::make_strand(in.context.get_executor());
    natpmp::basic_client<context_strand> on(strand, in.options());
    CHECK(on.get_executor() == strand);
    bool called = false, on_strand = false;
    auto handler = [&](error_code, const auto&...) {
        called = true;
        on_strand = strand.running_in_this_thread();
    };
    TestType::provoke(on);
    TestType::start(on, handler);
    REQUIRE(in.run_until([&] { return called; }));
    CHECK(on_strand);
}

TEST_CASE("executors: a type-erased strand")
{
    world in;
    const auto strand = asio::make_strand(in.context.get_executor());
    client on(strand, in.options());
    bool called = false, on_strand = false;
    on.async_external_address([&](error_code, const asio::ip::address&) {
        called = true;
        on_strand = strand.running_in_this_thread();
    });
    REQUIRE(in.run_until([&] { return called; }));
    CHECK(on_strand);
    CHECK(on.get_executor() == asio::any_io_executor(strand));
}

TEST_CASE("executors: the observer runs on the client's")
{
    world in;
    const auto strand = asio::make_strand(in.context.get_executor());
    client on(strand, in.options());
    int calls = 0, astray = 0;
    on.set_observer([&](const natpmp::event&) {
        ++calls;
        astray += strand.running_in_this_thread() ? 0 : 1;
    });
    asio::post(strand, [&] { on.async_map_port(protocol::tcp, 6881, ignore{}); });
    REQUIRE(in.run_until([&] { return calls > 0; }));
    CHECK(astray == 0);
}

TEMPLATE_LIST_TEST_CASE("executors: that of io_context itself", "", all_operations)
{
    world in;
    natpmp::basic_client<context_executor> on(in.context, in.options());
    static_assert(std::is_same_v<decltype(on)::executor_type, context_executor>);
    report got;
    TestType::provoke(on);
    TestType::start(on, reporter(got));
    REQUIRE(in.run_until([&] { return got.calls > 0; }));
    CHECK(got.succeeded());
}

TEST_CASE("executors: rebind_executor")
{
    using rebound = client::rebind_executor<context_strand>::other;
    static_assert(std::is_same_v<rebound, natpmp::basic_client<context_strand>>);
    static_assert(
        std::is_same_v<rebound::rebind_executor<asio::any_io_executor>::other, natpmp::client>);
    world in;
    rebound on(asio::make_strand(in.context.get_executor()), in.options());
    report got;
    map_operation::start(on, reporter(got));
    REQUIRE(in.run_until([&] { return got.calls > 0; }));
    CHECK(got.succeeded());
}

TEST_CASE("executors: a thread pool of one thread")
{
    std::promise<error_code> result;
    asio::thread_pool pool(1);
    auto gateway = std::make_unique<fake_gateway>(pool.get_executor());
    client_options options;
    options.gateway = gateway->endpoint().address();
    options.gateway_port = gateway->endpoint().port();
    options.announcements = false;
    std::unique_ptr<client> on;
    asio::post(pool, [&] {
        on = std::make_unique<client>(pool, options);
        on->async_external_address([&](error_code error, const asio::ip::address&) {
            on.reset();
            gateway.reset();
            result.set_value(error);
        });
    });
    CHECK_FALSE(result.get_future().get());
    pool.join();
}

} // namespace executors_test
