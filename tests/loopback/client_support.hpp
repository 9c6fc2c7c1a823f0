// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_LOOPBACK_CLIENT_SUPPORT_HPP
#define NATPMP_TESTS_LOOPBACK_CLIENT_SUPPORT_HPP

#include "api/world.hpp"

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

namespace loopback_test {

using namespace api_test;
using natpmp::condition;
using natpmp::ignore_reason;

/// What an operation ended with.
struct outcome
{
    bool ended = false;
    error_code error{};
    natpmp::mapping made{};
    asio::ip::address address{};

    void operator()(error_code why, const mapping& what)
    {
        (*this)(why);
        made = what;
    }

    void operator()(error_code why, const asio::ip::address& what)
    {
        (*this)(why);
        address = what;
    }

    void operator()(error_code why)
    {
        ended = true;
        error = why;
    }
};

/// TCP port 6881, without the clean-up, so that the first packet is the map request.
inline map_request port_6881(bool clean_up = false)
{
    return {.protocol = protocol::tcp, .internal_port = 6881, .clean_up = clean_up};
}

const std::string map_line = "map tcp 6881 6881 7200", delete_line = "delete tcp 6881";

/// Starts an operation with a handler, and runs until that was called.
template <class Start>
outcome run(world& in, Start start)
{
    outcome result;
    start([&result](const auto&... values) { result(values...); });
    REQUIRE(in.run_until([&] { return result.ended; }));
    return result;
}

inline outcome map(world& in, client& on, const map_request& request = port_6881())
{
    return run(in, [&](auto handler) { on.async_map_port(request, handler); });
}

inline outcome unmap(world& in, client& on)
{
    return run(in, [&](auto handler) { on.async_unmap_port(protocol::tcp, 6881, handler); });
}

inline outcome ask_address(world& in, client& on)
{
    return run(in, [&](auto handler) { on.async_external_address(handler); });
}

/// Whether requests came so long after the one before, in milliseconds: not much later, and none
/// before its time since the first; the one after a late one comes sooner.
inline bool came_after(world& in, const std::vector<int>& milliseconds)
{
    constexpr auto grain = 20ms; // Windows' clock that counts sleep ticks at 64 Hz
    const auto& requests = in.gateway.model().requests;
    if (requests.size() != milliseconds.size() + 1)
        return false;
    auto earliest = requests.front().when - grain;
    for (std::size_t i = 0; i < milliseconds.size(); ++i) {
        const std::chrono::milliseconds wanted(milliseconds[i]);
        const auto when = requests[i + 1].when;
        earliest += wanted;
        if (when < earliest || when > requests[i].when + wanted + 230ms)
            return false;
    }
    return true;
}

inline std::uint64_t ignored(const client& on, ignore_reason reason)
{
    return on.status().ignored[static_cast<std::size_t>(reason)];
}

inline std::uint64_t ignored(const client& on)
{
    const auto& all = on.status().ignored;
    return std::accumulate(all.begin(), all.end(), std::uint64_t{0});
}

} // namespace loopback_test

#endif // NATPMP_TESTS_LOOPBACK_CLIENT_SUPPORT_HPP
