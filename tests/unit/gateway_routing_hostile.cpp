// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Routing tables of macOS and the BSDs that are cut off, or whose lengths cannot be true. Each
// buffer is exactly as long as its bytes, so that AddressSanitizer sees a read past its end.

#include "support/catch.hpp"

#include "unit/gateway_routing_support.hpp"

#include <algorithm>
#include <memory>
#include <random>

namespace gateway_routing_hostile_test {
using namespace gateway_routing_test;

struct outcome
{
    bool whole = false;
    std::vector<detail::default_route> routes{};
};

outcome read(const buffer& dump, const detail::routing_format& format)
{
    const std::unique_ptr<std::byte[]> exact(new std::byte[dump.size()]);
    std::copy(dump.begin(), dump.end(), exact.get());
    const detail::raw_bytes bytes(exact.get(), dump.size());
    outcome result;
    result.whole = detail::read_route_dump(bytes, format, result.routes);
    static_cast<void>(detail::concerns_gateway(bytes, format));
    return result;
}

/// Two default routes, and between them a route with everything in it.
buffer everything(const detail::routing_format& format)
{
    auto all = via("192.168.3.1");
    all.present = 0x3F;
    all.addresses[2] = ipv4("255.255.0.0", 6);
    all.addresses.push_back({});
    all.addresses.push_back(link_address());
    all.addresses.push_back(ipv4("192.168.1.7"));
    return joined({message(format, via("192.168.1.1")), message(format, all),
                   message(format, via("192.168.2.1"))});
}

detail::routing_format each_format()
{
    return GENERATE(macos, freebsd, openbsd, netbsd);
}

TEST_CASE("gateway_routing: a dump cut off at every byte", "[gateway]")
{
    const auto format = each_format();
    const auto whole = everything(format);
    CHECK(read(whole, format).whole);
    CHECK(read(whole, format).routes.size() == 2);
    std::size_t boundaries = 0;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto result = read(buffer(whole.begin(), whole.begin() + long(size)), format);
        boundaries += result.whole ? 1 : 0;
        CHECK(result.routes.size() < 2);
    }
    CHECK(boundaries == 3);
}

TEST_CASE("gateway_routing: a message cut off at every byte", "[gateway]")
{
    const auto format = each_format();
    const auto first = message(format, via("192.168.1.1"));
    const auto next = message(format, via("192.168.2.1"));
    const std::size_t end_of_gateway = format.header_size + 32;
    for (std::size_t size = 0; size < first.size(); ++size) {
        CAPTURE(size);
        buffer cut(first.begin(), first.begin() + long(size));
        if (size >= 2)
            put(cut, 0, static_cast<std::uint16_t>(size));
        const auto result = read(joined({cut, next}), format);
        // The netmask is of length 0: its first byte is all that counts.
        CHECK(result.whole == (size == 0 || size > end_of_gateway));
        if (size >= 4)
            CHECK(result.routes.size() == (size > end_of_gateway ? 2 : 1));
    }
}

TEST_CASE("gateway_routing: lengths that cannot be true", "[gateway]")
{
    const auto format = each_format();
    auto dump = everything(format);

    SECTION("of a message: the end")
    {
        put(dump, 0, GENERATE(as<std::uint16_t>{}, 0, 1, 2, 3, 0x7FFF, 0xFFFF));
        CHECK_FALSE(read(dump, format).whole);
        CHECK(read(dump, format).routes.empty());
    }
    SECTION("of an address: the route is not read, the others are")
    {
        const auto which = GENERATE(0U, 1U, 2U);
        dump[format.header_size + which * 16] = std::byte{255};
        CHECK_FALSE(read(dump, format).whole);
        CHECK(read(dump, format).routes.size() == 1);
    }
}

TEST_CASE("gateway_routing: random damage", "[gateway]")
{
    const auto format = each_format();
    const auto whole = everything(format);
    std::mt19937 random(1);
    std::size_t reads = 0;
    for (int round = 0; round < 20000; ++round) {
        auto damaged = whole;
        for (int count = 0; count < 1 + round % 4; ++count)
            damaged[random() % damaged.size()] = std::byte(random() % 2 ? random() : random() % 9);
        damaged.resize(random() % 4 ? damaged.size() : random() % damaged.size());
        const auto result = read(damaged, format);
        reads += result.routes.size();
        if (result.routes.size() > 16)
            FAIL("more routes than bytes allow");
    }
    CHECK(reads > 0);
}

TEST_CASE("gateway_routing: noise", "[gateway]")
{
    const auto format = each_format();
    std::mt19937 random(2);
    for (int round = 0; round < 20000; ++round) {
        buffer noise(random() % 300);
        for (auto& one : noise)
            one = std::byte(random() % 3 ? random() % 17 : random());
        if (noise.size() > 4) {
            put(noise, 0, static_cast<std::uint16_t>(noise.size()));
            noise[2] = std::byte{format.version};
            noise[3] = std::byte{4};
        }
        CHECK(read(noise, format).routes.size() <= noise.size() / 4);
    }
}

} // namespace gateway_routing_hostile_test
