// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Ten thousand operations by coroutines on the strand of a pool of threads: made, unmade, cancelled
// one by one and all together, and cut short by a shutdown or by the client's end.

#include "loopback/client_support.hpp"

#include "support/asio.hpp"

#include <array>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <random>

namespace client_threads_test {
using namespace loopback_test;

constexpr int rounds = 10, workers = 20, operations = 50;

/// How often operations ended, and how.
struct tally
{
    int ended = 0, succeeded = 0, cancelled = 0, closed = 0;
    bool only_these = true;

    void count(const error_code& error)
    {
        ++ended;
        if (!error)
            ++succeeded;
        else if (error == asio::error::operation_aborted)
            ++cancelled;
        else if (error == errc::closed)
            ++closed;
        else
            only_these = false;
    }
};

/// A client on a strand, and those who use it until they have done their share.
class round
{
public:
    round(const asio::any_io_executor& strand, const client_options& options, unsigned seed)
        : strand_(strand), client_(std::in_place, strand, options), random_(seed)
    {}

    /// All of it, on the strand.
    asio::awaitable<tally> run(bool by_shutdown)
    {
        for (int each = 0; each < workers; ++each)
            asio::co_spawn(strand_, work(static_cast<std::uint16_t>(1000 + 1000 * each)),
                           asio::detached);
        asio::steady_timer turn(strand_);
        while (counts_.ended < workers * operations * 3 / 4) {
            turn.expires_after(1ms);
            co_await turn.async_wait(asio::use_awaitable);
        }
        leaving_ = true;
        if (by_shutdown)
            co_await client_->async_shutdown(5s, asio::use_awaitable);
        else
            client_.reset();
        while (left_ > 0) {
            turn.expires_after(1ms);
            co_await turn.async_wait(asio::use_awaitable);
        }
        co_return counts_;
    }

private:
    asio::awaitable<void> work(std::uint16_t port)
    {
        for (int each = 0; each < operations; ++each) {
            if (!client_) {
                counts_.count(errc::closed);
                continue;
            }
            if (!leaving_ && random_() % 200 == 0) // it would end the shutdown, too
                client_->cancel();
            const auto kind = random_() % 2 ? protocol::tcp : protocol::udp;
            const auto what = random_() % 8;
            if (what < 4 || what >= 6)
                ++port;
            if (what >= 6) {
                cancelled(kind, port);
                continue;
            }
            error_code error;
            auto token = asio::redirect_error(asio::use_awaitable, error);
            if (what < 3)
                co_await client_->async_map_port(kind, port, token);
            else if (what == 3)
                co_await client_->async_map_port_pair(port, token);
            else if (what == 4)
                co_await client_->async_unmap_port(kind, port, token);
            else
                co_await client_->async_external_address(token);
            counts_.count(error);
        }
        --left_;
    }

    /// A map operation that is cancelled after so many turns of the strand, if it is not done then.
    void cancelled(protocol kind, std::uint16_t port)
    {
        constexpr std::array types{asio::cancellation_type::terminal,
                                   asio::cancellation_type::partial,
                                   asio::cancellation_type::total};
        ++left_;
        auto& signal = signals_.emplace_back();
        const auto handler = [this](const error_code& error, const mapping&) {
            counts_.count(error);
            --left_;
        };
        client_->async_map_port(kind, port, asio::bind_cancellation_slot(signal.slot(), handler));
        post_emission(signal, types[random_() % types.size()],
                      static_cast<unsigned>(random_() % 100));
    }

    void post_emission(asio::cancellation_signal& signal, asio::cancellation_type type,
                       unsigned turns)
    {
        ++left_;
        asio::post(strand_, [this, &signal, type, turns] {
            if (turns == 0)
                signal.emit(type);
            else
                post_emission(signal, type, turns - 1);
            --left_;
        });
    }

    asio::any_io_executor strand_;
    std::optional<client> client_;
    std::minstd_rand random_;
    std::deque<asio::cancellation_signal> signals_; ///< they outlive their operations
    tally counts_;
    int left_ = workers;
    bool leaving_ = false;
};

TEST_CASE("client: ten thousand operations on a strand of four threads")
{
    asio::thread_pool pool(4);
    const asio::any_io_executor strand_of_gateway = asio::make_strand(pool);
    auto gateway = std::make_unique<fake_gateway>(strand_of_gateway);
    client_options options;
    options.gateway = gateway->endpoint().address();
    options.gateway_port = gateway->endpoint().port();
    options.announcements = false;
    gateway->model().settings.recorded_requests = 0;
    gateway->model().faults.duplicates = 1;
    const auto at_gateway = [&](auto does) {
        return asio::post(strand_of_gateway, asio::use_future(does)).get();
    };

    int ended = 0, cancelled = 0, closed = 0;
    for (unsigned seed = 1; seed <= rounds; ++seed) {
        const bool by_shutdown = seed % 2 == 0;
        const asio::any_io_executor strand = asio::make_strand(pool);
        auto life = std::make_unique<round>(strand, options, seed);
        const tally counts = asio::co_spawn(strand, life->run(by_shutdown), asio::use_future).get();
        CHECK(counts.only_these);
        CHECK(counts.succeeded > 100);
        ended += counts.ended;
        cancelled += counts.cancelled;
        closed += counts.closed;
        // A client that is destroyed leaves its mappings to run out.
        const std::size_t left =
            at_gateway([&] { return gateway->model().table.size(fake_gateway::now()); });
        CHECK((left == 0) == by_shutdown);
        at_gateway([&] { gateway->model().reboot(fake_gateway::now()); });
        asio::post(strand, asio::use_future([&] { life.reset(); })).get();
    }
    CHECK(ended == rounds * workers * operations);
    CHECK(cancelled > 100);
    CHECK(closed > 100);
    at_gateway([&] { gateway.reset(); });
    pool.join();
}

} // namespace client_threads_test
