// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Per-operation cancellation, the same for every operation: what each type does, and when.

#include "api/cancelling.hpp"

namespace cancel_steps_test {
using namespace api_test;
using asio::cancellation_type;

cancellation_type any_type()
{
    return GENERATE(cancellation_type::terminal, cancellation_type::partial,
                    cancellation_type::total, cancellation_type::all);
}

cancellation_type prompt_type()
{
    return GENERATE(cancellation_type::terminal, cancellation_type::partial,
                    cancellation_type::all);
}

TEMPLATE_LIST_TEST_CASE("cancellation: in the queue, each type, no effect", "", request_operations)
{
    const auto type = any_type();
    world in;
    client on(in.context, in.options());
    in.faults().drop = true;
    cancellable first, queued;
    first.start<address_operation>(on);
    in.settle();
    queued.start<TestType>(on);
    in.settle();
    queued.cancel(in, type);
    CHECK(queued.aborted());
    CHECK(first.pending());

    first.signal.emit(cancellation_type::terminal);
    CHECK(in.run_dry());
    CHECK(first.aborted());
    CHECK(in.wire() == lines{"address"});
    CHECK(queued.got.calls == 1);
}

TEMPLATE_LIST_TEST_CASE("cancellation: after the first datagram, terminal and partial are prompt",
                        "", request_operations)
{
    const auto type = prompt_type();
    world in;
    client on(in.context, in.options());
    in.faults().drop = true;
    cancellable operation;
    operation.start<TestType>(on);
    in.settle();
    CHECK(in.wire().size() == 1);
    operation.cancel(in, type);
    CHECK(operation.aborted());
    in.settle();
    CHECK(in.wire().size() == 1);
}

TEMPLATE_LIST_TEST_CASE("cancellation: after the first datagram, total alone waits", "",
                        request_operations)
{
    world in;
    client on(in.context, in.options());
    in.faults().delay = 200ms;
    cancellable operation;
    operation.start<TestType>(on);
    in.settle();
    CHECK(in.wire().size() == 1);
    operation.cancel(in, cancellation_type::total);
    CHECK(operation.pending());
    REQUIRE(in.run_until([&] { return !operation.pending(); }));
    CHECK(operation.got.succeeded());
}

TEMPLATE_LIST_TEST_CASE("cancellation: terminal after total is prompt", "", request_operations)
{
    world in;
    client on(in.context, in.options());
    in.faults().drop = true;
    cancellable operation;
    operation.start<TestType>(on);
    in.settle();
    operation.cancel(in, cancellation_type::total);
    CHECK(operation.pending());
    operation.cancel(in, cancellation_type::terminal);
    CHECK(operation.aborted());
}

TEMPLATE_LIST_TEST_CASE("cancellation: none is nothing, and too late is too late", "",
                        request_operations)
{
    world in;
    client on(in.context, in.options());
    cancellable operation;
    operation.start<TestType>(on);
    operation.signal.emit(cancellation_type::none);
    REQUIRE(in.run_until([&] { return !operation.pending(); }));
    CHECK(operation.got.succeeded());
    operation.cancel(in, cancellation_type::all);
    CHECK(operation.got.succeeded());
}

TEMPLATE_LIST_TEST_CASE("cancellation: between the outcome and the call it is too late", "",
                        request_operations)
{
    world in;
    client on(in.context, in.options());
    cancellable operation;
    operation.start<TestType>(on);
    const auto all_sent = [&] { return in.wire().size() >= 1 && on.status().sent >= 1; };
    REQUIRE(in.run_until(all_sent));
    // The client knows the outcome when there is nothing more to do; the handler is posted then.
    while (operation.pending() && in.context.run_one_for(5s) > 0)
        if (on.status().next_due == std::nullopt || operation.got.calls > 0)
            break;
    operation.cancel(in, cancellation_type::terminal);
    in.settle();
    CHECK(operation.got.calls == 1);
}

TEST_CASE("cancellation: a reader of events, each type, at once")
{
    const auto type = any_type();
    world in;
    client on(in.context, in.options());
    cancellable first, second;
    first.start<event_operation>(on);
    in.settle();
    first.cancel(in, type);
    CHECK(first.aborted());

    second.start<event_operation>(on); // its place is free again
    event_operation::provoke(on);
    REQUIRE(in.run_until([&] { return !second.pending(); }));
    CHECK(second.got.succeeded());
}

TEST_CASE("cancellation: one signal for one operation after another")
{
    world in;
    client on(in.context, in.options());
    cancellable operation;
    for (int round = 1; round <= 3; ++round) {
        in.faults().drop = round % 2 == 1;
        operation.start<address_operation>(on);
        in.settle();
        operation.signal.emit(cancellation_type::terminal);
        in.settle();
        CHECK(operation.got.calls == round);
        CHECK(bool(operation.got.error) == (round % 2 == 1));
        in.run_until([&] { return on.status().next_due == std::nullopt; });
    }
}

} // namespace cancel_steps_test
