// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Dumps that fail, that are cut off, and whose lengths cannot be true. Each buffer is exactly as
// long as its datagram, so that AddressSanitizer sees a read past its end.

#include "support/catch.hpp"

#if defined(__linux__)

#include "unit/gateway_netlink_support.hpp"

#include <limits>
#include <random>

namespace gateway_netlink_hostile_test {
using namespace gateway_netlink_test;

struct outcome
{
    bool more = false;
    bool interrupted = false;
    natpmp::error_code error{};
    std::vector<detail::default_route> routes{};
};

outcome read(const buffer& datagram)
{
    outcome result;
    detail::dump_reader reader{result.routes};
    const buffer exact(datagram);
    result.more = reader.read(exact, result.error);
    result.interrupted = reader.interrupted;
    return result;
}

const auto good_route = route(fixed_route(), via("192.168.1.1", 2, 100));
natpmp::error_code system_error(int number)
{
    return {number, net::error::get_system_category()};
}

const auto bad_message = system_error(EBADMSG);

const auto blocked_route = [] {
    auto fixed = fixed_route();
    fixed.rtm_type = RTN_UNREACHABLE;
    return route(fixed, {attribute(RTA_TABLE, RT_TABLE_MAIN), attribute(RTA_PRIORITY, 50)});
}();

/// A dump with everything in it that the reader looks at, message by message.
std::vector<buffer> everything()
{
    const auto hops = joined({next_hop("192.168.1.1", 2), next_hop("192.168.2.1", 3)});
    return {
        good_route,
        route(fixed_route(), {attribute(RTA_MULTIPATH, hops), attribute(RTA_PREFSRC, "10.0.0.9")}),
        blocked_route,
        message(RTM_NEWRULE,
                joined({rule_to(RT_TABLE_MAIN), attribute(FRA_SUPPRESS_PREFIXLEN, 0xFFFFFFFF)})),
        done()};
}

TEST_CASE("gateway_netlink: the end of a dump", "[gateway]")
{
    CHECK(read(good_route).more);
    CHECK_FALSE(read(done()).more);
    CHECK_FALSE(read(done()).error);
    CHECK(read(joined({done(), good_route})).routes.empty());

    const auto without_status = read(message(NLMSG_DONE, {}));
    CHECK_FALSE(without_status.more);
    CHECK_FALSE(without_status.error);

    const auto failed = read(joined({good_route, done(-EINVAL)}));
    CHECK_FALSE(failed.more);
    CHECK(failed.error == system_error(EINVAL));
}

TEST_CASE("gateway_netlink: the kernel's error", "[gateway]")
{
    const auto refused = read(failure(-EPERM));
    CHECK_FALSE(refused.more);
    CHECK(refused.error == system_error(EPERM));

    CHECK(read(message(NLMSG_ERROR, buffer(3))).error == bad_message);
    const auto lowest = read(failure(std::numeric_limits<std::int32_t>::min()));
    CHECK_FALSE(lowest.more);
    CHECK(lowest.error);
}

TEST_CASE("gateway_netlink: an interrupted dump is read to its end", "[gateway]")
{
    auto marked = good_route;
    put(marked, 6, std::uint16_t{NLM_F_MULTI | NLM_F_DUMP_INTR});

    std::vector<detail::default_route> routes;
    detail::dump_reader reader{routes};
    natpmp::error_code error;
    CHECK(reader.read(marked, error));
    CHECK(reader.interrupted);
    CHECK(reader.read(good_route, error));
    CHECK_FALSE(reader.read(done(), error));
    CHECK(reader.interrupted);
    CHECK(routes.size() == 2);

    CHECK(read(done(0, NLM_F_MULTI | NLM_F_DUMP_INTR)).interrupted);
    CHECK_FALSE(read(done()).interrupted);
}

TEST_CASE("gateway_netlink: a dump cut off at every byte", "[gateway]")
{
    const auto messages = everything();
    const auto whole = joined(messages);
    CHECK_FALSE(read(whole).more);
    CHECK(read(whole).routes.size() == 4);
    CHECK(read(whole).routes[0].ruled);

    std::size_t next = 0;
    std::size_t boundary = 0;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(size);
        const auto result = read(buffer(whole.begin(), whole.begin() + long(size)));
        const bool at_boundary = size == boundary;
        if (at_boundary)
            boundary += messages[next++].size();
        CHECK(result.more == at_boundary);
        CHECK(result.error == (at_boundary ? natpmp::error_code{} : bad_message));
    }
}

TEST_CASE("gateway_netlink: a message cut off at every byte", "[gateway]")
{
    const auto original = GENERATE(from_range(everything()));
    for (std::size_t size = sizeof(nlmsghdr); size < original.size(); ++size) {
        CAPTURE(size);
        buffer cut(original.begin(), original.begin() + long(size));
        put(cut, 0, static_cast<std::uint32_t>(size));
        const auto result = read(cut);
        for (const auto& found : result.routes)
            CHECK((found.blocked || found.gateway == v4("192.168.1.1") ||
                   found.gateway == v4("192.168.2.1")));
    }
}

TEST_CASE("gateway_netlink: message lengths that cannot be true", "[gateway]")
{
    auto datagram = joined({good_route, done()});
    put(datagram, 0, GENERATE(as<std::uint32_t>{}, 0, 1, 15, 0x7FFFFFFF, 0xFFFFFFFD, 0xFFFFFFFF));
    const auto result = read(datagram);
    CHECK_FALSE(result.more);
    CHECK(result.error == bad_message);
    CHECK(result.routes.empty());
}

TEST_CASE("gateway_netlink: attribute lengths that cannot be true", "[gateway]")
{
    auto datagram = joined({good_route, done()});
    constexpr std::size_t first = sizeof(nlmsghdr) + sizeof(rtmsg);
    const auto which = GENERATE(0U, 1U, 2U, 3U);
    const auto length = GENERATE(as<unsigned short>{}, 0, 1, 2, 3, 33, 0x7FFF, 0xFFFD, 0xFFFF);
    put(datagram, first + which * 8, length);
    const auto result = read(datagram);
    CHECK_FALSE(result.more);
    CHECK_FALSE(result.error);
    CHECK(result.routes.empty() == (which < 2)); // what is behind it cannot be read: the gateway
}

TEST_CASE("gateway_netlink: random damage", "[gateway]")
{
    const auto whole = joined(everything());
    std::mt19937 random(1);
    std::size_t reads = 0, ruled = 0;
    for (int round = 0; round < 20000; ++round) {
        auto damaged = whole;
        for (int count = 0; count < 1 + round % 4; ++count)
            damaged[random() % damaged.size()] = std::byte(random() % 2 ? random() : random() % 9);
        damaged.resize(random() % 4 ? damaged.size() : random() % damaged.size());
        auto result = read(damaged);
        reads += result.routes.size();
        for (const auto& found : result.routes)
            ruled += found.ruled;
        if (result.routes.size() > whole.size() / sizeof(rtattr))
            FAIL("more routes than bytes allow");
        detail::keep_used_tables(result.routes, round % 2 == 0);
        static_cast<void>(detail::concerns_gateway(damaged));
    }
    CHECK(reads > 0);
    CHECK(ruled > 0);
}

} // namespace gateway_netlink_hostile_test

#endif // defined(__linux__)
