// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_UNIT_GATEWAY_PROC_SUPPORT_HPP
#define NATPMP_TESTS_UNIT_GATEWAY_PROC_SUPPORT_HPP

// Writes the lines of /proc/net/route, as the kernel does.

#include <natpmp/detail/platform/proc_route.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace gateway_proc_test {

namespace net = natpmp::net;
namespace detail = natpmp::detail;

struct line_fields
{
    std::string name = "eth0";
    std::string destination = "0.0.0.0";
    std::string gateway = "192.168.1.1";
    unsigned flags = 3;
    std::int32_t metric = 0;
    std::string mask = "0.0.0.0";
};

inline std::string kernel_hex(const std::string& address)
{
    const auto bytes = net::ip::make_address_v4(address).to_bytes();
    std::uint32_t number = 0;
    std::memcpy(&number, bytes.data(), sizeof number);
    char text[9];
    std::snprintf(text, sizeof text, "%08X", number);
    return text;
}

inline std::string padded_line(std::string text)
{
    text.resize(127, ' ');
    return text + '\n';
}

inline std::string line(const line_fields& from = {})
{
    char flags[9];
    std::snprintf(flags, sizeof flags, "%04X", from.flags);
    return padded_line(from.name + '\t' + kernel_hex(from.destination) + '\t' +
                       kernel_hex(from.gateway) + '\t' + flags + "\t0\t0\t" +
                       std::to_string(from.metric) + '\t' + kernel_hex(from.mask) + "\t0\t0\t0");
}

inline const std::string heading = padded_line(
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT");

/// A default route, and the name of its interface.
struct named_route
{
    detail::default_route route;
    std::string interface_name;
};

/// Reads a text line by line; the last one may have no end.
inline std::vector<named_route> routes_of(std::string_view text)
{
    std::vector<named_route> routes;
    while (!text.empty()) {
        const std::string line(text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1));
        text.remove_prefix(line.size());
        ifreq interface{};
        if (const auto route = detail::parse_route_line(line.c_str(), interface))
            routes.push_back({*route, interface.ifr_name});
    }
    return routes;
}

} // namespace gateway_proc_test

#endif // NATPMP_TESTS_UNIT_GATEWAY_PROC_SUPPORT_HPP
