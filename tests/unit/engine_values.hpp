// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_UNIT_ENGINE_VALUES_HPP
#define NATPMP_TESTS_UNIT_ENGINE_VALUES_HPP

// The names, times and requests that tests of the engine speak of.

#include <natpmp/detail/core/engine.hpp>

#include "support/catch.hpp"
#include "unit/engine_packets.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace engine_test {

using namespace std::chrono_literals;

using natpmp::client_options;
using natpmp::errc;
using natpmp::error_code;
using natpmp::event_kind;
using natpmp::ignore_reason;
using natpmp::map_request;
using natpmp::result_code;
using natpmp::time_point;
using natpmp::detail::duration;
using natpmp::detail::never;
using natpmp::detail::operation;
using natpmp::detail::operation_kind;

using lines = std::vector<std::string>;

const time_point origin{987'654'321'123us}; // an arbitrary time, called 0 in the tests

/// A time since the start, in seconds: "127.75".
inline std::string text_of(time_point at)
{
    const auto micro = (at - origin).count();
    std::string result = std::to_string(micro / 1'000'000);
    if (auto rest = micro % 1'000'000) {
        std::string digits = std::to_string(rest);
        digits.insert(0, 6 - digits.size(), '0');
        digits.erase(digits.find_last_not_of('0') + 1);
        result += '.' + digits;
    }
    return result;
}

inline natpmp::gateway home()
{
    return {.address = natpmp::net::ip::make_address("192.168.1.1"),
            .local_address = natpmp::net::ip::make_address("192.168.1.2"),
            .interface_index = 3};
}

inline natpmp::gateway elsewhere()
{
    return {.address = natpmp::net::ip::make_address("10.9.0.1"),
            .local_address = natpmp::net::ip::make_address("10.9.0.77"),
            .interface_index = 4};
}

inline map_request tcp(std::uint16_t port)
{
    return {.protocol = protocol::tcp, .internal_port = port};
}

inline map_request udp(std::uint16_t port)
{
    return {.protocol = protocol::udp, .internal_port = port};
}

} // namespace engine_test

#endif // NATPMP_TESTS_UNIT_ENGINE_VALUES_HPP
