// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// From a completion token to an operation of the engine, and back to the token's handler.

#ifndef NATPMP_DETAIL_INITIATE_HPP
#define NATPMP_DETAIL_INITIATE_HPP

#include <natpmp/detail/pending.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

// What each operation's handler gets besides the error_code.

struct map_outcome
{
    using signature = void(error_code, mapping);
    static mapping of(const operation& done)
    {
        return done.mappings[0];
    }
};

struct map_pair_outcome
{
    using signature = void(error_code, mapping_pair);
    static mapping_pair of(const operation& done)
    {
        return {.tcp = done.mappings[0], .udp = done.mappings[1]};
    }
};

struct address_outcome
{
    using signature = void(error_code, net::ip::address);
    static net::ip::address of(const operation& done)
    {
        return done.address;
    }
};

struct event_outcome
{
    using signature = void(error_code, event);
    static event of(const operation& done)
    {
        return done.news;
    }
};

struct no_outcome
{
    using signature = void(error_code);
};

/// What is asked for, until the operation starts.
struct operation_seed
{
    operation_kind kind;
    map_request request{};
    duration limit{0};
};

/// A limit of any unit, cut to what the engine can count.
template <class Rep, class Period>
duration clamp_limit(std::chrono::duration<Rep, Period> limit)
{
    constexpr std::chrono::duration<double> most = 24h;
    const auto seconds = std::chrono::duration<double>(limit);
    return std::chrono::duration_cast<duration>(
        std::clamp(seconds, std::chrono::duration<double>{0}, most));
}

/// The two steps of every operation: begin, and complete when the engine is done.
template <class Executor, class Outcome>
class operation_steps
{
public:
    operation_steps(std::shared_ptr<client_base> state, const Executor& executor,
                    const operation_seed& seed)
        : client_(std::move(state)), executor_(executor), seed_(seed)
    {}

    template <class Self>
    void operator()(Self& self)
    {
        switch (std::exchange(step_, step::complete)) {
        case step::begin:
            return begin(self);
        case step::complete:
            return complete(self);
        }
    }

private:
    enum class step
    {
        begin,
        complete
    };

    template <class Self>
    void begin(Self& self)
    {
        self.reset_cancellation_state(net::enable_total_cancellation());
        const auto state = std::move(client_);
        const Executor executor(executor_); // gone with self, once that is moved
        if (!state)                         // moved from
            return net::post(executor, std::move(self));
        waiting_ =
            std::allocate_shared<pending>(net::get_associated_allocator(self), state, seed_.kind);
        waiting_->request = seed_.request;
        waiting_->limit = seed_.limit;
        const auto what = waiting_;
        const auto cancel = [&on = *what](net::cancellation_type type) {
            if (const auto owner = on.owner) // this closure may go while it runs
                owner->cancel(on, type);
        };
        parked_handler<Executor, Self>::park(executor, std::move(self), cancel)
            .show_at(what->place);
        state->start(*what);
    }

    template <class Self>
    void complete(Self& self)
    {
        auto done = std::exchange(waiting_, nullptr); // freed before the handler is called
        const error_code error = done ? done->error : make_error_code(errc::closed);
        if constexpr (std::is_same_v<Outcome, no_outcome>) {
            done.reset();
            self.complete(error);
        } else {
            using value = decltype(Outcome::of(*done));
            const value result = done && !error ? Outcome::of(*done) : value{};
            done.reset();
            self.complete(error, result);
        }
    }

    std::shared_ptr<client_base> client_;
    std::shared_ptr<pending> waiting_;
    Executor executor_;
    operation_seed seed_;
    step step_ = step::begin;
};

/// Initiates an operation with any completion token.
template <class Outcome, class Executor, class Token>
auto initiate(const std::shared_ptr<client_base>& state, const Executor& executor,
              const operation_seed& seed, Token&& token)
{
    return net::async_compose<Token, typename Outcome::signature>(
        operation_steps<Executor, Outcome>(state, executor, seed), token, executor);
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_INITIATE_HPP
