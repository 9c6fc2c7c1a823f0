// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The timers of the real platforms, in real time: the portable one, and this system's own.

#include "support/catch.hpp"

#include <natpmp/detail/platform/clock.hpp>

#include "support/asio.hpp"

namespace platform_timer_test {
namespace detail = natpmp::detail;
using namespace std::chrono_literals;

using executor = asio::io_context::executor_type;

/// A timer, waited for once at a time, as the client does.
template <class Timer>
struct fixture
{
    fixture()
    {
        REQUIRE_FALSE(timer.open());
    }

    void wait()
    {
        timer.async_wait([this](natpmp::error_code error) {
            ++ended;
            if (error)
                return;
            timer.acknowledge();
            ++fired;
            at = detail::boot_clock::now();
        });
    }

    /// Runs what is there to run until the time is over, or a wait ends.
    void run(std::chrono::milliseconds limit)
    {
        context.restart();
        context.run_one_for(limit);
    }

    asio::io_context context;
    Timer timer{context.get_executor()};
    natpmp::time_point start = detail::boot_clock::now();
    natpmp::time_point at = detail::never;
    int ended = 0;
    int fired = 0;
};

TEMPLATE_TEST_CASE("platform: a timer fires at its time, not before", "[platform]",
                   detail::portable_timer<executor>, detail::platform_timer<executor>)
{
    fixture<TestType> test;
    test.timer.expires_at(test.start + 20ms);
    test.wait();
    test.run(2s);
    CHECK(test.fired == 1);
    CHECK(test.at >= test.start + 20ms);
    CHECK(test.at < test.start + 1s);

    test.timer.expires_at(test.start); // over already
    test.wait();
    test.run(2s);
    CHECK(test.fired == 2);
}

TEMPLATE_TEST_CASE("platform: a timer is set to another time during a wait", "[platform]",
                   detail::portable_timer<executor>, detail::platform_timer<executor>)
{
    fixture<TestType> test;
    const auto wait_out = [&] {
        for (int i = 0; i < 2 && test.fired == 0; ++i) { // the portable one ends the wait that was
            if (test.ended > 0)
                test.wait();
            test.run(2s);
        }
        CHECK(test.fired == 1);
    };

    SECTION("to an earlier one")
    {
        test.timer.expires_at(test.start + 1h);
        test.wait();
        test.timer.expires_at(test.start + 20ms);
        wait_out();
        CHECK(test.at >= test.start + 20ms);
        CHECK(test.at < test.start + 1s);
    }
    SECTION("to a later one")
    {
        test.timer.expires_at(test.start + 10ms);
        test.wait();
        test.timer.expires_at(test.start + 40ms);
        wait_out();
        CHECK(test.at >= test.start + 40ms);
    }
}

TEMPLATE_TEST_CASE("platform: a timer that is not to fire does not", "[platform]",
                   detail::portable_timer<executor>, detail::platform_timer<executor>)
{
    fixture<TestType> test;
    SECTION("never")
    {
        test.timer.expires_at(detail::never);
        test.wait();
        test.run(30ms);
        CHECK(test.ended == 0);
    }
    SECTION("never any more")
    {
        test.timer.expires_at(test.start + 10ms);
        test.wait();
        test.timer.expires_at(detail::never);
        test.run(30ms);
        CHECK(test.fired == 0);
    }
    SECTION("closed")
    {
        test.timer.expires_at(test.start + 10ms);
        test.wait();
        test.timer.close();
        test.run(30ms);
        CHECK(test.fired == 0);
        CHECK(test.ended == 1);
    }
    test.context.stop();
}

} // namespace platform_timer_test
