// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Late timers, and a loop that stands still.

#include "unit/engine_driver.hpp"

namespace engine_late_test {
using namespace engine_test;

/// What is late, and for how long the gateway, which grants leases of this length, is silent.
struct late_situation
{
    std::uint32_t lease = 7200;
    duration late = 200us; ///< each timer
    duration silent_from = 1h, silent_until = 1h;
};

struct late_driver : driver
{
    explicit late_driver(const late_situation& given)
    {
        lateness = given.late;
        grant_for(given.lease);
        gateway = [this, given, granting = gateway](const request& asked) {
            const bool silent =
                now >= origin + given.silent_from && now < origin + given.silent_until;
            return silent ? bytes{} : granting(asked);
        };
    }

    /// The times of the map requests from the second one on, to the hundredth of a second.
    [[nodiscard]] lines renewals() const
    {
        lines result;
        for (const request& each : sent)
            if (each.is_create())
                result.push_back(text_of(origin + (each.at - origin) / 10ms * 10ms));
        result.erase(result.begin());
        return result;
    }
};

TEST_CASE("late: an attempt has all its transmissions, and the next one its time (N-3, T-2)",
          "[engine][late]")
{
    const duration late = GENERATE(as<duration>{}, 0us, 20us, 500us);
    late_driver client({.lease = 8, .late = late, .silent_from = 3s, .silent_until = 6500ms});
    client.map(tcp(80));
    client.run_until(8s);
    // Each attempt ends when it was planned to; the next is 1 s after the last datagram.
    CHECK(client.renewals() == lines{"4", "4.25", "4.75", "5.75", "6.75"});
    CHECK(containing(client.take_events(), "lost").empty());
}

TEST_CASE("late: a short lease loses no attempt (N-3)", "[engine][late]")
{
    const duration late = GENERATE(as<duration>{}, 0us, 500us);
    late_driver client({.lease = 60, .late = late, .silent_from = 20s});
    client.map(tcp(80));
    client.run_until(59s);
    // At 30, 45, 52.5, 56.25 and 58.25 s, but never sooner than 1 s after the last datagram.
    CHECK(client.renewals() == lines{"30",    "30.25", "30.75", "31.75", "33.75", "37.75", "45",
                                     "45.25", "45.75", "46.75", "48.75", "52.5",  "52.75", "53.25",
                                     "54.25", "56.25", "56.5",  "57",    "58.25", "58.5"});
}

TEST_CASE("late: a renewal whose lease ends while it is in flight is a renewal (N-3)",
          "[engine][late]")
{
    late_driver client({.lease = 9, .silent_from = 3s, .silent_until = 11500ms});
    client.map(tcp(80));
    client.map(tcp(81));
    client.run_until(15s);
    // Lost at 9 s and asked for within 1 s of it, again and again: neither waits for 30 s.
    CHECK(client.count(&request::is_create, 9s, 10s) >= 1);
    CHECK(client.mappings().size() == 2);
}

TEST_CASE("late: after a stop over the end of the lease a request goes out at once (N-3)",
          "[engine][late]")
{
    late_driver client({.lease = 20, .silent_from = 8s, .silent_until = 16s});
    client.map(tcp(80));
    client.run_until(12300ms);
    client.take_events();
    const std::size_t before = client.sent.size();
    client.stand_still(15s);
    REQUIRE(client.sent.size() == before + 1);
    client.run_for(10ms);
    CHECK(client.mappings().size() == 1);
    CHECK(client.take_events() == lines{"restored tcp 80 80"});
}

TEST_CASE("late: what lies in the socket is read before the lease ends (3.6)", "[engine][late]")
{
    late_driver client({.lease = 10});
    client.delay = 300ms;
    client.map(without_clean_up(tcp(80)));
    client.run_until(5260ms); // the renewal was sent at 5.25 s
    const auto before = client.renewals();
    const auto retransmitted = client.status().retransmitted;
    client.stand_still(6500ms);
    CHECK(client.renewals().size() == before.size() + 1); // the next renewal, for nothing else
    CHECK(client.status().retransmitted == retransmitted);
    CHECK(client.status().up == 1);
    CHECK(containing(client.take_events(), "lost").empty());
    client.run_for(10s);
    CHECK(client.status().renewals >= 2);
}

TEST_CASE("late: an answer that was read late is no reset (E-2)", "[engine][late]")
{
    late_driver client({});
    client.map(tcp(80));
    client.run_until(10s);
    SECTION("of a request")
    {
        client.delay = 20ms;
        client.map(tcp(81)); // its first answers tell 1010 s
        client.stand_still(8s);
        client.run_for(10s);
        CHECK(client.status().resets == 0);
        CHECK(client.renewals().size() == 1);
    }
    SECTION("an announcement of the address")
    {
        client.now = origin + 30s;
        client.announce_since(origin + 10s, address_answer("203.0.113.8", 1010));
        client.run_for(20s);
        CHECK(client.status().resets == 0);
        CHECK(client.renewals().empty());
        CHECK(client.wire.back().ends_with("address")); // in doubt, the gateway was asked
    }
}

TEST_CASE("late: calls of a blocked application send nothing again (3.6)", "[engine][late]")
{
    // 6881 is asked for, 0.3 s of work, 6882, and more work; then the loop goes on.
    const duration work = GENERATE(as<duration>{}, 1500ms, 11s);
    late_driver client({});
    if (GENERATE(false, true))
        client.refuse(2, &request::is_delete);
    client.delay = 1ms;
    operation& first = client.map(tcp(6881));
    client.blocked = true;
    client.now += 300ms;
    operation& second = client.map(tcp(6882));
    client.now += work;
    client.blocked = false;
    client.turn();
    client.run_for(10s);
    CHECK_FALSE(first.error);
    CHECK_FALSE(second.error);
    CHECK(client.status().retransmitted == 0);
    CHECK(client.count(&request::is_delete) == 2);
}

TEST_CASE("late: an error is the earlier delete's by when it arrived (V-7)", "[engine][late]")
{
    late_driver client({});
    client.refuse(2, &request::is_delete);
    client.delay = 300ms; // so the delete goes out twice, and its second answer comes late
    operation& call = client.map(tcp(80));
    client.run_until(310ms); // the map request is on its way
    client.stand_still(3s);
    client.run_for(5s);
    CHECK_FALSE(call.error);
}

TEST_CASE("late: the lease counts from the last transmission before the answer arrived (N-6)",
          "[engine][late]")
{
    late_driver client({.late = 0us, .silent_from = 0s});
    client.map(without_clean_up(tcp(80)));
    client.run_until(3750ms); // sent at 0, 0.25, 0.75, 1.75 and 3.75 s
    const duration read = GENERATE(as<duration>{}, 0ms, 4s);
    client.now += read;
    // It arrived before 3.75 s, where that was not looked for since; or after it.
    client.receive_since(origin + (read > 0s ? 3s : 3750ms),
                         map_answer(protocol::tcp, 80, 80, 100, client.epoch()));
    client.grant_for(100);
    client.run_until(60s);
    CHECK(client.renewals().back() == (read > 0s ? "51.75" : "53.75"));
}

} // namespace engine_late_test
