// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_API_OPERATIONS_HPP
#define NATPMP_TESTS_API_OPERATIONS_HPP

#include "api/world.hpp"

#include <tuple>
#include <type_traits>
#include <utility>

namespace api_test {

// Every operation of the client, for tests that are the same for all. Each is started with a token
// or, in a coroutine, without one; provoke() does what it needs to end.

struct map_operation
{
    using result = mapping;

    template <class Client, class... Token>
    static auto start(Client& on, Token&&... token)
    {
        return on.async_map_port(protocol::tcp, 6881, std::forward<Token>(token)...);
    }

    template <class Client>
    static void provoke(Client&)
    {}
};

struct map_request_operation : map_operation
{
    template <class Client, class... Token>
    static auto start(Client& on, Token&&... token)
    {
        return on.async_map_port(map_request{.protocol = protocol::udp, .internal_port = 6882},
                                 std::forward<Token>(token)...);
    }
};

struct pair_operation : map_operation
{
    using result = natpmp::mapping_pair;

    template <class Client, class... Token>
    static auto start(Client& on, Token&&... token)
    {
        return on.async_map_port_pair(6883, std::forward<Token>(token)...);
    }
};

struct pair_request_operation : pair_operation
{
    template <class Client, class... Token>
    static auto start(Client& on, Token&&... token)
    {
        return on.async_map_port_pair(map_request{.internal_port = 6884},
                                      std::forward<Token>(token)...);
    }
};

struct unmap_operation : map_operation
{
    using result = void;

    template <class Client, class... Token>
    static auto start(Client& on, Token&&... token)
    {
        return on.async_unmap_port(protocol::udp, 6885, std::forward<Token>(token)...);
    }
};

struct address_operation : map_operation
{
    using result = natpmp::net::ip::address;

    template <class Client, class... Token>
    static auto start(Client& on, Token&&... token)
    {
        return on.async_external_address(std::forward<Token>(token)...);
    }
};

struct event_operation : map_operation
{
    using result = natpmp::event;

    template <class Client, class... Token>
    static auto start(Client& on, Token&&... token)
    {
        return on.async_wait_event(std::forward<Token>(token)...);
    }

    template <class Client>
    static void provoke(Client& on)
    {
        on.async_map_port(protocol::tcp, 6886, ignore{});
    }
};

struct shutdown_operation : map_operation
{
    using result = void;

    template <class Client, class... Token>
    static auto start(Client& on, Token&&... token)
    {
        return on.async_shutdown(2s, std::forward<Token>(token)...);
    }

    /// Leaves it something to unmap.
    template <class Client>
    static void provoke(Client& on)
    {
        on.async_map_port(protocol::tcp, 6886, ignore{});
    }
};

/// Those that send requests of their own.
using request_operations =
    std::tuple<map_operation, pair_operation, unmap_operation, address_operation>;

using all_operations =
    std::tuple<map_operation, map_request_operation, pair_operation, pair_request_operation,
               unmap_operation, address_operation, event_operation, shutdown_operation>;

/// Whether an operation's result says that it worked.
inline bool good(const mapping& made)
{
    return made.internal_port != 0 && made.external_port == made.internal_port &&
           made.lifetime == 7200s && made.external_address == asio::ip::make_address("203.0.113.7");
}

inline bool good(const natpmp::mapping_pair& made)
{
    return good(made.tcp) && good(made.udp) && made.tcp.protocol == protocol::tcp &&
           made.udp.protocol == protocol::udp;
}

inline bool good(const asio::ip::address& told)
{
    return told == asio::ip::make_address("203.0.113.7");
}

inline bool good(const natpmp::event& news)
{
    return news.kind == event_kind::mapped && news.mapping.internal_port == 6886;
}

/// The operations without a value.
inline bool good()
{
    return true;
}

/// What a handler got.
struct report
{
    int calls = 0;
    error_code error{};
    bool value_good = false;

    [[nodiscard]] bool succeeded() const
    {
        return calls == 1 && !error && value_good;
    }
};

/// A handler for any operation that writes a report.
class reporter
{
public:
    explicit reporter(report& into) : into_(&into)
    {}

    template <class... Value>
    void operator()(error_code error, const Value&... value) const
    {
        ++into_->calls;
        into_->error = error;
        into_->value_good = good(value...);
    }

private:
    report* into_;
};

} // namespace api_test

#endif // NATPMP_TESTS_API_OPERATIONS_HPP
