// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The real platform's clock (E-7).

#include "support/catch.hpp"

#include <natpmp/platform.hpp>

#include "support/asio.hpp"

#if defined(__linux__)

#include <time.h>

namespace platform_clock_test {

TEST_CASE("platform: the clock is the one that counts sleep and never steps (E-7)", "[platform]")
{
    const auto boot_time = [] {
        timespec value{};
        REQUIRE(::clock_gettime(CLOCK_BOOTTIME, &value) == 0);
        return natpmp::time_point{
            std::chrono::seconds{value.tv_sec} +
            std::chrono::floor<std::chrono::microseconds>(std::chrono::nanoseconds{value.tv_nsec})};
    };
    asio::io_context context;
    const natpmp::asio_platform<asio::any_io_executor> platform(context.get_executor());
    const auto before = boot_time();
    const auto now = platform.now();
    const auto after = boot_time();
    CHECK(before <= now);
    CHECK(now <= after);
}

} // namespace platform_clock_test

#endif // __linux__
