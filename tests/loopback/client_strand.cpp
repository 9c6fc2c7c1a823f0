// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Clients on strands of a pool of two threads, over a bad network.

#include "loopback/client_support.hpp"

#include "support/asio.hpp"

#include <future>
#include <memory>

namespace client_strand_test {
using namespace loopback_test;

/// Maps, renews once, unmaps, maps again and leaves.
asio::awaitable<int> live(asio::any_io_executor strand, client_options options, int port)
{
    client on(strand, options);
    int renewed = 0;
    on.set_observer(
        [&](const natpmp::event& news) { renewed += news.kind == event_kind::renewed ? 1 : 0; });
    for (int round = 0; round < 3; ++round) {
        co_await on.async_map_port_pair(port);
        co_await on.async_unmap_port(protocol::tcp, port);
        co_await on.async_unmap_port(protocol::udp, port);
        ++port;
    }
    co_await on.async_map_port(protocol::udp, port);
    while (renewed == 0) {
        const auto news = co_await on.async_wait_event();
        if (news.error)
            break;
    }
    co_await on.async_shutdown(5s);
    co_return renewed;
}

TEST_CASE("client: on strands of two threads, over a bad network")
{
    asio::thread_pool pool(2);
    const asio::any_io_executor strand_of_gateway = asio::make_strand(pool);
    auto gateway = std::make_unique<fake_gateway>(strand_of_gateway);
    client_options options;
    options.gateway = gateway->endpoint().address();
    options.gateway_port = gateway->endpoint().port();
    options.announcement_port = 5351; // of 224.0.0.1; shared by all of them
    gateway->model().settings.max_lifetime = 2s;
    gateway->model().faults.drop = fault_switch::times(2);
    gateway->model().faults.delay = 1ms;

    std::vector<std::future<int>> clients;
    for (int i = 0; i < 4; ++i) {
        const asio::any_io_executor strand = asio::make_strand(pool);
        clients.push_back(
            asio::co_spawn(strand, live(strand, options, 7000 + 10 * i), asio::use_future));
    }
    for (auto& each : clients)
        CHECK(each.get() >= 1);

    std::size_t left = 1;
    std::promise<void> done;
    asio::post(strand_of_gateway, [&] {
        left = gateway->model().table.size(fake_gateway::now());
        gateway.reset();
        done.set_value();
    });
    done.get_future().wait();
    CHECK(left == 0);
    pool.join();
}

} // namespace client_strand_test
