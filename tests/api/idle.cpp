// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// io_context::run() returns when the client has no operation, mapping or reader left, not before.

#include "api/cancelling.hpp"

namespace idle_test {
using namespace api_test;

/// Whether the client alone keeps run() from returning. The gateway stays closed for that time.
bool has_work(world& in)
{
    in.gateway.close();
    in.context.restart();
    in.context.run_for(30ms);
    const bool result = !in.context.stopped();
    in.gateway.reopen();
    return result;
}

TEST_CASE("idle: a client that was never asked for anything")
{
    world in;
    const client on(in.context, in.options());
    CHECK_FALSE(has_work(in));
}

TEST_CASE("idle: after an address, and again after another")
{
    world in;
    client on(in.context, in.options());
    for (int round = 0; round < 3; ++round) {
        cancellable operation;
        operation.start<address_operation>(on);
        in.settle();
        CHECK(operation.got.succeeded());
        CHECK_FALSE(has_work(in));
    }
}

TEST_CASE("idle: a mapping keeps it at work until it is unmapped")
{
    world in;
    client on(in.context, in.options());
    for (int round = 0; round < 2; ++round) {
        cancellable one, two;
        one.start<map_operation>(on);
        REQUIRE(in.run_until([&] { return !one.pending(); }));
        CHECK(one.got.succeeded());
        CHECK(has_work(in));
        on.async_unmap_port(protocol::tcp, 6881, two.token());
        in.settle();
        CHECK(two.got.succeeded());
        CHECK_FALSE(has_work(in));
    }
    CHECK(in.mapped() == 0);
}

TEST_CASE("idle: a mapping that is to be tried again keeps it at work")
{
    world in;
    client on(in.context, in.options());
    in.faults().refuse_maps = 2;
    cancellable operation;
    operation.map(on, {.internal_port = 6881, .keep_trying = true});
    in.settle();
    CHECK(has_work(in));
    operation.cancel(in, asio::cancellation_type::terminal);
    CHECK_FALSE(has_work(in));
}

TEST_CASE("idle: a failed mapping leaves nothing")
{
    world in;
    client on(in.context, in.options());
    in.faults().refuse_maps = 2;
    cancellable operation;
    operation.start<map_operation>(on);
    in.settle();
    CHECK(operation.got.error == result_code::not_authorized);
    CHECK_FALSE(has_work(in));
}

TEST_CASE("idle: a reader of events keeps it at work")
{
    world in;
    client on(in.context, in.options());
    cancellable operation;
    operation.start<event_operation>(on);
    CHECK(has_work(in));
    operation.cancel(in, asio::cancellation_type::terminal);
    CHECK_FALSE(has_work(in));
}

TEST_CASE("idle: an observer alone does not keep it at work")
{
    world in;
    client on(in.context, in.options());
    on.set_observer([](const auto&) {});
    on.network_changed();
    on.cancel();
    CHECK_FALSE(has_work(in));
}

TEST_CASE("idle: with announcements too")
{
    world in;
    auto options = in.options();
    options.announcements = true;
    client on(in.context, options);
    cancellable operation;
    operation.start<address_operation>(on);
    in.settle();
    CHECK(operation.got.succeeded());
    CHECK_FALSE(has_work(in));
}

TEST_CASE("idle: status and mappings can be asked at any time")
{
    world in;
    client on(in.context, in.options());
    CHECK(on.status().sent == 0);
    CHECK_FALSE(on.status().next_due);
    CHECK(on.status().gateway.address.is_unspecified());
    on.async_map_port_pair(6881, ignore{});
    CHECK(on.status().sent == 0); // that is done in a turn of the client's
    CHECK(on.mappings().empty());
    in.settle();
    const auto status = on.status();
    CHECK(status.sent == 5);
    CHECK(status.received == 5);
    CHECK(status.retransmitted == 0);
    CHECK(status.up == 2);
    CHECK(status.kept == 2);
    CHECK(status.gateway.address == in.gateway.endpoint().address());
    CHECK(status.gateway.local_address == asio::ip::address_v4::loopback());
    CHECK(status.external_address == asio::ip::make_address("203.0.113.7"));
    CHECK_FALSE(status.last_error);
    REQUIRE(status.next_due);
    CHECK(*status.next_due > 3590s);
    CHECK(*status.next_due <= 3600s);
    const auto up = on.mappings();
    REQUIRE(up.size() == 2);
    CHECK(up[0].protocol == protocol::tcp);
    CHECK(up[1].protocol == protocol::udp);
    CHECK(up[1].lifetime == 7200s);
}

using real_platform = natpmp::asio_platform<asio::any_io_executor>;

/// The real timer, but that it is counted how often it is opened and set.
struct counted_timer : real_platform::timer_type
{
    using base = real_platform::timer_type;
    using base::base;

    error_code open()
    {
        ++opened;
        return base::open();
    }

    void expires_at(natpmp::time_point at)
    {
        ++set;
        base::expires_at(at);
    }

    static inline int opened, set;
};

struct counted_platform : real_platform
{
    using real_platform::real_platform;
    using timer_type = counted_timer;
};

/// Asks for the address so many times, each time when there is an answer.
template <class Client>
void ask_in_a_row(Client& on, int times, error_code& last)
{
    on.async_external_address([&on, times, &last](error_code error, const auto&) {
        last = error;
        if (!error && times > 1)
            ask_in_a_row(on, times - 1, last);
    });
}

TEST_CASE("idle: a client does not rest between one operation and the next")
{
    world in;
    client on(counted_platform(in.context.get_executor()), in.options());
    counted_timer::opened = counted_timer::set = 0;
    error_code last = asio::error::would_block;
    ask_in_a_row(on, 20, last);
    REQUIRE(in.run_until([&] { return on.status().received == 20; }));
    CHECK_FALSE(last);
    CHECK(counted_timer::opened == 1);
    CHECK(counted_timer::set <= 2); // the first time, and perhaps once again
    CHECK_FALSE(has_work(in));
}

} // namespace idle_test
