// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The process has no file descriptor left. What needs one fails with the system's error; the rest
// goes on, and when there are descriptors again, so does everything.

#include "attack/stepped_world.hpp"

#include <cstddef>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>

namespace descriptors_test {
using namespace attack_test;

/// Leaves the process so many descriptors for as long as this lives.
class few_descriptors
{
public:
    explicit few_descriptors(std::size_t left)
    {
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
        rlimit now = before_;
        now.rlim_cur = 100;
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &now) == 0);
        for (int each; (each = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;)
            taken_.push_back(each);
        REQUIRE(taken_.size() > left);
        for (; left > 0; --left) {
            ::close(taken_.back());
            taken_.pop_back();
        }
    }

    few_descriptors(const few_descriptors&) = delete;
    few_descriptors& operator=(const few_descriptors&) = delete;

    ~few_descriptors()
    {
        for (const int each : taken_)
            ::close(each);
        ::setrlimit(RLIMIT_NOFILE, &before_);
    }

private:
    std::vector<int> taken_;
    rlimit before_{};
};

const error_code too_many(EMFILE, natpmp::net::error::get_system_category());

int open_descriptors()
{
    int count = 0;
    for (int each = 0; each < 1024; ++each)
        count += ::fcntl(each, F_GETFD) >= 0 ? 1 : 0;
    return count;
}

TEST_CASE("descriptors: without any an operation fails with the system's error, and works later")
{
    stepped_world in;
    natpmp::client on(in.platform(), in.options());
    const int before = open_descriptors();
    // It takes three: the host's notices, the timer and the socket. Without the first it goes on.
    const std::size_t left = GENERATE(0U, 1U, 2U);
    CAPTURE(left);
    report map, unmap, address;
    {
        const few_descriptors limit(left);
        on.async_map_port(protocol::tcp, 6881, reporter(map));
        on.async_unmap_port(protocol::udp, 6882, reporter(unmap));
        on.async_external_address(reporter(address));
        in.settle();
        for (const report* each : {&map, &unmap, &address}) {
            CHECK(each->calls == 1);
            CHECK(each->error == too_many);
        }
        CHECK(in.context.stopped()); // nothing is left to do
        CHECK(on.status().last_error == too_many);
    }
    CHECK(open_descriptors() == before);
    report again;
    on.async_map_port(protocol::tcp, 6881, reporter(again));
    REQUIRE(in.run_until([&] { return again.calls > 0; }));
    CHECK(again.succeeded());
    CHECK(in.state.now == time_point(1h)); // at once
}

TEST_CASE("descriptors: an operation that keeps trying succeeds when there are descriptors again")
{
    stepped_world in;
    natpmp::client on(in.platform(), in.options());
    report map;
    {
        const few_descriptors limit(GENERATE(1U, 2U));
        on.async_map_port(map_request{.internal_port = 6881, .keep_trying = true}, reporter(map));
        in.run_for(10min);
        CHECK(map.calls == 0);
        CHECK(in.wire().empty());
    }
    REQUIRE(in.run_until([&] { return map.calls > 0; }, 8min)); // the longest pause
    CHECK(map.succeeded());
}

TEST_CASE("descriptors: without a timer nothing can keep trying")
{
    stepped_world in;
    natpmp::client on(in.platform(), in.options());
    report map, event;
    {
        const few_descriptors limit(0);
        on.async_map_port(map_request{.internal_port = 6881, .keep_trying = true}, reporter(map));
        on.async_wait_event(reporter(event));
        in.settle();
    }
    CHECK(map.calls == 1);
    CHECK(map.error == too_many);
    CHECK(event.calls == 1); // which tells of the failure
    CHECK(in.context.stopped());
}

TEST_CASE("descriptors: a client at work needs no more of them")
{
    stepped_world in;
    natpmp::client on(in.platform(), in.options());
    on.async_map_port(protocol::tcp, 6881, ignore{});
    in.run_for(1s);
    REQUIRE(on.mappings().size() == 1);
    const few_descriptors limit(0);
    in.run_for(24h); // renewals at half of two hours
    CHECK(on.status().renewals >= 23);
    report more, left;
    on.async_map_port_pair(7000, reporter(more));
    REQUIRE(in.run_until([&] { return more.calls > 0; }));
    CHECK(more.succeeded());
    on.async_shutdown(2s, reporter(left));
    REQUIRE(in.run_until([&] { return left.calls > 0; }));
    CHECK(left.succeeded());
}

TEST_CASE("descriptors: without any nobody knows whether the gateway changed, and it is kept")
{
    stepped_world in;
    client_options options = in.options();
    options.local_address = asio::ip::address(); // to find it takes a socket
    natpmp::client on(in.platform(), options);
    on.async_map_port(protocol::tcp, 6881, ignore{});
    in.run_for(1s);
    REQUIRE(on.mappings().size() == 1);
    const auto socket = in.gateway.client;
    const few_descriptors limit(0);
    on.network_changed();
    in.settle();
    report address;
    on.async_external_address(reporter(address));
    in.settle();
    CHECK(address.succeeded());
    CHECK(in.gateway.client == socket); // not another one in its place
    CHECK(on.mappings().size() == 1);
}

TEST_CASE("descriptors: the real client on the real clock, too")
{
    api_test::world in;
    client on(in.context, in.options());
    const std::size_t left = GENERATE(0U, 1U, 2U);
    CAPTURE(left);
    report map, again;
    {
        const few_descriptors limit(left);
        on.async_map_port(protocol::tcp, 6881, reporter(map));
        in.settle();
    }
    CHECK(map.error == too_many);
    on.async_map_port(protocol::tcp, 6881, reporter(again));
    REQUIRE(in.run_until([&] { return again.calls > 0; }));
    CHECK(again.succeeded());
}

TEST_CASE("descriptors: without any, the default gateway is not found, and no cause is made up")
{
    asio::io_context context;
    client on(context, client_options{.announcements = false});
    report map;
    {
        const few_descriptors limit(0);
        on.async_map_port(protocol::tcp, 6881, reporter(map));
        context.poll();
    }
    CHECK(map.error == too_many);
}

} // namespace descriptors_test
