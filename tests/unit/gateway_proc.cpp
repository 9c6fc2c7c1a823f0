// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The text of /proc/net/route to routes, and what is no gateway.

#include "support/catch.hpp"

#if defined(__linux__)

#include "unit/gateway_proc_support.hpp"

#include <bit>

namespace gateway_proc_test {

/// The gateways found, each with a space after it.
std::string gateways(const std::string& text)
{
    std::string result;
    for (const auto& found : routes_of(text))
        result += found.route.gateway.to_string() + ' ';
    return result;
}

std::string gateway_of(const line_fields& fields)
{
    return gateways(heading + line(fields));
}

TEST_CASE("gateway_proc: a table as the kernel prints it", "[gateway]")
{
    if constexpr (std::endian::native == std::endian::little) {
        const auto found = routes_of(
            heading + padded_line("wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0") +
            padded_line("eth0\t00000000\tFE01A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0") +
            padded_line("eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0"));
        REQUIRE(found.size() == 2);
        CHECK(found[0].interface_name == "wlan0");
        CHECK(found[0].route.gateway.to_string() == "192.168.2.1");
        CHECK(found[0].route.metric == 600);
        CHECK(found[0].route.preferred_source.is_unspecified());
        CHECK(found[0].route.interface_index == 0);
        CHECK_FALSE(found[0].route.policy);
        CHECK(found[1].interface_name == "eth0");
        CHECK(found[1].route.gateway.to_string() == "192.168.1.254");
        CHECK(found[1].route.metric == 100);
    }
    CHECK(routes_of(heading).empty());
    CHECK(routes_of("").empty());
}

TEST_CASE("gateway_proc: numbers are in the host's byte order", "[gateway]")
{
    const bool little = std::endian::native == std::endian::little;
    CHECK(detail::to_address(little ? 0x0101A8C0 : 0xC0A80101).to_string() == "192.168.1.1");
    CHECK(kernel_hex("192.168.1.1") == (little ? "0101A8C0" : "C0A80101"));
}

TEST_CASE("gateway_proc: half-routes of a VPN beside the default", "[gateway]")
{
    const auto lower = line({.name = "tun0", .gateway = "10.8.0.1", .mask = "128.0.0.0"});
    const auto upper = line(
        {.name = "tun0", .destination = "128.0.0.0", .gateway = "10.8.0.1", .mask = "128.0.0.0"});
    CHECK(gateways(heading + lower + line() + upper) == "192.168.1.1 ");
    CHECK(gateways(heading + lower + upper).empty());
    // A destination without a mask does not come from the kernel, and is no default either.
    CHECK(gateway_of({.destination = "10.0.0.0"}).empty());
}

TEST_CASE("gateway_proc: only usable routes through a gateway", "[gateway]")
{
    CHECK(gateway_of({.flags = 0x0003}) == "192.168.1.1 ");
    CHECK(gateway_of({.flags = 0x0433}) == "192.168.1.1 "); // other flags do no harm
    CHECK(gateway_of({.flags = 0x0001}).empty());
    CHECK(gateway_of({.flags = 0x0002}).empty());
    CHECK(gateway_of({.flags = 0x0200}).empty());
    CHECK(gateway_of({.gateway = "0.0.0.0"}).empty());
}

TEST_CASE("gateway_proc: the best default route lets nothing out", "[gateway]")
{
    const auto chosen = [](const std::string& text) {
        std::vector<detail::default_route> routes;
        for (const auto& found : routes_of(text))
            routes.push_back(found.route);
        natpmp::error_code error;
        const auto result = detail::choose_gateway(routes, 0, error);
        return error ? error.message().substr(0, 21) : result.address.to_string();
    };
    const auto blocked = [](std::int32_t metric) {
        return line({.name = "*", .gateway = "0.0.0.0", .flags = 0x0201, .metric = metric});
    };
    const auto real = line({.metric = 100});
    CHECK(chosen(heading + blocked(50) + real) == "no IPv4 default route");
    CHECK(chosen(heading + real + blocked(50)) == "no IPv4 default route");
    CHECK(chosen(heading + blocked(101) + real) == "192.168.1.1");
    // Those that drop silently look like those that only end the search in their table.
    const auto dropped = line({.name = "*", .gateway = "0.0.0.0", .flags = 0x0001});
    CHECK(chosen(heading + dropped + real) == "192.168.1.1");
}

TEST_CASE("gateway_proc: metrics", "[gateway]")
{
    const auto metric = [](const std::string& text) {
        const auto found =
            routes_of("eth0\t00000000\t01010101\t0003\t0\t0\t" + text + "\t00000000\t0\t0\t0\n");
        return found.empty() ? "none" : std::to_string(found[0].route.metric);
    };
    CHECK(metric("0") == "0");
    CHECK(metric("2147483647") == "2147483647");
    CHECK(metric("-1") == "4294967295"); // so the kernel prints it
    CHECK(metric("-2147483648") == "2147483648");
    for (const std::string bad : {"-", "x1", "1.0"}) {
        CAPTURE(bad);
        CHECK(metric(bad) == "none");
    }
}

TEST_CASE("gateway_proc: lines that make no sense are skipped", "[gateway]")
{
    const auto bad = GENERATE(as<std::string>{}, //
                              "", " ", "\t\t\t", "eth0", "eth0\t00000000\t01010101\t0003",
                              "eth0\t00000000\t01010101\t0003\t0\t0\t0", // no mask
                              // too long: the number goes on in the next field
                              "eth0\t000000000\t01010101\t0003\t0\t0\t0\t80000000",
                              // no numbers
                              "eth0\t00000000\t0101010G\t0003\t0\t0\t0\t00000000",
                              "eth0\t00000000\t01010101\tx3\t0\t0\t0\t00000000",
                              "eth0\t00000000\t01010101\t0003\t0\t0\t0\tmask",
                              // no name
                              "\t00000000\t01010101\t0003\t0\t0\t0\t00000000");
    CAPTURE(bad);
    CHECK(gateways(heading + bad + '\n' + line()) == "192.168.1.1 ");
}

TEST_CASE("gateway_proc: spaces for tabs, several of them, and other columns", "[gateway]")
{
    CHECK(gateways("  eth0  00000000 \t 01010101 3 0 0 0 00000000\n") == "1.1.1.1 ");
    CHECK(gateways(
              "eth0\t00000000\t01010101\t3\t0\t0\t0\t00000000\tone\tmore\tcolumn\tof\tfuture\n") ==
          "1.1.1.1 ");
    const auto fifteen = routes_of(line({.name = "a-long-name-012"}));
    REQUIRE(fifteen.size() == 1);
    CHECK(fifteen[0].interface_name == "a-long-name-012");
}

} // namespace gateway_proc_test

#endif // defined(__linux__)
