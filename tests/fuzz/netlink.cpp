// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Fuzzes the reader of Linux's rtnetlink dumps and notices. The first byte tells how many datagrams
// the rest is, up to four; the numbers after it where each ends.

#include "fuzz/route_checks.hpp"

#include <natpmp/detail/platform/netlink.hpp>

namespace {

using namespace fuzz;
namespace detail = natpmp::detail;

enum class place
{
    route,
    blocked,
    other_table,
    several,
    second_datagram,
    end,
    kernel_error,
    interrupted,
    unreadable,
    count
};

places<place, static_cast<std::size_t>(place::count)>
    seen({"a route", "a blocked route", "a route of a table that a rule leads to", "several routes",
          "a second datagram", "the end", "the kernel's error", "an interrupted dump",
          "an unreadable datagram"});

struct dump
{
    routes_type routes{};
    natpmp::error_code error{};
    bool more = true, interrupted = false;
};

/// How many routes there are, and how many of them a rule leads to.
std::size_t known(const routes_type& routes)
{
    const auto ruled = std::count_if(routes.begin(), routes.end(),
                                     [](const default_route& route) { return route.ruled; });
    return routes.size() + static_cast<std::size_t>(ruled);
}

/// Reads a dump until it is at its end, as a client does.
dump read(const std::vector<std::vector<std::byte>>& datagrams)
{
    dump result;
    detail::dump_reader reader{result.routes};
    for (const auto& each : datagrams) {
        if (!result.more)
            break;
        const std::size_t before = known(result.routes);
        result.more = reader.read(each, result.error);
        require(!result.more || !result.error, "an error ends the dump");
        if (known(result.routes) > before)
            require(detail::concerns_gateway(each), "news of a default route or rule are noticed");
    }
    result.interrupted = reader.interrupted;
    return result;
}

/// Whether the bytes have the address as an attribute of this type and of the right length.
bool tells(raw_bytes bytes, unsigned short type, const net::ip::address_v4& address)
{
    const struct
    {
        rtattr header;
        net::ip::address_v4::bytes_type octets;
    } attribute{{8, type}, address.to_bytes()};
    const raw_bytes part = std::as_bytes(std::span(&attribute, 1));
    return std::search(bytes.begin(), bytes.end(), part.begin(), part.end()) != bytes.end();
}

void check_attributes(const routes_type& routes, raw_bytes bytes)
{
    for (const default_route& route : routes) {
        require(route.blocked || tells(bytes, RTA_GATEWAY, route.gateway),
                "an attribute tells the gateway");
        require(route.preferred_source.is_unspecified() ||
                    tells(bytes, RTA_PREFSRC, route.preferred_source),
                "an attribute tells the source address");
    }
}

/// What is kept is what traffic is led to, and the main table's routes always are.
void check_tables(const routes_type& all, bool rules_known)
{
    routes_type kept = all;
    detail::keep_used_tables(kept, rules_known);
    std::size_t expected = 0;
    for (const default_route& route : all) {
        require(route.table != RT_TABLE_LOCAL, "the local table has no gateway");
        require(route.policy == (route.table != RT_TABLE_MAIN), "the main table comes first");
        for (const default_route& other : all)
            require(!route.ruled || route.table != other.table || other.ruled || &other > &route,
                    "a rule leads to all routes before it of a table");
        const bool used = rules_known ? route.ruled : route.table > 255;
        expected += !route.policy || used;
    }
    require(kept.size() == expected, "only the routes of tables in use are kept");
    check_choices(kept);
    for (const default_route& route : kept)
        seen.reached(place::other_table, rules_known && route.policy);
}

void count(const dump& result, std::size_t datagrams)
{
    seen.reached(place::route, result.routes.size());
    for (const default_route& route : result.routes)
        seen.reached(place::blocked, route.blocked);
    seen.reached(place::several, result.routes.size() > 1);
    seen.reached(place::second_datagram, datagrams > 1 && result.routes.size() > 0);
    seen.reached(place::end, !result.more && !result.error);
    seen.reached(place::kernel_error, result.error && result.error.value() != EBADMSG);
    seen.reached(place::interrupted, result.interrupted);
    seen.reached(place::unreadable, result.error.value() == EBADMSG);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    input from(bytes_view(data, size));
    std::vector<std::vector<std::byte>> datagrams;
    for (unsigned left = from.byte() % 4; left > 0; --left)
        datagrams.push_back(exact(from.take(from.word() % 512)));
    datagrams.push_back(exact(from.rest()));

    const dump result = read(datagrams);
    const dump again = read(datagrams);
    require(same(result.routes, again.routes) && result.error == again.error &&
                result.more == again.more,
            "the same dump gives the same table");
    const raw_bytes bytes = std::as_bytes(bytes_view(data, size));
    check_routes(result.routes, bytes, std::min(sizeof(rtnexthop) + sizeof(rtattr), sizeof(rtmsg)));
    check_attributes(result.routes, bytes);
    check_choices(result.routes);
    for (const bool rules_known : {false, true})
        check_tables(result.routes, rules_known);
    for (const auto& each : datagrams)
        static_cast<void>(detail::concerns_gateway(each));
    count(result, datagrams.size());
    return 0;
}
