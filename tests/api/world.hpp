// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_API_WORLD_HPP
#define NATPMP_TESTS_API_WORLD_HPP

#include <natpmp/natpmp.hpp>
#include <natpmp/testing/fake_gateway.hpp>

#include "support/catch.hpp"

#include "support/asio.hpp"
#include "support/request_text.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace api_test {

using namespace std::chrono_literals;

using natpmp::client;
using natpmp::client_options;
using natpmp::errc;
using natpmp::error_code;
using natpmp::event_kind;
using natpmp::map_request;
using natpmp::mapping;
using natpmp::protocol;
using natpmp::result_code;
using natpmp::testing::fake_gateway;
using natpmp::testing::fault_switch;
using test_support::request_text;

using lines = std::vector<std::string>;

/// A handler that does nothing.
struct ignore
{
    template <class... Values>
    void operator()(const Values&...) const noexcept
    {}
};

/// One io_context, run by the test itself, with a fake gateway on it.
struct world
{
    asio::io_context context{1};
    fake_gateway gateway{context.get_executor()};

    /// Options that lead to the gateway.
    [[nodiscard]] client_options options() const
    {
        client_options result;
        result.gateway = gateway.endpoint().address();
        result.gateway_port = gateway.endpoint().port();
        result.local_address = natpmp::net::ip::address_v4::loopback();
        result.announcements = false;
        return result;
    }

    [[nodiscard]] natpmp::testing::gateway_faults& faults()
    {
        return gateway.model().faults;
    }

    /// What reached the gateway.
    [[nodiscard]] lines wire()
    {
        lines result;
        for (const auto& request : gateway.model().requests)
            result.push_back(request_text(request.bytes));
        return result;
    }

    /// How many mappings the gateway holds.
    [[nodiscard]] std::size_t mapped()
    {
        return gateway.model().table.size(gateway.now());
    }

    template <class Predicate>
    bool run_until(Predicate done)
    {
        const auto limit = std::chrono::steady_clock::now() + 10s;
        context.restart();
        while (!done())
            if (context.run_one_until(limit) == 0)
                return done();
        return true;
    }

    bool run_until_requests(std::size_t count)
    {
        return run_until([&] { return gateway.model().requests.size() >= count; });
    }

    /// Lets everything happen that needs no time: loopback datagrams arrive when they are sent.
    void settle()
    {
        context.restart();
        while (context.poll() > 0)
            ;
    }

    /// Runs for a while.
    void run_for(std::chrono::milliseconds time)
    {
        context.restart();
        context.run_for(time);
    }

    /// Takes the gateway's own work away; whether run() then returns by itself, soon.
    bool run_dry()
    {
        gateway.close();
        context.restart();
        const auto start = std::chrono::steady_clock::now();
        context.run_for(3s);
        return context.stopped() && std::chrono::steady_clock::now() - start < 2s;
    }
};

} // namespace api_test

#endif // NATPMP_TESTS_API_WORLD_HPP
