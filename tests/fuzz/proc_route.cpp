// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Fuzzes the reader of /proc/net/route.

#include "fuzz/route_checks.hpp"
#include "unit/gateway_proc_support.hpp"

#include <string>
#include <string_view>

namespace {

using namespace fuzz;
namespace detail = natpmp::detail;

enum class place
{
    route,
    blocked,
    several,
    line_of_none,
    line_without_end,
    count
};

places<place, static_cast<std::size_t>(place::count)>
    seen({"a route", "a blocked route", "several routes", "a line that is no route",
          "a line that is too long, or cut off"});

bool same_routes(const std::vector<detail::named_route>& left,
                 const std::vector<detail::named_route>& right)
{
    return std::equal(
        left.begin(), left.end(), right.begin(), right.end(), [](const auto& a, const auto& b) {
            return all_of(a.route) == all_of(b.route) && a.interface_name == b.interface_name;
        });
}

/// The lines of a text, read one by one. The library reads one that is too long in parts, of which
/// the last one has its end.
std::vector<detail::named_route> line_by_line(std::string_view text)
{
    constexpr std::size_t longest = 511;
    std::vector<detail::named_route> result;
    while (!text.empty()) {
        const std::string line(text.substr(0, std::min(text.find('\n'), longest - 1) + 1));
        text.remove_prefix(line.size());
        if (!line.ends_with('\n'))
            seen.reached(place::line_without_end);
        else if (auto found = detail::parse_route_line(line.c_str()))
            result.push_back(std::move(*found));
        else
            seen.reached(place::line_of_none);
    }
    return result;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    std::string text(reinterpret_cast<const char*>(data), size);
    std::replace(text.begin(), text.end(), '\0', ' ');
    const auto routes = gateway_proc_test::routes_of(text);
    require(same_routes(routes, line_by_line(text)), "each line speaks for itself");

    routes_type table;
    for (const detail::named_route& each : routes) {
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
    return 0;
}
