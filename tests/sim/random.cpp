// Random runs. One seed again:       SIM_SEED=17 test_sim "[random]"
// More seeds, or longer ones:        SIM_SEEDS=5000 SIM_DAYS=400 test_sim "[random]"
// Every Nth seed, for several cores: SIM_SHARD=0/2 test_sim "[random]"

#include "support/catch.hpp"
#include "world.hpp"

#include <chrono>
#include <cstdlib>
#include <iostream>

namespace {

long setting(const char* name, long otherwise)
{
    const char* value = std::getenv(name);
    return value ? std::strtol(value, nullptr, 10) : otherwise;
}

sim::tally run_seed(std::uint32_t seed, std::chrono::hours length)
{
    try {
        sim::world world(seed, length);
        world.trace = std::getenv("SIM_TRACE") != nullptr;
        return world.run();
    } catch (const std::exception& error) {
        FAIL_CHECK("seed " << seed << ": " << error.what() << "\nagain: SIM_SEED=" << seed
                           << " test_sim \"[random]\"");
    }
    return {};
}

void report(const sim::tally& total, long seeds, double wall)
{
    const double years =
        std::chrono::duration<double>(total.simulated).count() / (365.25 * 24 * 3600);
    std::cout << seeds << " seeds, " << years << " simulated years in " << wall << " s, "
              << total.datagrams << " datagrams, " << total.operations << " operations, "
              << total.events << " events, " << total.checks << " checks\n";
    for (const auto& [name, count] : total.faults)
        std::cout << "  " << name << ": " << count << '\n';
}

} // namespace

TEST_CASE("sim: whatever happens, kept mappings are up, and nobody is harmed", "[.][random]")
{
    const std::chrono::hours length{24 * setting("SIM_DAYS", 365)};
    if (const long seed = setting("SIM_SEED", -1); seed >= 0) {
        report(run_seed(static_cast<std::uint32_t>(seed), length), 1, 0);
        return;
    }
    const long seeds = setting("SIM_SEEDS", 500);
    const auto start = std::chrono::steady_clock::now();
    sim::tally total;
    for (long seed = 0; seed < seeds; ++seed)
        total.add(run_seed(static_cast<std::uint32_t>(seed), length));
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    report(total, seeds, wall.count());
}
