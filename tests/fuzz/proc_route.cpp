// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Fuzzes the reader of /proc/net/route. The first byte is the size of the pieces that the text
// arrives in.

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
    long_line,
    count
};

places<place, static_cast<std::size_t>(place::count)>
    seen({"a route", "a blocked route", "several routes", "a line that is no route",
          "a line that is too long"});

bool same_routes(const std::vector<detail::named_route>& left,
                 const std::vector<detail::named_route>& right)
{
    return std::equal(
        left.begin(), left.end(), right.begin(), right.end(), [](const auto& a, const auto& b) {
            return all_of(a.route) == all_of(b.route) && a.interface_name == b.interface_name;
        });
}

/// The lines of a text, read one by one by a simpler reader than the library's.
std::vector<detail::named_route> line_by_line(std::string_view text)
{
    std::vector<detail::named_route> result;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.size() > 512) {
            seen.reached(place::long_line);
        } else if (auto found = detail::parse_route_line(std::string(line))) {
            result.push_back(std::move(*found));
        } else {
            seen.reached(place::line_of_none);
        }
    }
    return result;
}

/// Whether the text has the address as the kernel prints it, as eight digits on their own.
bool holds_digits(std::string_view text, const net::ip::address_v4& address)
{
    const std::string upper = gateway_proc_test::kernel_hex(address.to_string());
    const auto matches = [](char left, char right) {
        return left == right || (left >= 'A' && left <= 'F' && right == left - 'A' + 'a');
    };
    return std::search(text.begin(), text.end(), upper.begin(), upper.end(),
                       [&](char in_text, char wanted) { return matches(wanted, in_text); }) !=
           text.end();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    input from(bytes_view(data, size));
    const std::size_t piece = std::max<std::size_t>(from.byte(), 1);
    const auto rest = from.rest();
    const std::string text(rest.begin(), rest.end());

    const auto routes = gateway_proc_test::routes_of(text, piece);
    require(same_routes(routes, gateway_proc_test::routes_of(text, text.size() + 1)),
            "it does not matter where the pieces end");
    require(same_routes(routes, line_by_line(text)), "each line speaks for itself");

    route_table table;
    for (const detail::named_route& each : routes) {
        require(!each.route.gateway.is_unspecified() || each.route.blocked,
                "a route has a gateway, or is blocked");
        require(each.route.blocked || holds_digits(text, each.route.gateway),
                "the gateway is in the text");
        require(!each.interface_name.empty() && each.interface_name.size() <= 15 &&
                    text.find(each.interface_name) != std::string::npos,
                "the interface is in the text");
        require(each.route.interface_index == 0 && !each.route.policy &&
                    each.route.preferred_source.is_unspecified(),
                "nothing is told that the text does not tell");
        table.routes.push_back(each.route);
    }
    constexpr std::size_t least_line = 37; // a name of one letter, flags of one digit
    require(routes.size() * least_line <= text.size() + 1, "no more routes than there is room");
    check_choices(table);
    seen.reached(place::route, routes.size());
    for (const default_route& route : table.routes)
        seen.reached(place::blocked, route.blocked);
    seen.reached(place::several, routes.size() > 1);
    return 0;
}
