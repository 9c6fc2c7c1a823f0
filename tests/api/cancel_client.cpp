// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// cancel() of the whole client, deadlines, and cancelling from unusual places.

#include "api/cancelling.hpp"

#include <chrono>
#include <utility>

namespace cancel_client_test {
using namespace api_test;
using asio::cancellation_type;

TEMPLATE_LIST_TEST_CASE("cancel(): ends everything pending and keeps mappings", "", all_operations)
{
    world in;
    client on(in.context, in.options());
    on.async_map_port(protocol::tcp, 7000, ignore{});
    in.settle();
    natpmp::event first{};
    on.async_wait_event([&](error_code, const natpmp::event& news) { first = news; });
    in.settle();
    CHECK(first.kind == event_kind::mapped);
    const auto before = in.wire();

    in.faults().drop = true;
    cancellable one, two;
    one.start<TestType>(on);
    two.start<address_operation>(on);
    in.settle();
    on.cancel();
    CHECK(one.pending()); // the handlers are posted
    in.settle();
    CHECK(one.aborted());
    CHECK((two.aborted() || two.got.error == errc::closed));
    if (std::is_same_v<TestType, shutdown_operation>)
        return; // nobody waits for it any more: the client is closed
    CHECK(on.mappings().size() == 1);
    CHECK(on.status().kept == 1);
    CHECK(in.mapped() == 1);
    for (std::size_t i = before.size(); i < in.wire().size(); ++i)
        CHECK(in.wire()[i] != "delete tcp 7000");
}

TEST_CASE("cancel(): the client can be used afterwards")
{
    world in;
    client on(in.context, in.options());
    in.faults().drop = true;
    cancellable before, after;
    before.start<address_operation>(on);
    in.settle();
    on.cancel();
    in.settle();
    CHECK(before.aborted());
    in.faults().drop = false;
    after.start<address_operation>(on);
    in.settle();
    CHECK(after.got.succeeded());
}

TEST_CASE("cancel(): with nothing pending, and of a client that was moved from")
{
    world in;
    client on(in.context, in.options());
    on.cancel();
    const client other(std::move(on));
    on.cancel();
    on.network_changed();
    CHECK(on.mappings().empty());
    CHECK(on.status().sent == 0);
    CHECK(in.run_dry());
}

TEMPLATE_LIST_TEST_CASE("deadline: counts from the initiation, queueing included", "",
                        request_operations)
{
    world in;
    in.faults().drop = true;
    auto options = in.options();
    options.timeout = 60ms;
    client on(in.context, options);
    cancellable first, queued;
    const auto start = std::chrono::steady_clock::now();
    first.start<address_operation>(on);
    in.settle();
    queued.start<TestType>(on);
    REQUIRE(in.run_until([&] { return !first.pending() && !queued.pending(); }));
    const auto taken = std::chrono::steady_clock::now() - start;
    CHECK(first.got.error == errc::timed_out);
    CHECK(queued.got.error == errc::timed_out);
    CHECK(queued.got.error == natpmp::condition::transient);
    CHECK(taken >= 59ms);
    CHECK(taken < 1s);
    CHECK(in.run_dry());
    CHECK(in.wire() == lines{"address"});
}

TEST_CASE("deadline: touches only its own operation")
{
    world in;
    auto options = in.options();
    options.timeout = 150ms;
    client on(in.context, options);
    in.faults().drop = true;
    cancellable first, second;
    first.start<address_operation>(on);
    in.run_for(100ms);
    second.start<address_operation>(on);
    REQUIRE(in.run_until([&] { return !first.pending(); }));
    CHECK(first.got.error == errc::timed_out);
    in.settle();
    CHECK(second.pending());
    second.signal.emit(cancellation_type::terminal);
    CHECK(in.run_dry());
    CHECK(second.aborted());
}

TEST_CASE("deadline: a mapping that is made counts, without its address")
{
    world in;
    in.faults().ignore_address_requests = true;
    auto options = in.options();
    options.timeout = 60ms;
    client on(in.context, options);
    error_code error = errc::closed;
    mapping made;
    on.async_map_port(protocol::tcp, 6881, [&](error_code why, const mapping& what) {
        error = why;
        made = what;
    });
    REQUIRE(in.run_until([&] { return error != errc::closed; }));
    CHECK_FALSE(error);
    CHECK(made.external_port == 6881);
    CHECK(made.external_address.is_unspecified());
    CHECK(on.mappings().size() == 1);
}

TEST_CASE("deadline: a mapping that may be made late is deleted")
{
    world in;
    in.faults().delay = 80ms;
    auto options = in.options();
    options.timeout = 40ms;
    client on(in.context, options);
    cancellable operation;
    operation.map(on, {.protocol = protocol::tcp, .internal_port = 6881, .clean_up = false});
    REQUIRE(in.run_until([&] { return !operation.pending(); }));
    CHECK(operation.got.error == errc::timed_out);
    REQUIRE(in.run_until_requests(2));
    CHECK(in.wire() == lines{"map tcp 6881 6881 7200", "delete tcp 6881"});
    CHECK(in.mapped() == 0);
}

TEST_CASE("cancellation: of one operation in the handler of another")
{
    world in;
    client on(in.context, in.options());
    cancellable second;
    bool first_ended = false;
    on.async_external_address([&](error_code, const asio::ip::address&) {
        first_ended = true;
        second.signal.emit(cancellation_type::terminal);
        CHECK(second.pending());
    });
    second.map(on, {.protocol = protocol::tcp, .internal_port = 6881});
    in.faults().drop_reply = fault_switch::times(0);
    REQUIRE(in.run_until([&] { return !second.pending(); }));
    CHECK(first_ended);
    CHECK((second.aborted() || second.got.succeeded()));
    CHECK(second.got.calls == 1);
}

TEST_CASE("cancel(): in a handler, and new operations in the handlers that it ends")
{
    world in;
    client on(in.context, in.options());
    in.faults().drop = true;
    int ended = 0;
    report again;
    on.async_wait_event([&](error_code error, const natpmp::event&) {
        CHECK(error == asio::error::operation_aborted);
        ++ended;
        on.async_external_address(reporter(again));
    });
    on.async_map_port(protocol::tcp, 6881, [&](error_code error, const mapping&) {
        CHECK(error == asio::error::operation_aborted);
        ++ended;
    });
    in.settle();
    on.cancel();
    in.settle();
    CHECK(ended == 2);
    CHECK(again.calls == 0);
    on.cancel();
    in.settle();
    CHECK(again.calls == 1);
    CHECK(again.error == asio::error::operation_aborted);
}

TEST_CASE("cancellation: an observer that cancels what is just being sent")
{
    world in;
    client on(in.context, in.options());
    cancellable operation;
    bool emitted = false;
    on.set_observer([&](const auto&) {
        if (!std::exchange(emitted, true))
            operation.signal.emit(cancellation_type::terminal);
    });
    operation.start<map_operation>(on);
    CHECK_FALSE(emitted);
    CHECK(operation.pending());
    in.settle();
    CHECK(emitted);
    CHECK(operation.aborted());
}

} // namespace cancel_client_test
