// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A client on a strand of a pool of two threads, with a gateway on another strand.

#include "api/operations.hpp"

#include "support/asio.hpp"

#include <future>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace strand_test {
using namespace api_test;

/// Two threads; the gateway lives on a strand of its own.
struct pool_world
{
    asio::thread_pool pool{2};
    asio::any_io_executor strand = asio::make_strand(pool);
    asio::any_io_executor gateway_strand = asio::make_strand(pool);
    std::unique_ptr<fake_gateway> gateway = std::make_unique<fake_gateway>(gateway_strand);
    client_options options;

    pool_world()
    {
        options.gateway = gateway->endpoint().address();
        options.gateway_port = gateway->endpoint().port();
        options.announcements = false;
    }

    /// Runs a coroutine on the client's strand.
    void run(asio::awaitable<void> work)
    {
        asio::co_spawn(strand, std::move(work), asio::use_future).get();
    }

    std::size_t end()
    {
        std::size_t mapped = 0;
        std::promise<void> done;
        asio::post(gateway_strand, [&] {
            mapped = gateway->model().table.size(fake_gateway::now());
            gateway.reset();
            done.set_value();
        });
        done.get_future().wait();
        pool.join(); // nothing is left to do
        return mapped;
    }
};

asio::awaitable<void> map_and_unmap(pool_world& in)
{
    client on(in.strand, in.options);
    for (int round = 0; round < 5; ++round)
        for (int port = 7000; port < 7010; ++port) {
            const auto made = co_await on.async_map_port(protocol::udp, port);
            if (made.external_port != port)
                throw std::runtime_error("another port");
            co_await on.async_unmap_port(protocol::udp, port);
        }
}

asio::awaitable<void> map_many(client& on, int first, int& ended)
{
    for (int port = first; port < first + 10; ++port) {
        const auto made = co_await on.async_map_port_pair(port);
        if (made.tcp.external_port != made.udp.external_port)
            throw std::runtime_error("two ports");
    }
    ++ended;
}

asio::awaitable<void> read_until_closed(client& on, int& ended)
{
    int mapped = 0, unmapped = 0;
    try {
        for (;;) {
            const auto news = co_await on.async_wait_event();
            mapped += news.kind == event_kind::mapped ? 1 : 0;
            unmapped += news.kind == event_kind::unmapped ? 1 : 0;
        }
    } catch (const natpmp::system_error& error) {
        // Of a mapping that went before it was read that it came, only that it went is told.
        if (error.code() == errc::closed && unmapped == 40 && mapped <= unmapped)
            ++ended;
    }
}

/// A client that is made and destroyed on its strand.
std::shared_ptr<client> make_client(pool_world& in)
{
    std::promise<std::shared_ptr<client>> made;
    asio::post(in.strand, [&] { made.set_value(std::make_shared<client>(in.strand, in.options)); });
    return made.get_future().get();
}

void destroy_client(pool_world& in, std::shared_ptr<client> on)
{
    std::promise<void> done;
    asio::post(in.strand, [&, owned = std::move(on)]() mutable {
        owned.reset();
        done.set_value();
    });
    done.get_future().wait();
}

asio::awaitable<void> shut_down(client& on)
{
    co_await on.async_shutdown(5s);
}

TEST_CASE("strand: one coroutine maps and unmaps")
{
    pool_world in;
    in.run(map_and_unmap(in));
    CHECK(in.end() == 0);
}

TEST_CASE("strand: several coroutines share a client, then it is shut down")
{
    pool_world in;
    auto on = make_client(in);
    int ended = 0; // on the strand only
    auto reader = asio::co_spawn(in.strand, read_until_closed(*on, ended), asio::use_future);
    auto one = asio::co_spawn(in.strand, map_many(*on, 7000, ended), asio::use_future);
    auto two = asio::co_spawn(in.strand, map_many(*on, 8000, ended), asio::use_future);
    one.get();
    two.get();
    in.run(shut_down(*on));
    reader.get();
    CHECK(ended == 3);
    destroy_client(in, std::move(on));
    CHECK(in.end() == 0);
}

TEST_CASE("strand: operations that are cancelled at any moment")
{
    pool_world in;
    auto on = make_client(in);
    for (int round = 0; round < 50; ++round) {
        asio::cancellation_signal signal; // used on the strand only
        std::promise<error_code> result;
        asio::post(in.strand, [&] {
            on->async_map_port(
                map_request{.internal_port = 7000 + round, .clean_up = false},
                asio::bind_cancellation_slot(signal.slot(), [&](error_code error, const mapping&) {
                    result.set_value(error);
                }));
        });
        asio::post(in.strand, [&] { signal.emit(asio::cancellation_type::terminal); });
        const error_code error = result.get_future().get();
        CHECK((!error || error == asio::error::operation_aborted));
        std::promise<void> settled; // the signal outlives what emits it
        asio::post(in.strand, [&] { settled.set_value(); });
        settled.get_future().wait();
    }
    in.run(shut_down(*on));
    destroy_client(in, std::move(on));
    in.end();
}

TEST_CASE("strand: destroyed with operations pending")
{
    pool_world in;
    for (int round = 0; round < 20; ++round) {
        auto on = make_client(in);
        std::promise<void> ended;
        int left = 3; // on the strand only
        auto handler = [&](error_code, const auto&) {
            if (--left == 0)
                ended.set_value();
        };
        asio::post(in.strand, [&handler, raw = on.get()] {
            raw->async_map_port(protocol::tcp, 7000, handler);
            raw->async_external_address(handler);
            raw->async_wait_event(handler);
        });
        destroy_client(in, std::move(on));
        ended.get_future().wait();
        std::promise<void> settled; // the handler has returned
        asio::post(in.strand, [&] { settled.set_value(); });
        settled.get_future().wait();
    }
    in.end();
}

} // namespace strand_test
