// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A fake_gateway as a program, for clients that are not ours: gateway ADDRESS LIFETIME. It
// listens on port 5351 of that address, grants LIFETIME seconds whatever is asked for, and prints
// each request, its bytes and what it says, and how many mappings it holds when that changes:
//
//     2.004 000200001ae11ae100000e10 map tcp 6881 6881 3600
//     holds 1
//
// SIGUSR1: it moves each mapping that it holds to the next external port up, which the answer to
// the next request for the mapping tells.

#include <natpmp/testing/fake_gateway.hpp>

#include "support/asio.hpp"
#include "support/request_text.hpp"

#include <asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

namespace {

using namespace std::chrono_literals;
using natpmp::testing::fake_gateway;

class program
{
public:
    program(const std::string& address, std::chrono::seconds lifetime)
        : gateway_(context_.get_executor(), 5351, asio::ip::make_address_v4(address)),
          moves_(context_, SIGUSR1),
          next_look_(context_)
    {
        natpmp::testing::gateway_settings settings;
        settings.epoch = 100'000s;
        settings.min_lifetime = settings.max_lifetime = lifetime;
        gateway_.model() = natpmp::testing::gateway_model(fake_gateway::now(), settings);
    }

    void run()
    {
        std::puts("ready");
        std::fflush(stdout);
        look();
        move_on_signal();
        context_.run();
    }

private:
    void look()
    {
        auto& model = gateway_.model();
        for (const auto& request : model.requests)
            print(request);
        model.requests.clear();
        const std::size_t holds = model.table.size(fake_gateway::now());
        if (holds != holds_)
            std::printf("holds %zu\n", holds);
        holds_ = holds;
        std::fflush(stdout);
        next_look_.expires_after(20ms);
        next_look_.async_wait([this](const asio::error_code&) { look(); });
    }

    void print(const natpmp::testing::gateway_request& request) const
    {
        std::printf("%.3f ", std::chrono::duration<double>(request.when - start_).count());
        for (const std::uint8_t byte : request.bytes)
            std::printf("%02x", byte);
        std::printf(" %s\n", test_support::request_text(request.bytes).c_str());
    }

    void move_on_signal()
    {
        moves_.async_wait([this](const asio::error_code&, int) {
            auto& table = gateway_.model().table;
            const natpmp::time_point now = fake_gateway::now();
            for (auto entry : table.entries(now)) {
                ++entry.external_port;
                table.put(entry, now);
            }
            std::puts("moved");
            std::fflush(stdout);
            move_on_signal();
        });
    }

    asio::io_context context_{1};
    fake_gateway gateway_;
    asio::signal_set moves_;
    asio::steady_timer next_look_;
    const natpmp::time_point start_ = fake_gateway::now();
    std::size_t holds_ = 0;
};

} // namespace

int main(int count, char** values)
{
    try {
        if (count != 3)
            throw std::invalid_argument("usage: gateway ADDRESS LIFETIME");
        program(values[1], std::chrono::seconds{std::stoul(values[2])}).run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 1;
    }
}
