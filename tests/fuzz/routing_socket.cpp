// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Fuzzes the reader of the routing tables of macOS and the BSDs. The first byte picks the system.

#include "fuzz/route_checks.hpp"
#include "unit/gateway_routing_formats.hpp"

namespace {

using namespace fuzz;
namespace detail = natpmp::detail;

enum class place
{
    route_macos,
    route_freebsd,
    route_openbsd,
    route_netbsd,
    blocked,
    several,
    whole,
    unreadable,
    concerned,
    unconcerned,
    count
};

places<place, static_cast<std::size_t>(place::count)> seen(
    {"a route of macOS", "one of FreeBSD", "one of OpenBSD", "one of NetBSD", "a blocked route",
     "several routes", "a whole dump", "an unreadable dump", "a notice", "a notice of no concern"});

constexpr detail::routing_format formats[] = {
    gateway_routing_test::macos, gateway_routing_test::freebsd, gateway_routing_test::openbsd,
    gateway_routing_test::netbsd};

/// The same messages as a notice of new routes: one that gives a route concerns the gateway.
void check_notice(std::vector<std::byte> dump, const detail::routing_format& format, bool routes)
{
    for (std::size_t at = 0; at + 4 <= dump.size();) {
        const std::size_t length =
            std::to_integer<unsigned>(dump[at]) | std::to_integer<unsigned>(dump[at + 1]) << 8;
        if (dump[at + 3] == std::byte{4})
            dump[at + 3] = std::byte{1};
        if (length == 0)
            break;
        at += length;
    }
    const bool concerned = detail::concerns_gateway(dump, format);
    require(!routes || concerned, "news of a default route are noticed");
    seen.reached(concerned ? place::concerned : place::unconcerned);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    input from(bytes_view(data, size));
    const std::size_t system = from.byte() % std::size(formats);
    const detail::routing_format& format = formats[system];
    const auto dump = exact(from.rest());

    routes_type routes, again;
    const bool whole = detail::read_route_dump(dump, format, routes);
    require(detail::read_route_dump(dump, format, again) == whole && same(routes, again),
            "the same dump gives the same routes");
    check_routes(routes, dump, 16);
    for (const default_route& route : routes)
        require(route.interface_index <= 65535, "an index has two bytes");

    check_choices(routes);
    static_cast<void>(detail::concerns_gateway(dump, format));
    check_notice(dump, format, !routes.empty());

    seen.reached(static_cast<place>(system), routes.size());
    for (const default_route& route : routes)
        seen.reached(place::blocked, route.blocked);
    seen.reached(place::several, routes.size() > 1);
    seen.reached(whole ? place::whole : place::unreadable);
    return 0;
}
