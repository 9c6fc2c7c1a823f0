// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A client over real sockets: allocations in renewals, with Asio's recycling of memory; processor
// time of a renewal with all its system calls; heap of a mapping and of a pending operation.

#include "bench/gateway_process.hpp"
#include "bench/heap.hpp"
#include "bench/measure.hpp"

#include <natpmp/natpmp.hpp>

#include <cstdio>
#include <cstdlib>

namespace {

using namespace bench;
using namespace std::chrono_literals;

class program
{
public:
    explicit program(const gateway_process& gateway)
        : client_(context_.get_executor(), gateway.options())
    {}

    /// Starts all mappings; returns what is held while they wait.
    heap_use start(std::size_t mappings, std::chrono::seconds lifetime)
    {
        for (std::size_t which = 0; which < mappings; ++which) {
            const natpmp::map_request request{
                .internal_port = static_cast<std::uint16_t>(1024 + which), .lifetime = lifetime};
            client_.async_map_port(request, [this](natpmp::error_code error, natpmp::mapping) {
                ended_ += 1;
                failed_ += error ? 1U : 0U;
            });
        }
        const heap_use pending = heap();
        run_until([&] { return ended_ == mappings; });
        if (failed_ > 0)
            give_up("a mapping failed");
        return pending;
    }

    /// Runs until so many renewals are done, counted from the first.
    void await_renewals(std::uint64_t count)
    {
        run_until([&] { return client_.status().renewals >= count; });
    }

private:
    template <class Done>
    void run_until(Done done)
    {
        const double limit = wall_time() + 60e6;
        while (!done()) {
            if (context_.run_one_for(1s) == 0 && wall_time() > limit)
                give_up("it takes more than a minute");
        }
    }

    [[noreturn]] static void give_up(const char* why)
    {
        std::fprintf(stderr, "%s\n", why);
        std::exit(2);
    }

    asio::io_context context_{1};
    natpmp::client client_;
    std::size_t ended_ = 0, failed_ = 0;
};

/// Renewals in quick succession: a lease of 4 s is renewed every 2 s.
void measure_renewals(const gateway_process& gateway, std::size_t mappings, unsigned rounds,
                      verdicts& verdict)
{
    program one(gateway);
    one.start(mappings, 4s);
    one.await_renewals(mappings); // Asio's memory for handlers is there now, to be used again
    const heap_use before = heap();
    const double cpu = cpu_time();
    one.await_renewals(mappings * (1 + rounds));
    const double used = cpu_time() - cpu;
    const std::uint64_t allocations = heap().allocations - before.allocations;
    const auto renewals = static_cast<double>(mappings * rounds);
    std::printf(
        "  %zu mappings, %u renewals of each: %.1f us CPU a renewal, system calls included; "
        "%llu allocations\n",
        mappings, rounds, used / renewals, static_cast<unsigned long long>(allocations));
    verdict.at_most("allocations in renewals over real sockets", static_cast<double>(allocations),
                    0, "");
}

struct holding
{
    heap_use pending, mapped;
};

/// What a client holds: with all its operations pending, and with all mappings made.
holding held_by(const gateway_process& gateway, std::size_t mappings)
{
    const heap_use empty = heap();
    program one(gateway);
    const heap_use pending = one.start(mappings, 2h);
    const heap_use mapped = heap();
    const auto beyond = [&](const heap_use& all) {
        return heap_use{0, all.requested - empty.requested, all.usable - empty.usable};
    };
    return {beyond(pending), beyond(mapped)};
}

} // namespace

int main(int count, char** values)
{
    const settings chosen(count, values);
    check_heap_counts();
    const gateway_process gateway;
    verdicts verdict;
    std::printf("a client over real sockets\n");
    measure_renewals(gateway, chosen.limits ? 100 : 1'000, chosen.limits ? 1 : 4, verdict);

    const std::size_t mappings = chosen.limits ? 1'000 : 10'000;
    const holding one = held_by(gateway, 1), all = held_by(gateway, mappings);
    const auto each = [&](std::int64_t of_all, std::int64_t of_one) {
        return static_cast<double>(of_all - of_one) / static_cast<double>(mappings - 1);
    };
    const double usable = each(all.mapped.usable, one.mapped.usable);
    std::printf("  %zu mappings: %.1f bytes of heap a mapping (%.1f with malloc's rounding); "
                "%.1f while its operation is pending; %lld in a client with one\n",
                mappings, each(all.mapped.requested, one.mapped.requested), usable,
                each(all.pending.usable, one.pending.usable),
                static_cast<long long>(one.mapped.usable));
    verdict.at_most("heap of a mapping over real sockets", usable, 512, "bytes");
    return chosen.limits ? verdict.exit_code() : 0;
}
