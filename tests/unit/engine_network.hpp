// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_UNIT_ENGINE_NETWORK_HPP
#define NATPMP_TESTS_UNIT_ENGINE_NETWORK_HPP

#include "unit/engine_values.hpp"

#include <functional>
#include <map>
#include <utility>

namespace engine_test {

/// What the engine's datagrams meet: a clock, a gateway that a test can script, and a log.
class network
{
public:
    using script = std::function<bytes(const request&)>;

    time_point now = origin;
    std::uint32_t boot_epoch = 1000; ///< the gateway's clock at the start
    duration delay{0};               ///< from a datagram to its answer
    script gateway;                  ///< what it answers; conforming at first
    lines wire;                      ///< "3600 map tcp 80 80 7200"
    std::vector<request> sent;
    std::vector<time_point> sent_at;

    network() : gateway([this](const request& asked) { return conforming(asked); })
    {}

    network(const network&) = delete;
    network& operator=(const network&) = delete;

    [[nodiscard]] std::uint32_t epoch() const
    {
        return boot_epoch + static_cast<std::uint32_t>((now - origin) / 1s);
    }

    [[nodiscard]] bytes conforming(const request& asked) const
    {
        if (asked.is_address())
            return address_answer("203.0.113.7", epoch());
        return map_answer(asked.kind(), asked.internal_port(), asked.external_port(),
                          asked.lifetime(), epoch());
    }

    void silence()
    {
        gateway = [](const request&) { return bytes{}; };
    }

    /// A conforming gateway again.
    void heal()
    {
        gateway = [this](const request& asked) { return conforming(asked); };
    }

    /// Answers every map request with this code, and nothing else.
    void refuse(std::uint16_t code)
    {
        gateway = [this, code](const request& asked) {
            if (!asked.is_create())
                return conforming(asked);
            return map_answer(asked.kind(), asked.internal_port(), 0, 0, epoch(), code);
        };
    }

    void deliver_after(duration time, const bytes& packet)
    {
        arriving.emplace(now + time, packet);
    }

    /// The datagrams since the last call.
    lines take_wire()
    {
        return std::exchange(wire, {});
    }

protected:
    void send(const bytes& packet)
    {
        const request asked{packet};
        wire.push_back(text_of(now) + ' ' + asked.text());
        sent.push_back(asked);
        sent_at.push_back(now);
        if (const bytes answer = gateway(asked); !answer.empty())
            arriving.emplace(now + delay, answer);
    }

    std::multimap<time_point, bytes> arriving;
};

/// The datagrams' times only.
inline lines times_of(const network& world, std::size_t from = 0)
{
    lines result;
    for (std::size_t at = from; at < world.sent_at.size(); ++at)
        result.push_back(text_of(world.sent_at[at]));
    return result;
}

} // namespace engine_test

#endif // NATPMP_TESTS_UNIT_ENGINE_NETWORK_HPP
