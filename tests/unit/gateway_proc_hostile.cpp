// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A text of /proc/net/route that is cut off, damaged, or none at all.

#include "support/catch.hpp"

#if defined(__linux__)

#include "unit/gateway_proc_support.hpp"

#include <random>

namespace gateway_proc_hostile_test {
using namespace gateway_proc_test;

/// Routes of every kind; only the one through 192.168.1.1 is a way to the Internet.
const std::string whole =
    heading + line({.name = "tun0", .gateway = "10.8.0.1", .mask = "128.0.0.0"}) + line() +
    line({.gateway = "0.0.0.0", .flags = 1}) +
    line({.destination = "192.168.1.0", .gateway = "0.0.0.0", .flags = 1, .mask = "255.255.255.0"});

TEST_CASE("gateway_proc: a text cut off at every byte", "[gateway]")
{
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        const auto found = routes_of(whole.substr(0, size));
        CAPTURE(size);
        CHECK(found.size() <= 1); // the half-route never becomes a default
        for (const auto& each : found)
            CHECK(each.route.gateway.to_string() == "192.168.1.1");
    }
    CHECK(routes_of(whole).size() == 1);
}

TEST_CASE("gateway_proc: bytes that are no text", "[gateway]")
{
    CHECK(routes_of(std::string(5000, '\0')).empty());
    CHECK(routes_of(std::string(5000, '\xFF')).empty());
    auto with_zero = line();
    with_zero[8] = '\0'; // within the destination
    CHECK(routes_of(with_zero + line()).size() == 1);
    CHECK(routes_of(std::string(100'000, 'x') + '\n' + line()).size() == 1);
}

TEST_CASE("gateway_proc: random damage", "[gateway]")
{
    std::mt19937 random(1);
    constexpr std::string_view characters("0123456789ABCDEF\t\t  \n\nxg*:-+\0\xFF", 30);
    std::size_t reads = 0;
    std::size_t others = 0;
    for (int round = 0; round < 20'000; ++round) {
        auto damaged = whole;
        for (int count = 0; count < 1 + round % 4; ++count) {
            const auto at = random() % damaged.size();
            if (random() % 4 == 0)
                damaged.erase(at, random() % 9);
            else if (random() % 4 == 0)
                damaged.insert(at, damaged.substr(random() % damaged.size(), random() % 200));
            else
                damaged[at] = characters[random() % characters.size()];
        }
        const auto found = routes_of(damaged);
        reads += found.size();
        if (found.size() > damaged.size() / 16)
            FAIL("more routes than bytes allow");
        for (const auto& each : found) {
            if ((each.route.gateway.is_unspecified() && !each.route.blocked) ||
                each.interface_name.empty() || each.interface_name.size() > 15)
                FAIL("a route that is none");
            others += each.route.gateway.to_string() != "192.168.1.1";
        }
    }
    CHECK(reads > 10'000);
    CHECK(others > 0); // the damage reached the numbers
}

} // namespace gateway_proc_hostile_test

#endif // defined(__linux__)
