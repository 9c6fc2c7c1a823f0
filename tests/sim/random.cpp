// Random runs, one a seed. The README of the tests has the command that replays one.

#include "one_mapping.hpp"
#include "support/catch.hpp"
#include "world.hpp"

#include <chrono>
#include <cstdlib>
#include <iostream>

namespace {

sim::tally run_seed(std::uint32_t seed, std::chrono::hours length, sim::scenario what)
{
    try {
        sim::world world(seed, length, what);
        world.trace = std::getenv("SIM_TRACE") != nullptr;
        return world.run();
    } catch (const std::exception& error) {
        FAIL_CHECK("seed " << seed << ": " << error.what() << "\nagain: SIM_SEED=" << seed
                           << " SIM_TRACE=1 test_sim \"["
                           << (what == sim::scenario::disorder ? "disorder" : "random") << "]\"");
    }
    return {};
}

void report(const sim::tally& total, long first, long seeds, double wall)
{
    const double years =
        std::chrono::duration<double>(total.simulated).count() / (365.25 * 24 * 3600);
    std::cout << "seeds " << first << " to " << first + seeds - 1 << ": " << years
              << " simulated years in " << wall << " s, " << total.datagrams << " datagrams, "
              << total.operations << " operations, " << total.events << " events, " << total.losses
              << " losses asked about, " << total.checks << " checks, at most " << total.most_memory
              << " bytes of heap, " << total.most_in_an_hour
              << " datagrams for a mapping in an hour (" << total.most_in_an_hour_short
              << " with leases under 60 s)\n";
    for (const auto& [name, count] : total.faults)
        std::cout << "  " << name << ": " << count << '\n';
}

void run_seeds(sim::scenario what)
{
    const std::chrono::hours length{24 * sim::setting("SIM_DAYS", 365)};
    const long one = sim::setting("SIM_SEED", -1);
    const long first = one >= 0 ? one : sim::setting("SIM_FIRST", 0);
    const long seeds = one >= 0 ? 1 : sim::setting("SIM_SEEDS", 500);
    const auto start = std::chrono::steady_clock::now();
    sim::tally total;
    for (long seed = first; seed < first + seeds; ++seed)
        total.add(run_seed(static_cast<std::uint32_t>(seed), length, what));
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    report(total, first, seeds, wall.count());
    CHECK(total.checks > 0);
}

} // namespace

TEST_CASE("sim: whatever happens, kept mappings are up, and nobody is harmed", "[.][random]")
{
    run_seeds(sim::scenario::anything);
}

TEST_CASE("sim: datagrams late by seconds do no harm, and all heals after them", "[.][disorder]")
{
    run_seeds(sim::scenario::disorder);
}
