// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// When a request is sent again, pauses between attempts, and the limit on how often something
// happens.

#include <natpmp/detail/core/retransmission.hpp>

#include "support/catch.hpp"

#include <limits>
#include <vector>

namespace retransmission_test {
using namespace std::chrono_literals;
using natpmp::time_point;
using natpmp::detail::duration;
using natpmp::detail::pause_after;
using natpmp::detail::retransmission;
using natpmp::detail::token_bucket;

const time_point start{5h};

struct outcome
{
    std::vector<duration> sent;
    duration over{};
};

outcome run(retransmission transmissions)
{
    outcome result;
    for (time_point now = start;;) {
        if (transmissions.due(now)) {
            result.sent.push_back(now - start);
            transmissions.sent(now);
            continue;
        }
        if (transmissions.over(now)) {
            result.over = now - start;
            return result;
        }
        REQUIRE(transmissions.wake() > now);
        now = transmissions.wake();
    }
}

TEST_CASE("backoff: nine transmissions and 127.75 s (T-1, T-2, T-3)", "[backoff]")
{
    const outcome full = run(retransmission(natpmp::detail::nine_transmissions));
    CHECK(full.sent == std::vector<duration>{0ms, 250ms, 750ms, 1750ms, 3750ms, 7750ms, 15'750ms,
                                             31'750ms, 63'750ms});
    CHECK(full.over == 127'750ms);
}

TEST_CASE("backoff: shorter bursts", "[backoff]")
{
    const outcome shortest = run(retransmission(natpmp::detail::three_transmissions));
    CHECK(shortest.sent == std::vector<duration>{0ms, 250ms, 750ms});
    CHECK(shortest.over == 1750ms);
    const outcome medium = run(retransmission(natpmp::detail::five_transmissions));
    CHECK(medium.sent == std::vector<duration>{0ms, 250ms, 750ms, 1750ms, 3750ms});
    CHECK(medium.over == 7750ms);
    const outcome slow = run(retransmission(2, 1s));
    CHECK(slow.sent == std::vector<duration>{0s, 1s});
    CHECK(slow.over == 3s);
}

TEST_CASE("backoff: the end of a burst", "[backoff]")
{
    const outcome cut = run(retransmission(9, start, start + 1s));
    CHECK(cut.sent == std::vector<duration>{0ms, 250ms, 750ms});
    CHECK(cut.over == 1s);
    const outcome exact =
        run(retransmission(9, start, start + 750ms)); // nothing is sent at the end itself
    CHECK(exact.sent == std::vector<duration>{0ms, 250ms});
    CHECK(exact.over == 750ms);
    const outcome late = run(retransmission(9, start - 2s, start - 1s)); // it began after its end
    CHECK(late.sent == std::vector<duration>{0ms});
    CHECK(late.over == 250ms);
}

TEST_CASE("backoff: the end can only come earlier", "[backoff]")
{
    retransmission transmissions(9, start, start + 1s);
    transmissions.end_by(start + 2s);
    CHECK(run(transmissions).over == 1s);
    transmissions.end_by(start + 500ms);
    CHECK(run(transmissions).over == 500ms);
}

TEST_CASE("backoff: a settled retransmission only waits", "[backoff]")
{
    retransmission transmissions(9);
    transmissions.sent(start);
    transmissions.settle(start + 1s);
    const outcome rest = run(transmissions);
    CHECK(rest.sent.empty());
    CHECK(rest.over == 1s);
    transmissions.restart(start); // has no effect then
    CHECK(run(transmissions).sent.empty());
}

TEST_CASE("backoff: a restarted retransmission begins anew", "[backoff]")
{
    retransmission transmissions(9);
    transmissions.sent(start - 1min);
    transmissions.sent(start - 30s);
    transmissions.restart(start);
    const outcome whole = run(transmissions);
    CHECK(whole.sent.size() == 9);
    CHECK(whole.over == 127'750ms);
}

TEST_CASE("backoff: no transmission waits for less than 250 ms, whatever ends or restarts it (T-1)",
          "[backoff]")
{
    retransmission transmissions(9, start, start + 100ms);
    transmissions.sent(start);
    transmissions.end_by(start + 10ms);
    CHECK_FALSE(transmissions.over(start + 249ms));
    CHECK(transmissions.wake() == start + 250ms);
    CHECK(transmissions.over(start + 250ms));

    retransmission anew(9);
    anew.sent(start);
    anew.restart(start + 100ms);
    CHECK(anew.started());
    CHECK_FALSE(anew.due(start + 249ms));
    CHECK(anew.due(start + 250ms));
}

TEST_CASE("backoff: a late wake-up does not make up for what was missed", "[backoff]")
{
    retransmission transmissions(9);
    transmissions.sent(start);
    CHECK(transmissions.wake() == start + 250ms);
    CHECK_FALSE(transmissions.due(start + 249ms));
    REQUIRE(transmissions.due(start + 10s));
    transmissions.sent(start + 10s);
    CHECK_FALSE(transmissions.due(start + 10s));
    CHECK(transmissions.wake() == start + 15'750ms); // as planned: 0.25 to 7.75 s count as one
}

TEST_CASE("backoff: late timers shift no plan", "[backoff]")
{
    retransmission transmissions(9, start, start + 2s);
    std::vector<duration> sent;
    time_point now = start + 200us;
    while (!transmissions.over(now)) {
        if (transmissions.due(now)) {
            sent.push_back(now - start);
            transmissions.sent(now);
        }
        now = std::max(now, transmissions.wake()) + 137us; // each timer is late
    }
    REQUIRE(sent.size() == 4); // the fourth has its 250 ms until the end as it was planned
    CHECK(sent.back() - 1750ms < 1ms);
    CHECK(now - start < 2s + 1ms);
}

TEST_CASE("backoff: after a missed transmission the next one keeps 250 ms", "[backoff]")
{
    retransmission transmissions(9);
    transmissions.sent(start);
    transmissions.sent(start + 700ms); // for 250 ms; the next one is planned for 750 ms
    CHECK(transmissions.wake() == start + 950ms);
    transmissions.sent(start + 950ms);
    CHECK(transmissions.wake() == start + 1750ms);
}

TEST_CASE("backoff: which transmission an answer is for at the most (N-6)", "[backoff]")
{
    retransmission transmissions(9);
    transmissions.sent(start);
    CHECK(transmissions.last_until(start) == start);
    CHECK(transmissions.last_until(start - 1s) == start); // it cannot be for an earlier one
    transmissions.sent(start + 250ms);
    CHECK(transmissions.last_until(start + 249ms) == start);
    CHECK(transmissions.last_until(start + 250ms) == start + 250ms);
}

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
    for (int count = 0; count < 3; ++count)
        bucket.take(start);
    const time_point later = start + 24h;
    for (int count = 0; count < 3; ++count) {
        CHECK(bucket.next() <= later);
        bucket.take(later);
    }
    CHECK(bucket.next() == later + 5min);
}

} // namespace retransmission_test
