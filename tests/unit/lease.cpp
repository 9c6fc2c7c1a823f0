// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// When a lease is renewed, and whether the gateway lost its state (RFC 6886, section 3.6).

#include <natpmp/detail/core/lease.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <limits>
#include <vector>

namespace lease_test {
using namespace std::chrono_literals;
using natpmp::time_point;
using natpmp::detail::counted_lifetime;
using natpmp::detail::duration;
using natpmp::detail::epoch_sign;
using natpmp::detail::epoch_tracker;
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

const time_point start{123h};

/// Takes a value whose time of arrival is known, and tells whether it is a reset.
bool update(epoch_tracker& tracker, std::uint32_t value, time_point at)
{
    const epoch_sign sign = tracker.update(value, {at, at});
    CHECK(sign != epoch_sign::perhaps_lost);
    return sign == epoch_sign::certainly_lost;
}

/// Whether `value`, seen so long after `first`, tells of a reset.
bool reset(std::uint32_t first, duration elapsed, std::uint32_t value)
{
    epoch_tracker tracker;
    REQUIRE_FALSE(update(tracker, first, start));
    return update(tracker, value, start + elapsed);
}

TEST_CASE("epoch: the exact border (E-2)", "[epoch]")
{
    struct row
    {
        std::uint32_t first;
        duration elapsed;
        std::uint32_t fine, bad;
    };
    for (const row& each :
         {row{1000, 0s, 998, 997}, row{1000, 8s, 1005, 1004}, row{1000, 80s, 1068, 1067},
          row{1000, 3600s, 4148, 4147}, row{5, 7200s, 6303, 6302}}) {
        INFO(each.first << " after " << each.elapsed.count());
        CHECK_FALSE(reset(each.first, each.elapsed, each.fine));
        CHECK(reset(each.first, each.elapsed, each.bad));
    }
}

TEST_CASE("epoch: no upper bound, and the clock's tolerance (E-2)", "[epoch]")
{
    CHECK_FALSE(reset(1000, 1s, 4'000'000'000));
    CHECK_FALSE(reset(0, 0s, std::numeric_limits<std::uint32_t>::max()));
    CHECK(reset(std::numeric_limits<std::uint32_t>::max(), 0s, 0));
    CHECK_FALSE(reset(1000, 86400s, 1000 + 86400 * 88 / 100)); // 12 % slow
    CHECK(reset(1000, 86400s, 1000 + 86400 * 87 / 100));       // 13 % slow
    CHECK_FALSE(reset(1, 0s, 0));
    CHECK_FALSE(reset(0, 0s, 0));
    CHECK(reset(100'000, 24h * 365 * 50, 5)); // after 50 years, without overflow
}

TEST_CASE("epoch: the first packet of a gateway tells nothing (E-4)", "[epoch]")
{
    epoch_tracker tracker;
    CHECK_FALSE(update(tracker, 0, start));
    CHECK_FALSE(update(tracker, 900'000, start + 1s));
    tracker.forget();
    CHECK_FALSE(update(tracker, 12, start + 2s));
    CHECK(update(tracker, 9, start + 2s));
}

TEST_CASE("epoch: a reset's value is the next baseline (E-3)", "[epoch]")
{
    epoch_tracker tracker;
    update(tracker, 5000, start);
    CHECK(update(tracker, 0, start + 10s));
    CHECK_FALSE(update(tracker, 0, start + 10s));
    CHECK_FALSE(update(tracker, 1, start + 11s));
    CHECK(update(tracker, 0, start + 20s));
}

TEST_CASE("epoch: each value is a baseline, also one that is slow", "[epoch]")
{
    epoch_tracker tracker;
    update(tracker, 1000, start);
    CHECK_FALSE(update(tracker, 998, start));
    CHECK_FALSE(update(tracker, 996, start));
    CHECK(update(tracker, 993, start));
}

TEST_CASE("epoch: where the rule is blind (E-6)", "[epoch]")
{
    // Last seen 10, booted 5 s later: noticed only in the first 104 s after the last packet.
    CHECK(reset(10, 103s, 103 - 5));
    CHECK_FALSE(reset(10, 104s, 104 - 5));
    CHECK_FALSE(reset(10, 3600s, 3600 - 5));
}

TEST_CASE(
    "epoch: a value that was read late is a reset only if it is one for all of its time (E-2)",
    "[epoch]")
{
    epoch_tracker tracker;
    REQUIRE(tracker.update(1000, {start, start}) == epoch_sign::kept);
    // The answer came at once and lay in the socket for 8 s.
    CHECK(tracker.update(1000, {start, start + 8s}) == epoch_sign::perhaps_lost);
    // The doubtful value is no baseline. The next one, read in time, tells.
    CHECK(tracker.update(1009, {start + 9s, start + 9s}) == epoch_sign::kept);
    CHECK(tracker.update(3, {start + 9s, start + 1h}) == epoch_sign::certainly_lost);
}

TEST_CASE("epoch: a restart that is in doubt shows in the next value (E-2)", "[epoch]")
{
    epoch_tracker tracker;
    REQUIRE(tracker.update(1, {start, start}) == epoch_sign::kept);
    CHECK(tracker.update(0, {start, start + 20min}) == epoch_sign::perhaps_lost);
    CHECK(tracker.update(0, {start + 20min, start + 20min}) == epoch_sign::certainly_lost);
}

TEST_CASE("epoch: the baseline's own time may be in doubt (E-2)", "[epoch]")
{
    epoch_tracker tracker;
    REQUIRE(tracker.update(1000, {start, start + 30s}) == epoch_sign::kept);
    CHECK(tracker.update(999, {start + 31s, start + 31s}) == epoch_sign::kept);
    CHECK(tracker.update(999, {start + 41s, start + 41s}) == epoch_sign::certainly_lost);
}

} // namespace lease_test
