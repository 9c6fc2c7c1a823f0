// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The client over a network that loses, delays and repeats datagrams (T-1, T-2, D-3, V-6, V-7).

#include "loopback/client_support.hpp"

namespace client_loss_test {
using namespace loopback_test;

TEST_CASE("client: lost requests are sent again after 250 ms, then 500")
{
    world in;
    client on(in.context, in.options());
    in.faults().drop = fault_switch::times(2);
    const auto got = map(in, on);
    CHECK_FALSE(got.error);
    CHECK(in.wire() == lines{map_line, map_line, map_line, "address"});
    CHECK(came_after(in, {250, 500, 0}));
    CHECK(on.status().sent == 4);
    CHECK(on.status().retransmitted == 2);
    CHECK(on.status().received == 2);
}

TEST_CASE("client: lost answers, of each request of the exchange")
{
    world in;
    client on(in.context, in.options());
    in.faults().drop_reply = fault_switch::times(1);
    CHECK_FALSE(map(in, on, port_6881(true)).error);
    CHECK(in.wire() == lines{delete_line, delete_line, map_line, "address"});
    CHECK(came_after(in, {250, 0, 0}));

    in.gateway.model().requests.clear();
    in.faults().drop_reply = fault_switch::times(1);
    CHECK_FALSE(unmap(in, on).error);
    CHECK(in.wire() == lines{delete_line, delete_line});
    CHECK(came_after(in, {250}));
    CHECK(in.mapped() == 0);

    in.gateway.model().requests.clear();
    in.faults().drop_reply = fault_switch::times(1);
    CHECK_FALSE(ask_address(in, on).error);
    CHECK(in.wire() == lines{"address", "address"});
    CHECK(came_after(in, {250}));
}

TEST_CASE("client: a clean-up that is never answered ends after three tries, then the map follows")
{
    world in;
    client on(in.context, in.options());
    in.faults().ignore_deletes = true;
    CHECK_FALSE(map(in, on, port_6881(true)).error);
    CHECK(in.wire() == lines{delete_line, delete_line, delete_line, map_line, "address"});
    CHECK(came_after(in, {250, 500, 1000, 0}));
}

TEST_CASE("client: answers that come late, and once more")
{
    world in;
    client on(in.context, in.options());
    in.faults().delay = 300ms;
    const auto got = map(in, on);
    CHECK_FALSE(got.error);
    CHECK(got.address == asio::ip::address{});
    CHECK(got.made.external_address == asio::ip::make_address("203.0.113.7"));
    CHECK(in.wire() == lines{map_line, map_line, "address", "address"});
    CHECK(came_after(in, {250, 50, 250}));
    CHECK(ignored(on) == 1); // of the second map request
    REQUIRE(in.run_until([&] { return ignored(on) == 2; }));
    CHECK(on.mappings().size() == 1);
}

TEST_CASE("client: the lease counts from the last transmission")
{
    world in;
    client on(in.context, in.options());
    in.gateway.model().settings.max_lifetime = 4s;
    in.faults().drop = fault_switch::times(2);
    CHECK_FALSE(map(in, on).error);
    const auto due = on.status().next_due;
    REQUIRE(due);
    CHECK(*due <= 2s);
    CHECK(*due > 1500ms); // not 1.25 s
}

TEST_CASE("client: every answer twice, thrice or four times")
{
    const auto copies = static_cast<std::uint32_t>(GENERATE(1, 2, 3));
    world in;
    client on(in.context, in.options());
    in.faults().duplicates = copies;
    const auto got = map(in, on, port_6881(true));
    CHECK_FALSE(got.error);
    CHECK(got.made.external_port == 6881);
    in.settle();
    CHECK(in.wire() == lines{delete_line, map_line, "address"});
    CHECK(on.status().received == 3);
    CHECK(ignored(on) == 3 * copies);
    CHECK(on.mappings().size() == 1);
    CHECK(in.mapped() == 1);
}

TEST_CASE("client: duplicates that come while the next request is out")
{
    world in;
    client on(in.context, in.options());
    in.faults().delay = 15ms;
    in.faults().duplicates = 2;
    in.faults().duplicate_gap = 10ms;
    CHECK_FALSE(map(in, on, port_6881(true)).error);
    CHECK_FALSE(unmap(in, on).error);
    CHECK_FALSE(ask_address(in, on).error);
    CHECK(in.wire() == lines{delete_line, map_line, "address", delete_line, "address"});
    CHECK(in.mapped() == 0);
}

TEST_CASE("client: requests that are lost for good end at the deadline")
{
    world in;
    auto options = in.options();
    options.timeout = 300ms;
    client on(in.context, options);
    in.faults().drop = true;
    const auto got = map(in, on);
    CHECK(got.error == errc::timed_out);
    CHECK(in.wire() == lines{map_line, map_line});
    CHECK(on.status().kept == 0);
}

TEST_CASE("client: lost deletes at the end; each mapping has its turn")
{
    world in;
    client on(in.context, in.options());
    for (const int port : {7001, 7002})
        CHECK_FALSE(map(in, on, {.internal_port = port, .clean_up = false}).error);
    in.gateway.model().requests.clear();
    in.faults().drop = fault_switch::times(3);
    const auto left = run(in, [&](auto handler) { on.async_shutdown(2s, handler); });
    CHECK_FALSE(left.error);
    const auto wire = in.wire();
    REQUIRE(wire.size() == 5);
    CHECK(wire[0] != wire[1]); // a first delete for each, then a second
    CHECK(wire[2] != wire[3]);
    CHECK(in.mapped() == 0);
}

} // namespace client_loss_test
