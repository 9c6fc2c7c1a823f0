// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A whole client on a simulated network, with up to every port of both protocols: what start, an
// hour of renewals, a restart of the gateway, and shutdown take. The processor time includes that
// of the simulated network and its gateway.

#include "bench/engine_loop.hpp"

#include <natpmp/testing/simulated_platform.hpp>

#include "support/asio.hpp"

#include <cstdio>
#include <cstdlib>

namespace {

using namespace bench;
using natpmp::testing::simulated_network;

class world
{
public:
    explicit world(std::size_t mappings) : mappings_(mappings)
    {
        network_.gateway().model.settings.capacity = mappings;
        network_.gateway().model.settings.recorded_requests = 0;
    }

    void run(bool print)
    {
        print_ = print;
        if (print_)
            std::printf("  %zu mappings\n", mappings_);
        phase("start", [&] {
            for (std::size_t which = 0; which < mappings_; ++which) {
                const auto key = nth_mapping(which);
                client_.async_map_port(key.protocol, key.internal_port, count_);
            }
            run_until([&] { return ended_ == mappings_; });
        });
        check(held() == mappings_, "the gateway has not every mapping");
        phase("an hour", [&] { network_.run_for(1h); });
        phase("recovery", [&] {
            network_.reboot(network_.host().address.to_v4(), 1);
            run_until([&] { return client_.status().resets > 0 && held() == mappings_; });
        });
        phase("shutdown", [&] {
            client_.async_shutdown(1h, [this](natpmp::error_code error) { count_(error, {}); });
            run_until([&] { return ended_ == mappings_ + 1; });
        });
        check(held() == 0, "the gateway has mappings left");
        check(failed_ == 0, "an operation failed");
    }

private:
    template <class What>
    void phase(const char* name, What what)
    {
        const auto before = client_.status();
        const auto began = network_.now();
        const double cpu = cpu_time();
        what();
        const double used = cpu_time() - cpu;
        const auto after = client_.status();
        if (!print_)
            return;
        std::printf("    %-9s %9.3f ms CPU; %8.3f s simulated; %llu datagrams, %llu of them sent "
                    "again\n",
                    name, used / 1e3, std::chrono::duration<double>(network_.now() - began).count(),
                    static_cast<unsigned long long>(after.sent - before.sent),
                    static_cast<unsigned long long>(after.retransmitted - before.retransmitted));
    }

    template <class Done>
    void run_until(Done done)
    {
        for (std::uint64_t steps = 0; !done(); ++steps)
            check(network_.step() && steps < 10'000'000, "it does not end");
    }

    [[nodiscard]] std::size_t held()
    {
        return network_.gateway().model.table.size(network_.now());
    }

    static void check(bool holds, const char* why)
    {
        if (holds)
            return;
        std::fprintf(stderr, "%s\n", why);
        std::exit(2);
    }

    std::size_t mappings_;
    bool print_ = true;
    asio::io_context context_{1};
    simulated_network network_{context_};
    natpmp::client client_{network_.platform()};
    std::size_t ended_ = 0, failed_ = 0;
    struct counter
    {
        world* owner;
        void operator()(natpmp::error_code error, const natpmp::mapping&) const
        {
            owner->ended_ += 1;
            owner->failed_ += error ? 1U : 0U;
        }
    } count_{this};
};

} // namespace

int main(int count, char** values)
{
    const settings chosen(count, values);
    std::printf("a client on a simulated network, 1 ms each way; the network's work is included\n");
    keep_freed_memory();
    world(10'000).run(false);
    for (const std::size_t mappings : {10U, 100U, 1'000U, 10'000U})
        world(mappings).run(true);
    return 0;
}
