// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The engine alone, with up to every port of both protocols: processor time, memory and allocations
// for each mapping, and what start, recovery and shutdown of all of them take.

#include "bench/engine_loop.hpp"
#include "bench/heap.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace {

using namespace bench;

/// What all mappings together took in one phase.
struct phase
{
    double cpu = 0;       ///< processor time in us
    double simulated = 0; ///< s
    double longest = 0;   ///< of one tick or datagram, in us; only if that was watched
    std::uint64_t datagrams = 0;
};

struct figures
{
    std::vector<double> cpu;       ///< of one renewal, in us, in each batch
    std::uint64_t allocations = 0; ///< in all of these renewals
    heap_use held{};               ///< in all
    phase start, recovery, shutdown;
};

[[noreturn]] void give_up(const char* why)
{
    std::fprintf(stderr, "%s\n", why);
    std::exit(2);
}

/// Begins, runs until `done()`, and measures: all together, or each call, which costs more than the
/// call.
template <class Begin, class Done>
phase measure(engine_loop& loop, bool watch, Begin begin, Done done)
{
    const auto began = loop.now;
    const auto sent = loop.core.counters.sent;
    const double cpu = cpu_time();
    begin();
    loop.pump();
    double longest = watch ? cpu_time() - cpu : 0;
    while (!done()) {
        const double before = watch ? cpu_time() : 0;
        loop.next();
        if (watch)
            longest = std::max(longest, cpu_time() - before);
    }
    return {cpu_time() - cpu, std::chrono::duration<double>(loop.now - began).count(), longest,
            loop.core.counters.sent - sent};
}

void renew(engine_loop& loop, std::uint64_t count)
{
    const auto end = loop.core.counters.renewals + count;
    while (loop.core.counters.renewals < end)
        loop.next();
}

figures run(std::size_t mappings, int rounds, std::uint64_t batch, bool watch)
{
    figures result;
    const heap_use empty = heap();
    const auto loop = std::make_unique<engine_loop>();

    const auto none_pending = [&] { return loop->pending() == 0; };
    const auto start_all = [&] {
        for (std::size_t which = 0; which < mappings; ++which)
            loop->start(operation_kind::map, nth_mapping(which));
    };
    result.start = measure(*loop, watch, start_all, none_pending);
    loop->forget_operations();
    if (loop->core.status(loop->now).up != mappings)
        give_up("not every mapping is up");
    renew(*loop, mappings);
    result.cpu.reserve(static_cast<std::size_t>(rounds));
    const heap_use settled = heap();
    result.held = {0, settled.requested - empty.requested, settled.usable - empty.usable};

    for (int round = 0; round < rounds; ++round) {
        const double cpu = cpu_time();
        renew(*loop, batch);
        result.cpu.push_back((cpu_time() - cpu) / static_cast<double>(batch));
    }
    result.allocations = heap().allocations - settled.allocations;

    const auto end = loop->core.counters.renewals + mappings;
    result.recovery = measure(
        *loop, watch, [&] { loop->reboot(); }, [&] { return loop->core.counters.renewals >= end; });
    const auto leave = [&] { loop->start(operation_kind::shutdown, {}, 1h); };
    result.shutdown = measure(*loop, watch, leave, none_pending);
    if (loop->failures > 0 || loop->core.status(loop->now).up != 0)
        give_up("an operation failed");
    return result;
}

/// Bytes of each mapping beyond what a client with one mapping has.
double beyond(std::int64_t all, std::int64_t one, std::size_t mappings)
{
    return static_cast<double>(all - one) / static_cast<double>(mappings - 1);
}

void print(const char* name, const phase& what, std::size_t mappings)
{
    std::printf("    %-9s %8.3f ms CPU, %.3f us each; %.3f s simulated, %llu datagrams", name,
                what.cpu / 1e3, what.cpu / static_cast<double>(mappings), what.simulated,
                static_cast<unsigned long long>(what.datagrams));
    if (what.longest > 0)
        std::printf("; longest call %.0f us", what.longest);
    std::printf("\n");
}

} // namespace

int main(int count, char** values)
{
    const settings chosen(count, values);
    check_heap_counts();
    if (!chosen.limits) {
        keep_freed_memory();
        run(10'000, 0, 0, false);
    }
    const std::vector<std::size_t> sizes = chosen.limits
                                               ? std::vector<std::size_t>{10, 1'000, 10'000}
                                               : std::vector<std::size_t>{10, 100, 1'000, 10'000};

    std::printf("the engine alone, virtual time, an answer after 1 ms; sizeof(record) is %zu\n",
                sizeof(natpmp::detail::mapping_record));
    table data(chosen, "engine",
               "mappings cpu_us cpu_us_10% cpu_us_90% requested_bytes usable_bytes allocations");
    const heap_use one = run(1, 0, 0, false).held;
    verdicts verdict;
    double first = 0;
    for (const std::size_t mappings : sizes) {
        const int rounds = chosen.limits ? 2 : 9;
        const std::size_t batch =
            chosen.limits ? mappings : std::max<std::size_t>(mappings, 100'000);
        figures all = run(mappings, rounds, batch, false);
        const figures watched = run(mappings, 0, 0, true);
        all.recovery.longest = watched.recovery.longest;
        all.shutdown.longest = watched.shutdown.longest;
        const double cpu = median(all.cpu);
        const double requested = beyond(all.held.requested, one.requested, mappings);
        const double usable = beyond(all.held.usable, one.usable, mappings);
        std::printf(
            "  %zu mappings: %.3f us CPU a renewal, %.1f bytes of heap a mapping (%.1f with "
            "malloc's rounding), %llu allocations in %zu renewals\n",
            mappings, cpu, requested, usable, static_cast<unsigned long long>(all.allocations),
            batch * static_cast<std::size_t>(rounds));
        print("start", all.start, mappings);
        print("recovery", all.recovery, mappings);
        print("shutdown", all.shutdown, mappings);
        data.row(mappings, cpu, quantile(all.cpu, 0.1), quantile(all.cpu, 0.9), requested, usable,
                 all.allocations);

        const std::string with = std::to_string(mappings) + " mappings: ";
        verdict.at_most(with + "allocations in renewals", static_cast<double>(all.allocations), 0,
                        "");
        verdict.at_most(with + "heap of a mapping", usable, 512, "bytes");
        if (chosen.limits)
            continue;
        verdict.at_most(with + "CPU of a renewal", cpu, 3, "us");
        if (first == 0)
            first = cpu / std::log2(mappings);
        else
            verdict.at_most(with + "CPU of a renewal against log n from 10", cpu,
                            first * std::log2(mappings), "us");
    }
    std::printf("  the constant: a client with one mapping holds %lld bytes of heap\n",
                static_cast<long long>(one.requested));
    return chosen.limits ? verdict.exit_code() : 0;
}
