// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Pauses between attempts, and the limit on how often something happens.

#include <natpmp/detail/core/retransmission.hpp>

#include "support/catch.hpp"

#include <limits>
#include <vector>

namespace backoff_pause_test {
using namespace std::chrono_literals;
using natpmp::time_point;
using natpmp::detail::duration;
using natpmp::detail::pause_after;
using natpmp::detail::token_bucket;

std::vector<duration> pauses(bool refused)
{
    std::vector<duration> result;
    for (unsigned failures = 1; failures <= 7; ++failures)
        result.push_back(pause_after(failures, refused));
    return result;
}

TEST_CASE("backoff: pauses double up to a bound (C-7)", "[backoff]")
{
    CHECK(pauses(false) == std::vector<duration>{30s, 60s, 120s, 240s, 480s, 480s, 480s});
    CHECK(pauses(true) == std::vector<duration>{5min, 10min, 20min, 30min, 30min, 30min, 30min});
    CHECK(pause_after(std::numeric_limits<unsigned>::max(), false) == 8min);
    CHECK(pause_after(std::numeric_limits<unsigned>::max(), true) == 30min);
    CHECK(pause_after(0, false) == 30s);
}

TEST_CASE("backoff: transient errors are tried sooner than refusals", "[backoff]")
{
    for (unsigned failures = 0; failures < 300; ++failures)
        CHECK(pause_after(failures, false) < pause_after(failures, true));
}

TEST_CASE("backoff: three in a row, then one in five minutes", "[backoff]")
{
    token_bucket bucket(3, 5min);
    const time_point start{1h};
    for (int count = 0; count < 3; ++count) {
        CHECK(bucket.next() <= start);
        bucket.take(start);
    }
    CHECK(bucket.next() == start + 5min);
    bucket.take(start + 5min);
    CHECK(bucket.next() == start + 10min);
    bucket.take(start + 12min);
    CHECK(bucket.next() == start + 15min);
    bucket.take(start + 15min);
    CHECK(bucket.next() == start + 20min);
}

TEST_CASE("backoff: tokens come back, but no more than three", "[backoff]")
{
    token_bucket bucket(3, 5min);
    const time_point start{1h};
    for (int count = 0; count < 3; ++count)
        bucket.take(start);
    const time_point later = start + 24h;
    for (int count = 0; count < 3; ++count) {
        CHECK(bucket.next() <= later);
        bucket.take(later);
    }
    CHECK(bucket.next() == later + 5min);
}

} // namespace backoff_pause_test
