// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// When a lease is renewed (N-1, N-3, M-11).

#include <natpmp/detail/core/lease.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <vector>

namespace lease_plan_test {
using namespace std::chrono_literals;
using natpmp::time_point;
using natpmp::detail::counted_lifetime;
using natpmp::detail::duration;
using natpmp::detail::never;
using natpmp::detail::plan_renewal;

const time_point granted{77h};

/// When renewals start, all of which fail.
std::vector<duration> plan(duration lifetime)
{
    std::vector<duration> result;
    for (time_point at = granted + lifetime / 2; at != never;
         at = plan_renewal(at, at, granted + lifetime).next)
        result.push_back(at - granted);
    return result;
}

TEST_CASE("lease: half, then half of what is left, 7200 s (N-3)", "[lease]")
{
    CHECK(plan(7200s) == std::vector<duration>{3600s, 5400s, 6300s, 6750s, 6975s, 7087'500ms,
                                               7143'750ms, 7171'875ms, 7185'937'500us,
                                               7192'968'750us, 7196'484'375us, 7198'484'375us});
}

TEST_CASE("lease: half, then half of what is left, 60 s", "[lease]")
{
    CHECK(plan(60s) == std::vector<duration>{30s, 45s, 52'500ms, 56'250ms, 58'250ms});
}

TEST_CASE("lease: renewals that fail are at least 2 s apart, and end before the lease", "[lease]")
{
    for (std::int64_t seconds = 1; seconds < 20'000; seconds += seconds / 7 + 1) {
        const duration lifetime = std::chrono::seconds{seconds};
        const auto times = plan(lifetime);
        REQUIRE_FALSE(times.empty());
        CHECK(times.back() < lifetime);
        for (std::size_t at = 1; at < times.size(); ++at)
            CHECK(times[at] - times[at - 1] >= 2s);
        CHECK(times.size() < 20);
    }
}

TEST_CASE("lease: an attempt ends at half of what is left", "[lease]")
{
    CHECK(plan_renewal(granted, granted, granted + 100s).end == granted + 50s);
    CHECK(plan_renewal(granted, granted, granted + 3s).end == granted + 1500ms);
    CHECK(plan_renewal(granted, granted, granted + 3s).next == granted + 2s);
    CHECK(plan_renewal(granted, granted, granted + 2s).next == never);
    // An answer gets 250 ms at least, also where the end has passed meanwhile.
    CHECK(plan_renewal(granted, granted, granted + 400ms).end == granted + 250ms);
    CHECK(plan_renewal(granted + 5s, granted + 5s, granted).end == granted + 5s + 250ms);
    CHECK(plan_renewal(granted + 5s, granted + 5s, granted).next == never);
}

TEST_CASE("lease: an attempt that begins late is the last one that was planned by then (N-3)",
          "[lease]")
{
    const time_point expiry = granted + 8s;
    const auto in_time = plan_renewal(granted + 4s, granted + 4s, expiry);
    CHECK(in_time.begin == granted + 4s);
    CHECK(in_time.end == granted + 6s);
    CHECK(in_time.next == granted + 6s);
    const auto late = plan_renewal(granted + 4s, granted + 4s + 16ms, expiry);
    CHECK(late.begin == in_time.begin);
    CHECK(late.end == in_time.end);
    CHECK(late.next == in_time.next);
    const auto missed = plan_renewal(granted + 4s, granted + 6s + 16ms, expiry);
    CHECK(missed.begin == granted + 6s);
    CHECK(missed.end == granted + 7s);
    CHECK(missed.next == never);
    const auto hours = plan_renewal(granted + 1h, granted + 7190s, granted + 2h);
    CHECK(hours.begin == granted + 7185'937'500us);
    CHECK(hours.next == granted + 7192'968'750us);
}

TEST_CASE("lease: what is granted counts, up to what was asked or a day (M-11)", "[lease]")
{
    CHECK(counted_lifetime(7200, 7200) == 7200s);
    CHECK(counted_lifetime(60, 7200) == 60s);
    CHECK(counted_lifetime(1, 7200) == 1s);
    CHECK(counted_lifetime(10'000, 7200) == 10'000s);
    CHECK(counted_lifetime(86'400, 7200) == 86'400s);
    CHECK(counted_lifetime(86'401, 7200) == 86'400s);
    CHECK(counted_lifetime(0xFFFFFFFF, 7200) == 86'400s);
    CHECK(counted_lifetime(0xFFFFFFFF, 0xFFFFFFFF) == std::chrono::seconds{0xFFFFFFFF});
    CHECK(counted_lifetime(1'000'000, 500'000) == 500'000s);
}

} // namespace lease_plan_test
