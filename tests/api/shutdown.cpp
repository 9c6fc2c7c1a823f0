// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// async_shutdown at every step of what else goes on, and its limit.

#include "api/cancelling.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>

namespace shutdown_test {
using namespace api_test;

const std::string map_line = "map tcp 6881 6881 7200", delete_line = "delete tcp 6881";

struct stopwatch
{
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();

    [[nodiscard]] auto elapsed() const
    {
        return std::chrono::steady_clock::now() - start;
    }
};

void shut_down(client& on, cancellable& operation, std::chrono::milliseconds limit = 2s)
{
    on.async_shutdown(limit, operation.token());
}

TEST_CASE("shutdown: unmaps everything, one at a time, then run() returns")
{
    world in;
    client on(in.context, in.options());
    for (const int port : {7001, 7002, 7003})
        on.async_map_port(map_request{.internal_port = port, .clean_up = false}, ignore{});
    in.settle();
    CHECK(in.mapped() == 3);
    const auto before = in.wire().size();
    in.faults().delay = 5ms;
    cancellable operation;
    shut_down(on, operation);
    in.settle();
    CHECK(in.wire().size() == before + 1);
    REQUIRE(in.run_until([&] { return !operation.pending(); }));
    CHECK(operation.got.succeeded());
    CHECK(in.wire().size() == before + 3);
    CHECK(in.mapped() == 0);
    CHECK(on.mappings().empty());
    CHECK(in.run_dry());
}

TEST_CASE("shutdown: nothing to unmap")
{
    world in;
    client on(in.context, in.options());
    cancellable operation;
    shut_down(on, operation);
    in.settle();
    CHECK(operation.got.succeeded());
    CHECK(in.wire().empty());
    CHECK(in.run_dry());
}

TEMPLATE_LIST_TEST_CASE("shutdown: pending and later operations are closed", "", request_operations)
{
    world in;
    client on(in.context, in.options());
    in.faults().drop = true;
    cancellable first, queued, leaving, later;
    first.start<TestType>(on);
    queued.start<TestType>(on);
    in.settle();
    in.faults().drop = false;
    shut_down(on, leaving);
    later.start<TestType>(on);
    REQUIRE(in.run_until([&] { return !leaving.pending(); }));
    in.settle();
    CHECK(first.got.error == errc::closed);
    CHECK(queued.got.error == errc::closed);
    CHECK(later.got.error == errc::closed);
    cancellable after;
    after.start<TestType>(on);
    in.settle();
    CHECK(after.got.error == errc::closed);
    CHECK(in.run_dry());
}

TEST_CASE("shutdown: after each datagram of a map operation")
{
    const auto count = static_cast<std::size_t>(GENERATE(1, 2, 3));
    world in;
    client on(in.context, in.options());
    in.faults().delay = 5ms;
    cancellable mapping_one, leaving;
    mapping_one.map(on, {.protocol = protocol::tcp, .internal_port = 6881});
    REQUIRE(in.run_until_requests(count));
    shut_down(on, leaving);
    REQUIRE(in.run_until([&] { return !leaving.pending(); }));
    CHECK(mapping_one.got.error == errc::closed);
    CHECK(leaving.got.succeeded());
    CHECK(in.mapped() == 0);
    lines expected{delete_line, map_line, "address"};
    expected.resize(count);
    if (count > 1) // the gateway may have it
        expected.push_back(delete_line);
    CHECK(in.wire() == expected);
    CHECK(in.run_dry());
}

TEST_CASE("shutdown: without an answer it keeps to its limit")
{
    const auto limit = GENERATE(0ms, 50ms, 200ms);
    world in;
    client on(in.context, in.options());
    on.async_map_port(protocol::tcp, 6881, ignore{});
    on.async_map_port(protocol::udp, 6881, ignore{});
    in.settle();
    in.faults().drop = true;
    const auto before = in.wire().size();
    cancellable operation;
    const stopwatch watch;
    shut_down(on, operation, limit);
    REQUIRE(in.run_until([&] { return !operation.pending(); }));
    CHECK(operation.got.error == errc::shutdown_incomplete);
    CHECK(watch.elapsed() > limit - 16ms); // a step of the client's clock on Windows
    CHECK(watch.elapsed() < limit + 1s);
    auto deletes = in.wire();
    deletes.erase(deletes.begin(), deletes.begin() + static_cast<std::ptrdiff_t>(before));
    std::sort(deletes.begin(), deletes.end());
    deletes.erase(std::unique(deletes.begin(), deletes.end()), deletes.end());
    if (limit > 0ms) // each has its turn
        CHECK(deletes == lines{delete_line, "delete udp 6881"});
    CHECK(in.run_dry());
}

TEST_CASE("shutdown: limits that are no times")
{
    world in;
    client on(in.context, in.options());
    on.async_map_port(protocol::tcp, 6881, ignore{});
    in.settle();
    cancellable operation;
    SECTION("negative")
    {
        on.async_shutdown(-1h, operation.token());
        in.settle();
        CHECK(operation.got.error == errc::shutdown_incomplete);
    }
    SECTION("for ever")
    {
        on.async_shutdown(std::chrono::hours::max(), operation.token());
        in.settle();
        CHECK(operation.got.succeeded());
    }
    SECTION("a fraction")
    {
        on.async_shutdown(std::chrono::duration<float>(0.5F), operation.token());
        in.settle();
        CHECK(operation.got.succeeded());
    }
}

} // namespace shutdown_test
