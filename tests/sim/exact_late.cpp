// A late host loses no more mappings than an exact one.

#include "one_mapping.hpp"

#include "support/catch.hpp"

#include <cstdio>
#include <iostream>

namespace {

using namespace sim;

constexpr int leases[] = {8, 9, 12, 16, 20, 30, 60, 120};
constexpr std::size_t lease_count = std::size(leases);

/// The mappings that were lost in so many lifetimes of each kind, on a network that loses half of
/// all datagrams.
struct losses
{
    unsigned of[lease_count] = {};
    unsigned total = 0;
};

losses count_losses(punctuality host, int lifetimes)
{
    losses result;
    for (std::size_t which = 0; which < lease_count; ++which) {
        const std::chrono::seconds lease{leases[which]};
        one_mapping home(static_cast<std::uint32_t>(which + 1), lease, host);
        home.network.conditions.loss = 0.5;
        home.network.run_for(lease * lifetimes);
        result.of[which] = home.lost;
        result.total += home.lost;
    }
    return result;
}

void compare(int lifetimes, unsigned least, double most_difference)
{
    const losses exact = count_losses(punctuality::exact, lifetimes);
    CHECK(exact.total >= least);
    for (const auto host : {punctuality::late, punctuality::coarse}) {
        const losses late = count_losses(host, lifetimes);
        const double difference = late.total * 1.0 / exact.total - 1;
        std::printf("lost in %d lifetimes, exact and %s:", lifetimes,
                    host == punctuality::late ? "20 to 500 us late" : "on a clock of 15.625 ms");
        for (std::size_t which = 0; which < lease_count; ++which)
            std::printf(" %d s %u %u,", leases[which], exact.of[which], late.of[which]);
        std::printf(" in all %u %u, %+.1f %%\n", exact.total, late.total, difference * 100);
        CHECK(late.total >= least);
        CHECK(std::abs(difference) < most_difference);
    }
}

} // namespace

TEST_CASE("sim: a late host loses no more mappings than an exact one")
{
    compare(3000, 1000, 0.1);
}

TEST_CASE("sim: a late host loses no more mappings than an exact one, in the long run",
          "[.][exact_late]")
{
    compare(static_cast<int>(setting("SIM_LIFETIMES", 60'000)), 5000, 0.05);
}
