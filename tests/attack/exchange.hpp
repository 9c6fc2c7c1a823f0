// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// All that a client does in its life, while memory is refused.

#ifndef NATPMP_TESTS_ATTACK_EXCHANGE_HPP
#define NATPMP_TESTS_ATTACK_EXCHANGE_HPP

#include "attack/stepped_world.hpp"

#include <memory>
#include <new>
#include <optional>
#include <string>

namespace attack_test {

/// What went wrong, for the test that runs an exchange.
struct broken_promise
{
    std::string what;
};

inline void demand(bool kept, const std::string& what)
{
    if (!kept)
        throw broken_promise{what};
}

/// A client's life. An initiation that throws has started nothing, and the application does the
/// same once more. After an exception from run() it destroys the client; nothing leaks, and no
/// handler is called twice.
class exchange
{
public:
    /// Whether the observer is set, which wants memory for each datagram.
    bool observed = false;

    /// Lives it to the end, or until run() throws; throws broken_promise.
    void run()
    {
        try {
            live();
        } catch (const std::bad_alloc&) {
            on_.reset();
            while (!settles()) {
            }
        }
    }

private:
    void live()
    {
        persist([&] { on_.emplace(in_.platform(), options()); });
        if (observed)
            persist([&] { on_->set_observer([](const auto&) {}); });
        operate("map pair", [&](auto handler) { on_->async_map_port_pair(6881, handler); });
        operate("address", [&](auto handler) { on_->async_external_address(handler); });
        operate("event", [&](auto handler) { on_->async_wait_event(handler); });
        expect("a renewal", [&] { return on_->status().renewals >= 4; }, 4h);
        in_.gateway.model.reboot(in_.state.now);
        announce();
        expect("a recovery", [&] { return mapped() == 2; }, 2h);
        operate("unmap",
                [&](auto handler) { on_->async_unmap_port(protocol::tcp, 6881, handler); });
        expect("the delete", [&] { return mapped() == 1; }, 1min);
        leave();
    }

    /// What became of a handler, which is destroyed when its operation is over.
    struct outcome
    {
        int calls = 0;
        error_code error{};
    };

    /// Lets the rest happen; false if memory was refused once more.
    bool settles()
    {
        try {
            in_.settle();
        } catch (const std::bad_alloc&) {
            return false;
        }
        return true;
    }

    [[nodiscard]] client_options options() const
    {
        client_options result = in_.options();
        result.announcements = true;
        result.announcement_port = announcement_port;
        return result;
    }

    [[nodiscard]] std::size_t mapped()
    {
        return in_.gateway.model.table.size(in_.state.now);
    }

    void announce()
    {
        in_.gateway.socket.send(in_.gateway.model.announcement(in_.state.now),
                                {asio::ip::address_v4{0xE0000001}, announcement_port});
    }

    /// Calls a function of the client, until it is not refused.
    template <class Function>
    void persist(Function call)
    {
        for (int attempt = 0; attempt < most_attempts; ++attempt) {
            try {
                const heap::exposed to_refusal;
                return call();
            } catch (const std::bad_alloc&) {
                continue;
            }
        }
        throw broken_promise{"refused without end"};
    }

    template <class Predicate>
    void expect(const std::string& what, Predicate done, natpmp::platform_clock::duration at_most)
    {
        demand(in_.run_until(done, at_most), what + " did not come");
    }

    /// An operation, until it succeeds.
    template <class Start>
    void operate(const std::string& what, Start start)
    {
        for (int attempt = 0; attempt < most_attempts; ++attempt)
            if (succeeds(what, start))
                return;
        throw broken_promise{what + " never succeeded"};
    }

    template <class Start>
    bool succeeds(const std::string& what, Start start)
    {
        auto mine = std::make_shared<outcome>();
        auto handler = [theirs = mine](error_code error, const auto&...) {
            ++theirs->calls;
            theirs->error = error;
        };
        bool thrown = false;
        try {
            const heap::exposed to_refusal;
            start(std::move(handler));
        } catch (const std::bad_alloc&) {
            thrown = true;
        }
        if (thrown) {
            demand(mine.use_count() == 1, what + " threw, and kept the handler");
            return false;
        }
        demand(in_.run_until([&] { return mine.use_count() == 1; }, 10min), what + " did not end");
        demand(mine->calls == 1, what + " called its handler " + std::to_string(mine->calls));
        demand(!mine->error, what + " failed with " + mine->error.message());
        return true;
    }

    /// Shuts down; nothing is left at the gateway, and nothing to run.
    void leave()
    {
        operate("shutdown", [&](auto handler) { on_->async_shutdown(5s, handler); });
        demand(mapped() == 0, "a mapping was left");
        expect("the end of the work", [&] { return in_.context.stopped(); }, 1min);
        on_.reset();
        in_.settle();
    }

    static constexpr int most_attempts = 5;
    static constexpr std::uint16_t announcement_port = 5359;

    stepped_world in_;
    std::optional<natpmp::client> on_;
};

} // namespace attack_test

#endif // NATPMP_TESTS_ATTACK_EXCHANGE_HPP
