// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Fuzzes the reader of lines of /proc/net/route.

#include "fuzz/route_checks.hpp"
#include "unit/gateway_proc_support.hpp"

#include <algorithm>
#include <string>

namespace {

using namespace fuzz;

enum class place
{
    route,
    blocked,
    several,
    line_of_none,
    count
};

places<place, static_cast<std::size_t>(place::count)>
    seen({"a route", "a blocked route", "several routes", "a line that is no route"});

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    std::string text(reinterpret_cast<const char*>(data), size);
    std::replace(text.begin(), text.end(), '\0', ' ');
    const auto routes = gateway_proc_test::routes_of(text);
    routes_type table;
    for (const auto& each : routes) {
        require(!each.route.gateway.is_unspecified() || each.route.blocked,
                "a route has a gateway, or is blocked");
        require(!each.interface_name.empty() && each.interface_name.size() <= 15 &&
                    text.find(each.interface_name) != std::string::npos,
                "the interface is in the text");
        require(each.route.interface_index == 0 && !each.route.policy &&
                    each.route.preferred_source.is_unspecified(),
                "nothing is told that the text does not tell");
        table.push_back(each.route);
    }
    constexpr std::size_t least_line = 16; // eight fields of one letter, and what is between them
    require(routes.size() * least_line <= text.size() + 1, "no more routes than there is room");
    check_choices(table);
    seen.reached(place::route, routes.size());
    for (const default_route& route : table)
        seen.reached(place::blocked, route.blocked);
    seen.reached(place::several, routes.size() > 1);
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    seen.reached(place::line_of_none, routes.size() < lines);
    return 0;
}
