// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Bytes to requests and responses, and back (RFC 6886, sections 3.1 to 3.5).

#ifndef NATPMP_DETAIL_CORE_WIRE_HPP
#define NATPMP_DETAIL_CORE_WIRE_HPP

#include <natpmp/event.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail {

using bytes_view = std::span<const std::uint8_t>;

constexpr std::uint8_t address_opcode = 0;
constexpr std::uint8_t response_bit = 0x80;
constexpr std::uint8_t pcp_version = 2;

/// Larger than every answer, so that an overlong one is seen whole or at least as overlong.
constexpr std::size_t receive_buffer_size = 1100;

/// A request as it goes onto the wire.
struct packet
{
    std::array<std::uint8_t, 12> data{};
    std::size_t size = 0;

    [[nodiscard]] bytes_view view() const noexcept
    {
        return {data.data(), size};
    }
};

constexpr void put16(std::uint8_t* to, std::uint16_t value) noexcept
{
    to[0] = static_cast<std::uint8_t>(value >> 8);
    to[1] = static_cast<std::uint8_t>(value & 0xFF);
}

constexpr std::uint16_t get16(bytes_view bytes, std::size_t at) noexcept
{
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

constexpr std::uint32_t get32(bytes_view bytes, std::size_t at) noexcept
{
    return static_cast<std::uint32_t>(get16(bytes, at)) << 16 | get16(bytes, at + 2);
}

constexpr packet encode_address_request() noexcept
{
    return {.data = {}, .size = 2};
}

/// A map request; with external port 0 and lifetime 0 it is a delete (RFC 6886, section 3.4).
constexpr packet encode_map_request(protocol protocol, std::uint16_t internal_port,
                                    std::uint16_t external_port, std::uint32_t lifetime) noexcept
{
    packet result{.data = {}, .size = 12};
    result.data[1] = static_cast<std::uint8_t>(protocol);
    put16(&result.data[4], internal_port);
    put16(&result.data[6], external_port);
    put16(&result.data[8], static_cast<std::uint16_t>(lifetime >> 16));
    put16(&result.data[10], static_cast<std::uint16_t>(lifetime & 0xFFFF));
    return result;
}

/// A response, as far as its bytes alone can be judged.
struct response
{
    /// Why it is none; the other members count only if this is ignore_reason::none.
    ignore_reason reason = ignore_reason::none;

    /// The opcode it answers; empty where it answers whatever was asked.
    std::optional<std::uint8_t> opcode{};

    std::uint16_t result = 0;

    /// Seconds since the start of the epoch, where the packet has it.
    std::optional<std::uint32_t> epoch{};

    /// Of an answer to a map request. An error too short to hold a port has none; the echo of an
    /// unsupported opcode may have it in two places.
    std::optional<std::uint16_t> internal_port{}, echoed_port{};
    std::uint16_t external_port = 0;
    std::uint32_t lifetime = 0;

    /// Of an answer to an address request, in host byte order.
    std::uint32_t address = 0;

    [[nodiscard]] bool success() const noexcept
    {
        return result == 0;
    }

    /// Whether it can speak of this internal port. Some gateways leave the port out of an error.
    [[nodiscard]] bool concerns(std::uint16_t port) const noexcept
    {
        if (success())
            return internal_port == port;
        return (!internal_port && !echoed_port) || internal_port == port || echoed_port == port ||
               (internal_port == 0 && !echoed_port);
    }
};

/// A version 2 packet counts only as the answer of a gateway that speaks PCP alone.
inline response decode_other_version(bytes_view bytes) noexcept
{
    // Seen: two bytes; a PCP answer with UNSUPP_VERSION or NOT_AUTHORIZED, whole or cut off.
    const bool refusal = bytes.size() == 2 ||
                         (bytes.size() >= 4 && bytes[2] == 0 && (bytes[3] == 1 || bytes[3] == 2));
    if (bytes[0] != pcp_version || (bytes[1] & response_bit) == 0 || !refusal)
        return {.reason = ignore_reason::wrong_version};
    return {.result = static_cast<std::uint16_t>(result_code::unsupported_version)};
}

/// The echo of the request with another opcode and a result: no epoch in it.
inline response decode_unsupported_opcode(bytes_view bytes, response value) noexcept
{
    if (bytes.size() >= 10) {
        value.echoed_port = get16(bytes, 4);
        value.internal_port = get16(bytes, 8);
    }
    return value;
}

/// Reads a datagram in the order of checks of RFC 6886: version, code 1, opcode, length, fields.
inline response decode(bytes_view bytes) noexcept
{
    if (bytes.size() < 2)
        return {.reason = ignore_reason::too_short};
    if (bytes[0] != 0)
        return decode_other_version(bytes);
    if (bytes.size() < 4)
        return {.reason = ignore_reason::too_short};

    // Errors may be shorter than answers: some gateways leave out the epoch, or the port.
    response value{.result = get16(bytes, 2)};
    if (bytes.size() >= 8)
        value.epoch = get32(bytes, 4);
    if (value.result == static_cast<std::uint16_t>(result_code::unsupported_version))
        return value; // whatever its opcode: the RFC as printed and its erratum differ

    const auto opcode = static_cast<std::uint8_t>(bytes[1] & ~response_bit);
    if ((bytes[1] & response_bit) == 0 || opcode > 2)
        return {.reason = ignore_reason::wrong_opcode};
    value.opcode = opcode;
    if (value.result == static_cast<std::uint16_t>(result_code::unsupported_opcode)) {
        value.epoch.reset();
        return opcode == address_opcode ? value : decode_unsupported_opcode(bytes, value);
    }

    // A success is whole; what is longer than that is read as if it ended there.
    const std::size_t least = !value.success() ? 8 : opcode == address_opcode ? 12 : 16;
    if (bytes.size() < least)
        return {.reason = ignore_reason::too_short};
    if (opcode == address_opcode) {
        value.address =
            value.success() ? get32(bytes, 8) : 0; // undefined in errors (RFC 6886, section 3.2)
    } else if (bytes.size() >= 10) {
        value.internal_port = get16(bytes, 8);
        if (value.success()) {
            value.external_port = get16(bytes, 10);
            value.lifetime = get32(bytes, 12);
        }
    }
    return value;
}

/// Reads a datagram of the announcement port (RFC 6886, section 3.2.1). PCP's has no epoch here:
/// only that it came is of interest.
inline response decode_announcement(bytes_view bytes) noexcept
{
    if (bytes.size() < 2)
        return {.reason = ignore_reason::too_short};
    if (bytes[1] != (address_opcode | response_bit))
        return {.reason = ignore_reason::wrong_opcode};
    if (bytes[0] == pcp_version)
        return {};
    if (bytes[0] != 0)
        return {.reason = ignore_reason::wrong_version};
    if (bytes.size() < 12)
        return {.reason = ignore_reason::too_short};
    const response told = decode(bytes);
    if (!told.opcode || !told.epoch) // results 1 and 5 have none
        return {.reason = ignore_reason::wrong_opcode};
    return told;
}

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

#endif // NATPMP_DETAIL_CORE_WIRE_HPP
