// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_UNIT_ENGINE_NETWORK_HPP
#define NATPMP_TESTS_UNIT_ENGINE_NETWORK_HPP

// What the engine's datagrams meet: packets by hand, on purpose not by the library's own wire.hpp,
// and a gateway that a test can script.

#include <natpmp/detail/core/time.hpp>
#include <natpmp/types.hpp>

#include "support/request_text.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace engine_test {

using namespace std::chrono_literals;

using natpmp::protocol;
using natpmp::time_point;

using duration = time_point::duration;
using bytes = std::vector<std::uint8_t>;
using lines = std::vector<std::string>;

// Times.

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

// Lines of the wire, or of events.

/// Those that contain this.
inline lines containing(const lines& all, std::string_view text)
{
    lines result;
    for (const std::string& line : all)
        if (line.find(text) != std::string::npos)
            result.push_back(line);
    return result;
}

inline lines sorted(lines what)
{
    std::sort(what.begin(), what.end());
    return what;
}

// Packets.

/// "00 81 0f a1" as bytes.
inline bytes hex(std::string_view text)
{
    bytes result;
    for (std::size_t at = 0; at < text.size(); ++at)
        if (text[at] != ' ')
            result.push_back(static_cast<std::uint8_t>(
                std::stoul(std::string{text.substr(at++, 2)}, nullptr, 16)));
    return result;
}

/// Numbers as bytes, the highest first: {value, size in bytes}.
inline bytes big_endian(std::initializer_list<std::pair<std::uint32_t, int>> numbers)
{
    bytes result;
    for (const auto& [value, size] : numbers)
        for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
            result.push_back(static_cast<std::uint8_t>(value >> shift & 0xFF));
    return result;
}

inline bytes map_answer(protocol kind, std::uint16_t internal_port, std::uint16_t external_port,
                        std::uint32_t lifetime, std::uint32_t epoch, std::uint16_t code = 0)
{
    return big_endian({{0, 1},
                       {0x80U | static_cast<std::uint32_t>(kind), 1},
                       {code, 2},
                       {epoch, 4},
                       {internal_port, 2},
                       {external_port, 2},
                       {lifetime, 4}});
}

inline bytes delete_answer(protocol kind, std::uint16_t internal_port, std::uint32_t epoch,
                           std::uint16_t code = 0)
{
    return map_answer(kind, internal_port, 0, 0, epoch, code);
}

/// Also an announcement.
inline bytes address_answer(const std::string& address, std::uint32_t epoch, std::uint16_t code = 0)
{
    const auto value = natpmp::net::ip::make_address_v4(address).to_bytes();
    bytes result = big_endian({{0x0080, 2}, {code, 2}, {epoch, 4}});
    result.insert(result.end(), value.begin(), value.end());
    return result;
}

/// A datagram that the engine sent.
struct request
{
    bytes raw;
    time_point at{}; ///< when it was sent

    [[nodiscard]] bool is_address() const
    {
        return raw == bytes{0, 0};
    }

    [[nodiscard]] bool is_map() const
    {
        return raw.size() == 12 && raw[0] == 0 && (raw[1] == 1 || raw[1] == 2) && number(2, 2) == 0;
    }

    [[nodiscard]] bool is_create() const
    {
        return is_map() && lifetime() != 0;
    }

    [[nodiscard]] bool is_delete() const
    {
        return is_map() && lifetime() == 0 && external_port() == 0;
    }

    [[nodiscard]] protocol kind() const
    {
        return static_cast<protocol>(raw[1]);
    }

    [[nodiscard]] std::uint16_t internal_port() const
    {
        return static_cast<std::uint16_t>(number(4, 2));
    }

    [[nodiscard]] std::uint16_t external_port() const
    {
        return static_cast<std::uint16_t>(number(6, 2));
    }

    [[nodiscard]] std::uint32_t lifetime() const
    {
        return number(8, 4);
    }

    /// "3600 map tcp 80 8080 7200", "0.25 delete tcp 80" or "0 address".
    [[nodiscard]] std::string text() const
    {
        return text_of(at) + ' ' + test_support::request_text(raw);
    }

private:
    [[nodiscard]] std::uint32_t number(std::size_t first, std::size_t size) const
    {
        std::uint32_t result = 0;
        for (std::size_t i = first; i < first + size; ++i)
            result = result << 8 | raw.at(i);
        return result;
    }
};

/// Some requests: &request::is_address, for example.
using kind_of_request = std::function<bool(const request&)>;

/// Map requests for this port.
inline kind_of_request maps(std::uint16_t internal_port)
{
    return [internal_port](const request& each) {
        return each.is_create() && each.internal_port() == internal_port;
    };
}

/// Map requests for this port of this protocol.
inline kind_of_request maps(protocol kind, std::uint16_t internal_port)
{
    return [kind, internal_port](const request& each) {
        return each.is_create() && each.kind() == kind && each.internal_port() == internal_port;
    };
}

/// A clock, a gateway that a test can script, and a log of what was sent to it.
class network
{
public:
    using script = std::function<bytes(const request&)>;

    time_point now = origin;
    std::uint32_t boot_epoch = 1000; ///< the gateway's clock at the start
    duration delay{0};               ///< from a datagram to its answer
    script gateway;                  ///< what it answers; conforming at first
    lines wire;                      ///< "3600 map tcp 80 80 7200"
    std::vector<request> sent;       ///< the same datagrams

    network()
    {
        heal();
    }

    network(const network&) = delete;
    network& operator=(const network&) = delete;

    // The gateway's clock.

    [[nodiscard]] std::uint32_t epoch() const
    {
        return boot_epoch + static_cast<std::uint32_t>((now - origin) / 1s);
    }

    /// The gateway boots: its clock starts at 0 now.
    void reboot()
    {
        boot_epoch -= epoch();
    }

    // What the gateway answers from now on, each in the place of what was set before.

    [[nodiscard]] bytes conforming(const request& asked) const
    {
        if (asked.is_address())
            return address_answer("203.0.113.7", epoch());
        return map_answer(asked.kind(), asked.internal_port(), asked.external_port(),
                          asked.lifetime(), epoch());
    }

    /// A conforming gateway again.
    void heal()
    {
        gateway = [this](const request& asked) { return conforming(asked); };
    }

    void silence()
    {
        gateway = [](const request&) { return bytes{}; };
    }

    /// Answers these requests only: answer_only(&request::is_delete).
    void answer_only(const kind_of_request& these)
    {
        gateway = [this, these](const request& asked) {
            return these(asked) ? conforming(asked) : bytes{};
        };
    }

    void answer_all_but(const kind_of_request& these)
    {
        answer_only([these](const request& asked) { return !these(asked); });
    }

    /// Grants each map request what it asks for, but for this lifetime.
    void grant_for(std::uint32_t lifetime)
    {
        gateway = [this, lifetime](const request& asked) {
            return asked.is_create() ? map_answer(asked.kind(), asked.internal_port(),
                                                  asked.external_port(), lifetime, epoch())
                                     : conforming(asked);
        };
    }

    /// Grants each map request this external port.
    void grant_port(std::uint16_t port, std::uint32_t lifetime = 7200)
    {
        gateway = [this, port, lifetime](const request& asked) {
            return asked.is_create()
                       ? map_answer(asked.kind(), asked.internal_port(), port, lifetime, epoch())
                       : conforming(asked);
        };
    }

    /// Answers these requests with a result code; a refusal of an address request carries 0.0.0.0.
    void refuse(std::uint16_t code, const kind_of_request& these = &request::is_create)
    {
        gateway = [this, code, these](const request& asked) {
            if (!these(asked))
                return conforming(asked);
            if (asked.is_address())
                return address_answer("0.0.0.0", epoch(), code);
            return map_answer(asked.kind(), asked.internal_port(), 0, 0, epoch(), code);
        };
    }

    /// Answers address requests with this.
    void tell_address(const std::string& address, std::uint16_t code = 0)
    {
        gateway = [this, address, code](const request& asked) {
            return asked.is_address() ? address_answer(address, epoch(), code) : conforming(asked);
        };
    }

    void deliver_after(duration time, const bytes& packet)
    {
        arriving.emplace(now + time, packet);
    }

    // What was sent.

    /// The datagrams since the last call.
    lines take_wire()
    {
        return std::exchange(wire, {});
    }

    /// How many of these were sent, from one time to another since the start.
    [[nodiscard]] std::size_t count(const kind_of_request& these, duration from = 0s,
                                    duration until = duration::max()) const
    {
        return static_cast<std::size_t>(
            std::count_if(sent.begin(), sent.end(), [&](const request& each) {
                const duration at = each.at - origin;
                return at >= from && at <= until && these(each);
            }));
    }

    /// The times of the datagrams.
    [[nodiscard]] lines times() const
    {
        lines result;
        for (const request& each : sent)
            result.push_back(text_of(each.at));
        return result;
    }

protected:
    void send(const bytes& packet)
    {
        const request asked{packet, now};
        wire.push_back(asked.text());
        sent.push_back(asked);
        if (const bytes answer = gateway(asked); !answer.empty())
            arriving.emplace(now + delay, answer);
    }

    std::multimap<time_point, bytes> arriving;
};

} // namespace engine_test

#endif // NATPMP_TESTS_UNIT_ENGINE_NETWORK_HPP
