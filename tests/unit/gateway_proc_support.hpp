// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_UNIT_GATEWAY_PROC_SUPPORT_HPP
#define NATPMP_TESTS_UNIT_GATEWAY_PROC_SUPPORT_HPP

// Writes the lines of /proc/net/route, as the kernel does.

#include <natpmp/detail/platform/proc_route.hpp>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
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

/// Reads a text, which is exactly as long as its bytes, so that AddressSanitizer sees a read past
/// its end.
inline std::vector<detail::named_route> routes_of(std::string_view text)
{
    std::vector<char> exact(text.begin(), text.end());
    if (text.empty())
        return {}; // some fmemopen() refuse it
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
        ::fmemopen(exact.data(), exact.size(), "r"), &std::fclose);
    natpmp::error_code error;
    auto routes = detail::parse_routes(file.get(), error);
    if (error)
        throw natpmp::system_error(error);
    return routes;
}

} // namespace gateway_proc_test

#endif // NATPMP_TESTS_UNIT_GATEWAY_PROC_SUPPORT_HPP
