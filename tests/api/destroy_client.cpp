// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A client that is destroyed sends nothing, and its pending operations are aborted.

#include "api/cancelling.hpp"

#include <memory>
#include <optional>
#include <utility>

namespace destroy_client_test {
using namespace api_test;

TEMPLATE_LIST_TEST_CASE("destruction: with an operation pending", "", all_operations)
{
    world in;
    std::optional<client> on(std::in_place, in.context, in.options());
    if (std::is_same_v<TestType, shutdown_operation>)
        TestType::provoke(*on);
    in.settle();
    in.faults().drop = true;
    cancellable operation;
    operation.start<TestType>(*on);
    SECTION("at once")
    {}
    SECTION("after its first datagram")
    {
        in.settle();
    }
    const auto sent = on->status().sent;
    on.reset();
    CHECK(operation.pending()); // posted
    CHECK(in.run_dry());
    CHECK(operation.aborted());
    CHECK(in.gateway.model().requests.size() <= sent);
    operation.signal.emit(asio::cancellation_type::all); // does nothing
}

TEMPLATE_LIST_TEST_CASE("destruction: in the operation's own handler", "", all_operations)
{
    world in;
    auto on = std::make_unique<client>(in.context, in.options());
    TestType::provoke(*on);
    bool called = false;
    TestType::start(*on, [&](error_code error, const auto&...) {
        CHECK_FALSE(error);
        on.reset();
        called = true;
    });
    REQUIRE(in.run_until([&] { return called; }));
    CHECK(in.run_dry());
}

TEMPLATE_LIST_TEST_CASE("destruction: by a handler that owns the client", "", all_operations)
{
    world in;
    auto on = std::make_shared<client>(in.context, in.options());
    const std::weak_ptr<client> watch(on);
    client& it = *on;
    TestType::provoke(it);
    TestType::start(it, [owner = std::move(on)](error_code, const auto&...) {});
    REQUIRE(in.run_until([&] { return watch.expired(); }));
    CHECK(in.run_dry());
}

TEST_CASE("destruction: after each datagram of the exchange")
{
    const auto count = static_cast<std::size_t>(GENERATE(1, 2, 3));
    world in;
    in.faults().delay = 5ms;
    std::optional<client> on(std::in_place, in.context, in.options());
    cancellable operation;
    operation.start<map_operation>(*on);
    REQUIRE(in.run_until_requests(count));
    on.reset();
    in.run_for(20ms); // the answer comes
    CHECK(operation.aborted());
    CHECK(in.wire().size() == count);
    CHECK(in.run_dry());
}

TEST_CASE("destruction: with a mapping up, it runs out at the gateway")
{
    world in;
    std::optional<client> on(std::in_place, in.context, in.options());
    on->async_map_port(protocol::tcp, 6881, ignore{});
    in.settle();
    CHECK(on->mappings().size() == 1);
    const auto before = in.wire();
    on.reset();
    in.settle();
    CHECK(in.wire() == before);
    CHECK(in.mapped() == 1);
    CHECK(in.run_dry());
}

TEST_CASE("destruction: in the observer, at each of its calls")
{
    const int at = GENERATE(range(0, 7));
    world in;
    auto on = std::make_unique<client>(in.context, in.options());
    int calls = 0;
    on->set_observer([&](const auto&) {
        if (calls++ == at)
            on.reset();
    });
    cancellable operation;
    operation.start<map_operation>(*on);
    REQUIRE(in.run_until([&] { return on == nullptr; }));
    in.settle();
    CHECK(calls == at + 1); // an observer goes with its client
    CHECK(operation.got.calls == 1);
    CHECK((operation.aborted() || at >= 5));
    CHECK(in.run_dry());
}

TEST_CASE("destruction: in the observer, while a shutdown sends its deletes")
{
    world in;
    auto on = std::make_unique<client>(in.context, in.options());
    on->async_map_port(protocol::tcp, 6881, ignore{});
    in.settle();
    on->set_observer([&](const auto&) { on.reset(); });
    cancellable operation;
    operation.start<shutdown_operation>(*on);
    CHECK(on != nullptr);
    CHECK(operation.pending());
    in.settle();
    CHECK(on == nullptr); // it saw the delete being sent
    CHECK(operation.aborted());
    CHECK(in.run_dry());
}

TEST_CASE("moved: operations and mappings go with it")
{
    world in;
    client first(in.context, in.options());
    first.async_map_port(protocol::tcp, 6881, ignore{});
    in.settle();
    cancellable operation;
    operation.start<address_operation>(first);
    client second(std::move(first));
    REQUIRE(in.run_until([&] { return !operation.pending(); }));
    CHECK(operation.got.succeeded());
    CHECK(second.mappings().size() == 1);
    CHECK(first.mappings().empty());
    CHECK(first.get_executor() == second.get_executor());
}

TEST_CASE("moved: assignment ends what was there before")
{
    world in;
    client first(in.context, in.options());
    client second(in.context, in.options());
    in.faults().drop = true;
    cancellable of_first, of_second;
    of_first.start<map_operation>(first);
    of_second.start<map_request_operation>(second);
    in.settle();
    first = std::move(second);
    CHECK(of_first.pending());
    in.settle();
    CHECK(of_first.aborted());
    CHECK(of_second.pending());

    in.faults().drop = false;
    REQUIRE(in.run_until([&] { return !of_second.pending(); }));
    CHECK(of_second.got.succeeded());
    CHECK(first.mappings().size() == 1);

    client& self = first;
    first = std::move(self);
    CHECK(first.mappings().size() == 1);

    cancellable closed;
    closed.start<map_operation>(second);
    in.settle();
    CHECK(closed.got.error == errc::closed);
    second = client(in.context, in.options()); // and it can be used again
    cancellable again;
    again.start<address_operation>(second);
    in.settle();
    CHECK(again.got.succeeded());
}

TEST_CASE("moved: a scoped_mapping and an observer follow")
{
    world in;
    client first(in.context, in.options());
    int seen = 0;
    first.set_observer([&](const natpmp::event&) { ++seen; });
    mapping made;
    first.async_map_port(protocol::tcp, 6881, [&](error_code, const mapping& m) { made = m; });
    in.settle();
    CHECK(seen == 1);
    std::optional<natpmp::scoped_mapping> guard(std::in_place, first, made);
    const client second(std::move(first));
    guard.reset();
    in.settle();
    CHECK(seen == 2);
    CHECK(in.mapped() == 0);
    CHECK(second.mappings().empty());
}

} // namespace destroy_client_test
