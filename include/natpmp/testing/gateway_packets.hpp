// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The packets of a model gateway, byte by byte: on purpose not by the library's own wire.hpp.

#ifndef NATPMP_TESTING_GATEWAY_PACKETS_HPP
#define NATPMP_TESTING_GATEWAY_PACKETS_HPP

#include <natpmp/detail/asio.hpp>
#include <natpmp/detail/core/time.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace testing {

/// What a gateway gives back for a request.
struct gateway_reply
{
    /// How long after the request.
    platform_clock::duration delay{0};
    /// The datagram; empty if port_unreachable.
    std::vector<std::uint8_t> bytes{};
    /// Whether it comes from an address that is not the gateway's.
    bool from_wrong_address = false;
    /// Whether it comes from a port that is not the gateway's.
    bool from_wrong_port = false;
    /// Whether it is no datagram but ICMP port unreachable.
    bool port_unreachable = false;
};

/// A request that reached a gateway.
struct gateway_request
{
    /// When.
    time_point when{};
    /// From which host.
    net::ip::address_v4 source{};
    /// The whole datagram.
    std::vector<std::uint8_t> bytes{};
};

/// The fields of a request or an answer about a mapping (RFC 6886, section 3.3).
struct gateway_map_fields
{
    /// The opcode of the request: 1 for UDP, 2 for TCP.
    std::uint8_t opcode = 0;
    /// The port on the host.
    std::uint16_t internal_port = 0;
    /// The port on the outside, suggested or granted.
    std::uint16_t external_port = 0;
    /// The lifetime in seconds, asked for or granted.
    std::uint32_t lifetime = 0;

    /// Reads a request of at least 12 bytes.
    [[nodiscard]] static gateway_map_fields read(std::span<const std::uint8_t> request)
    {
        const auto two = [&](std::size_t at) {
            return static_cast<std::uint16_t>(request[at] << 8 | request[at + 1]);
        };
        return {request[1], two(4), two(6), std::uint32_t{two(8)} << 16 | two(10)};
    }
};

/// An answer under construction: numbers are appended with the highest byte first.
class gateway_packet
{
public:
    /// The 8 bytes that every NAT-PMP answer begins with.
    ///
    /// @param opcode  the second byte, as it is sent
    /// @param code    the result code
    /// @param epoch   "seconds since start of epoch"
    gateway_packet(std::uint8_t opcode, std::uint16_t code, std::uint32_t epoch) : bytes_{0, opcode}
    {
        two(code).four(epoch);
    }

    /// Appends two bytes.
    gateway_packet& two(std::uint16_t value)
    {
        bytes_.push_back(static_cast<std::uint8_t>(value >> 8));
        bytes_.push_back(static_cast<std::uint8_t>(value & 0xFF));
        return *this;
    }

    /// Appends four bytes.
    gateway_packet& four(std::uint32_t value)
    {
        return two(static_cast<std::uint16_t>(value >> 16))
            .two(static_cast<std::uint16_t>(value & 0xFFFF));
    }

    /// The packet, cut to this many bytes if it has more.
    [[nodiscard]] std::vector<std::uint8_t> take(std::size_t length = 16)
    {
        bytes_.resize(std::min(length, bytes_.size()));
        return std::move(bytes_);
    }

    /// The answer to a request with an unknown opcode: the request, with the top bit of the opcode
    /// set, and result 5 (RFC 6886, section 3.5).
    [[nodiscard]] static std::vector<std::uint8_t> echo(std::span<const std::uint8_t> request)
    {
        std::vector<std::uint8_t> result{request.begin(), request.end()};
        result.resize(std::max<std::size_t>(result.size(), 4));
        result[1] |= 0x80;
        result[2] = 0;
        result[3] = 5;
        return result;
    }

    /// A PCP answer (RFC 6887, section 7.2): version 2, its result code in one byte.
    ///
    /// @param opcode    the opcode of the request
    /// @param code      the result code
    /// @param lifetime  in seconds
    /// @param epoch     PCP's epoch time in seconds
    /// @param length    how many bytes of it; beyond 12 they are zero
    [[nodiscard]] static std::vector<std::uint8_t> pcp(std::uint8_t opcode, std::uint8_t code,
                                                       std::uint32_t lifetime, std::uint32_t epoch,
                                                       std::size_t length)
    {
        gateway_packet packet{static_cast<std::uint8_t>(opcode | 0x80), code, lifetime};
        packet.four(epoch);
        packet.bytes_[0] = 2;
        packet.bytes_.resize(length);
        return std::move(packet.bytes_);
    }

private:
    std::vector<std::uint8_t> bytes_;
};

} // namespace testing
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_TESTING_GATEWAY_PACKETS_HPP
