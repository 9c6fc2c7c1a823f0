// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Datagrams in words, for logs.

#ifndef NATPMP_DESCRIBE_HPP
#define NATPMP_DESCRIBE_HPP

#include <natpmp/detail/core/wire.hpp>

#include <string>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

inline std::string describe_request(bytes_view bytes)
{
    if (bytes[1] == address_opcode)
        return "ask for the external address";
    if (bytes[1] > 2 || bytes.size() < 12)
        return "unknown request";
    const std::string name{to_string(static_cast<protocol>(bytes[1]))};
    const std::string internal = std::to_string(get16(bytes, 4));
    if (get32(bytes, 8) == 0)
        return "delete " + name + ' ' + internal;
    return "map " + name + ' ' + internal + ", suggest " + std::to_string(get16(bytes, 6)) +
           " for " + std::to_string(get32(bytes, 8)) + " s";
}

inline std::string describe_response(const response& answer)
{
    const std::string epoch =
        answer.epoch ? ", epoch " + std::to_string(*answer.epoch) + " s" : std::string{};
    if (!answer.opcode)
        return "unsupported version" + epoch;
    const std::string what =
        *answer.opcode == address_opcode
            ? "external address"
            : std::string{to_string(static_cast<protocol>(*answer.opcode))} +
                  (answer.internal_port ? ' ' + std::to_string(*answer.internal_port)
                                        : std::string{});
    if (!answer.success())
        return what + ": result code " + std::to_string(answer.result) + epoch;
    if (*answer.opcode == address_opcode)
        return what + " is " + net::ip::address_v4{answer.address}.to_string() + epoch;
    if (answer.lifetime == 0 && answer.external_port == 0)
        return what + " deleted" + epoch;
    return what + " mapped to " + std::to_string(answer.external_port) + " for " +
           std::to_string(answer.lifetime) + " s" + epoch;
}

} // namespace detail

/// Decodes a NAT-PMP datagram into words, such as "map tcp 6881, suggest 6881 for 7200 s" (RFC
/// 6886, sections 3.2 to 3.5). Any bytes are allowed. Thread-safe.
///
/// @param bytes The datagram's payload, as an observer sees it in datagram::bytes.
[[nodiscard]] inline std::string describe(std::span<const std::uint8_t> bytes)
{
    if (bytes.size() >= 2 && bytes[0] == 0 && (bytes[1] & detail::response_bit) == 0 &&
        (bytes.size() == 2 || bytes.size() == 12))
        return detail::describe_request(bytes);
    const detail::response answer = detail::decode(bytes);
    if (answer.reason != ignore_reason::none)
        return "not a NAT-PMP answer (" + std::string{to_string(answer.reason)} + ", " +
               std::to_string(bytes.size()) + " bytes)";
    return detail::describe_response(answer);
}

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DESCRIBE_HPP
