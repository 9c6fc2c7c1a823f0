// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// From a completion token to an operation of the engine.

#ifndef NATPMP_DETAIL_INITIATE_HPP
#define NATPMP_DETAIL_INITIATE_HPP

#include <natpmp/detail/pending_handler.hpp>

#include <algorithm>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// What a handler is called with: the error, and a value of the operation's.
template <class Value>
struct value_result
{
    using signature = void(error_code, Value);

    static std::tuple<error_code, Value> with(const operation& done, const Value& value)
    {
        return {done.error, done.error ? Value{} : value};
    }
};

struct map_result : value_result<mapping>
{
    static auto of(const operation& done)
    {
        return with(done, done.mappings[0]);
    }
};

struct map_pair_result : value_result<mapping_pair>
{
    static auto of(const operation& done)
    {
        return with(done, {.tcp = done.mappings[0], .udp = done.mappings[1]});
    }
};

struct address_result : value_result<net::ip::address>
{
    static auto of(const operation& done)
    {
        return with(done, done.address);
    }
};

struct event_result : value_result<event>
{
    static auto of(const operation& done)
    {
        return with(done, done.news);
    }
};

struct no_result
{
    using signature = void(error_code);

    static std::tuple<error_code> of(const operation& done)
    {
        return {done.error};
    }
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

/// Starts an operation when it is given a handler.
template <class Result, class Executor>
class initiation
{
public:
    using executor_type = Executor;

    initiation(std::shared_ptr<client_base> state, const Executor& executor)
        : client_(std::move(state)), executor_(executor)
    {}

    [[nodiscard]] executor_type get_executor() const noexcept
    {
        return executor_;
    }

    template <class Handler>
    void operator()(Handler&& handler, const operation_seed& seed) const
    {
        using waiting = pending_handler<Result, Executor, std::decay_t<Handler>>;
        std::decay_t<Handler> mine(std::forward<Handler>(handler));
        if (auto* what = waiting::park(client_, seed.kind, executor_, std::move(mine))) {
            what->request = seed.request;
            what->limit = seed.limit;
            what->start();
        }
    }

private:
    std::shared_ptr<client_base> client_;
    Executor executor_;
};

/// Initiates an operation with any completion token.
template <class Result, class Executor, class Token>
auto initiate(const std::shared_ptr<client_base>& state, const Executor& executor,
              const operation_seed& seed, Token&& token)
{
    return net::async_initiate<Token, typename Result::signature>(
        initiation<Result, Executor>(state, executor), token, seed);
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_INITIATE_HPP
