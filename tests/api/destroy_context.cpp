// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// An io_context that is destroyed takes every pending operation with it, and what that owns: a
// client in the frame of a coroutine that waits for it is no cycle.

#include "api/operations.hpp"

#include "support/asio.hpp"

#include <memory>
#include <optional>
#include <utility>

namespace destroy_context_test {
using namespace api_test;

/// Counts what is alive, such as frames of coroutines.
struct sentinel
{
    static inline int alive = 0;

    sentinel() noexcept
    {
        ++alive;
    }
    sentinel(const sentinel&) noexcept
    {
        ++alive;
    }
    sentinel& operator=(const sentinel&) = default;
    ~sentinel()
    {
        --alive;
    }
};

template <class Operation>
constexpr bool needs_a_mapping = std::is_same_v<Operation, shutdown_operation>;

template <class Operation>
asio::awaitable<void> owner(world& in)
{
    const sentinel frame;
    const auto executor = co_await asio::this_coro::executor;
    client on(executor, in.options());
    if (needs_a_mapping<Operation>)
        co_await on.async_map_port(protocol::tcp, 7000);
    in.faults().drop = true;
    co_await Operation::start(on);
}

asio::awaitable<void> reader(client& on)
{
    const sentinel frame;
    co_await on.async_wait_event();
    co_await on.async_wait_event();
}

asio::awaitable<void> owner_with_company(world& in)
{
    const sentinel frame;
    const auto executor = co_await asio::this_coro::executor;
    client on(executor, in.options());
    asio::co_spawn(executor, reader(on), asio::detached);
    const auto made = co_await on.async_map_port(protocol::tcp, 7000);
    const natpmp::scoped_mapping guard(on, made);
    on.set_observer([frame](const auto&) {});
    in.faults().drop = true;
    co_await on.async_map_port(protocol::udp, 7001);
}

/// The gateway and the client's work go before their context.
class short_world
{
public:
    world& operator*()
    {
        return *in_;
    }

    world* operator->()
    {
        return in_.get();
    }

    void destroy()
    {
        in_.reset();
    }

private:
    std::unique_ptr<world> in_ = std::make_unique<world>();
};

/// A handler that cancels its own operation when it is destroyed without having been called.
class parting_shot
{
public:
    parting_shot() = default;
    parting_shot(parting_shot&&) = default;
    ~parting_shot()
    {
        if (signal_)
            signal_->emit(asio::cancellation_type::terminal);
    }

    [[nodiscard]] asio::cancellation_slot slot() const
    {
        return signal_->slot();
    }

    void operator()(error_code, const auto&...)
    {
        signal_.reset();
    }

private:
    std::unique_ptr<asio::cancellation_signal> signal_ =
        std::make_unique<asio::cancellation_signal>();
    sentinel alive_;
};

TEMPLATE_LIST_TEST_CASE("context destroyed: a coroutine that owns the client", "", all_operations)
{
    short_world in;
    asio::co_spawn(in->context, owner<TestType>(*in), asio::detached);
    in->settle();
    CHECK(sentinel::alive == 1);
    in.destroy();
    CHECK(sentinel::alive == 0);
}

TEST_CASE("context destroyed: coroutines that share a client, with a guard and an observer")
{
    short_world in;
    asio::co_spawn(in->context, owner_with_company(*in), asio::detached);
    in->settle();
    CHECK(sentinel::alive >= 3);
    in.destroy();
    CHECK(sentinel::alive == 0);
}

TEMPLATE_LIST_TEST_CASE("context destroyed: a handler that owns the client", "", all_operations)
{
    short_world in;
    auto on = std::make_shared<client>(in->context, in->options());
    client& it = *on;
    if (needs_a_mapping<TestType>)
        TestType::provoke(it);
    in->settle();
    in->faults().drop = true;
    TestType::start(it, [owner = std::move(on), alive = sentinel{}](error_code, const auto&...) {});
    SECTION("before anything ran")
    {}
    SECTION("after the first datagram")
    {
        in->settle();
    }
    SECTION("with the completion posted")
    {
        it.cancel();
    }
    CHECK(sentinel::alive == 1);
    in.destroy();
    CHECK(sentinel::alive == 0);
}

TEST_CASE("context destroyed: a handler that owns the client, which keeps a mapping")
{
    short_world in;
    auto on = std::make_shared<client>(in->context, in->options());
    client& it = *on;
    it.async_map_port(protocol::tcp, 6881, ignore{});
    in->settle();
    it.async_wait_event([](error_code, const natpmp::event&) {}); // mapped
    in->settle();
    it.async_wait_event([owner = std::move(on), alive = sentinel{}](error_code, const auto&) {});
    in->settle();
    CHECK(sentinel::alive == 1);
    in.destroy();
    CHECK(sentinel::alive == 0);
}

TEST_CASE("context destroyed: a reader that waits while nothing else is to be done")
{
    short_world in;
    auto on = std::make_shared<client>(in->context, in->options());
    client& it = *on;
    it.async_wait_event([owner = std::move(on), alive = sentinel{}](error_code, const auto&) {});
    in->settle();
    in.destroy();
    CHECK(sentinel::alive == 0);
}

TEMPLATE_LIST_TEST_CASE("context destroyed: an operation is cancelled while it is destroyed", "",
                        all_operations)
{
    short_world in;
    auto on = std::make_shared<client>(in->context, in->options());
    in->faults().drop = true;
    {
        parting_shot handler;
        const auto slot = handler.slot();
        TestType::start(*on, asio::bind_cancellation_slot(slot, std::move(handler)));
    }
    CHECK(sentinel::alive == 1);
    in->settle();
    SECTION("its client is gone")
    {
        on.reset();
    }
    SECTION("its client is owned by another handler")
    {
        client& it = *on;
        it.async_external_address([owner = std::move(on)](error_code, const auto&) {});
    }
    in.destroy();
    CHECK(sentinel::alive == 0);
}

TEMPLATE_LIST_TEST_CASE("context destroyed: after the signal of a pending operation", "",
                        all_operations)
{
    short_world in;
    {
        auto on = std::make_shared<client>(in->context, in->options());
        client& it = *on;
        in->faults().drop = true;
        asio::cancellation_signal signal;
        TestType::start(it, asio::bind_cancellation_slot(
                                signal.slot(), [owner = std::move(on), alive = sentinel{}](
                                                   error_code, const auto&...) {}));
    }
    in.destroy();
    CHECK(sentinel::alive == 0);
}

TEST_CASE("context destroyed: the handler of a context that never ran")
{
    short_world in;
    auto on = std::make_shared<client>(in->context, in->options());
    client& it = *on;
    it.async_external_address([owner = std::move(on), alive = sentinel{}](error_code, auto&&) {});
    in.destroy();
    CHECK(sentinel::alive == 0);
}

/// Starts an operation when it is destroyed.
struct late_starter
{
    std::shared_ptr<client> on;
    std::shared_ptr<int> held;

    late_starter(std::shared_ptr<client> with, std::shared_ptr<int> what)
        : on(std::move(with)), held(std::move(what))
    {}
    late_starter(const late_starter&) = delete;
    late_starter& operator=(const late_starter&) = delete;

    ~late_starter()
    {
        on->async_external_address([kept = held](const auto&...) {});
    }
};

asio::awaitable<void> start_late(std::shared_ptr<client> on, std::shared_ptr<int> held)
{
    const late_starter local(on, std::move(held));
    co_await on->async_wait_event();
}

TEST_CASE("destroy context: an operation that is started while it goes down")
{
    auto held = std::make_shared<int>();
    const std::weak_ptr<int> seen = held;
    {
        world in;
        auto on = std::make_shared<client>(in.context, in.options());
        asio::co_spawn(in.context, start_late(std::move(on), std::move(held)), asio::detached);
        in.settle();
        REQUIRE(seen.use_count() > 0);
    }
    CHECK(seen.use_count() == 0);
}

TEST_CASE("destroy context: a strand that goes down first takes a client with it")
{
    auto held = std::make_shared<int>();
    const std::weak_ptr<int> seen = held;
    {
        world in;
        client(in.context, in.options()).async_wait_event(ignore{}); // handlers wait from now on
        const auto strand = asio::make_strand(in.context);
        auto on = std::make_shared<client>(asio::any_io_executor(strand), in.options());
        in.faults().drop = true;
        on->async_external_address([kept = std::move(held)](const auto&...) {});
        in.settle();
        REQUIRE(seen.use_count() == 1);
        asio::post(strand, [last = std::move(on)] {}); // not run
    }
    CHECK(seen.use_count() == 0);
}

} // namespace destroy_context_test
