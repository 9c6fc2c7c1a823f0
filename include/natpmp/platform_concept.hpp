// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The concept natpmp::platform: what a client needs of its system.

#ifndef NATPMP_PLATFORM_CONCEPT_HPP
#define NATPMP_PLATFORM_CONCEPT_HPP

#include <natpmp/detail/core/time.hpp>
#include <natpmp/error.hpp>
#include <natpmp/options.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {

/// What a client needs of its system: a clock and a timer, two UDP sockets, the choice of a
/// gateway, notices of change, and randomness. A client reads no other clock and no other source of
/// chance.
///
/// Each of the nested types is made by `make<Type>()`, closed; its open() returns why it cannot be
/// opened. `async_wait(handler)` of each completes with (error_code) on the platform's executor,
/// never within the call: of the timer at the time that expires_at() set, never for
/// time_point::max(); of a socket when there may be something to read; of the notices when the
/// host's routes or addresses may have changed, which read() then tells. close() ends a pending
/// wait with operation_aborted.
///
/// receive_from() and send() never block: receive_from() gives would_block if there is nothing to
/// read, and either gives connection_refused or connection_reset for ICMP port unreachable.
/// completes_with_datagram tells whether a wait takes the datagram out of the socket, and
/// awaits_datagram() whether such a wait is pending.
///
/// See testing::simulated_platform for a platform in virtual time.
template <class Type>
concept platform =
    // An executor ends here: whether one can be copied may depend on what a client is made from.
    requires { typename Type::request_socket_type; } && std::copy_constructible<Type> &&
    requires(Type platform, const client_options& options, const gateway& where, error_code& error,
             typename Type::timer_type timer, typename Type::request_socket_type requests,
             typename Type::announcement_socket_type announcements,
             typename Type::change_notices_type changes, std::span<const std::uint8_t> bytes,
             time_point at, std::span<std::uint8_t> into, net::ip::udp::endpoint& source) {
        { platform.get_executor() } -> std::convertible_to<typename Type::executor_type>;
        { platform.now() } -> std::same_as<time_point>;
        { platform.random() } -> std::same_as<std::uint32_t>;
        { platform.find_gateway(options, error) } -> std::same_as<gateway>;
        { timer.open() } -> std::same_as<error_code>;
        timer.expires_at(at);
        timer.acknowledge();
        timer.close();
        { requests.open(where, std::uint16_t{}) } -> std::same_as<error_code>;
        { requests.send(bytes) } -> std::same_as<error_code>;
        { requests.receive_from(into, source, error) } -> std::same_as<std::size_t>;
        { requests.awaits_datagram() } -> std::same_as<bool>;
        { Type::request_socket_type::completes_with_datagram } -> std::convertible_to<bool>;
        requests.close();
        { announcements.open(where, std::uint16_t{}) } -> std::same_as<error_code>;
        { announcements.receive_from(into, source, error) } -> std::same_as<std::size_t>;
        { announcements.awaits_datagram() } -> std::same_as<bool>;
        announcements.close();
        { changes.open() } -> std::same_as<error_code>;
        { changes.read() } -> std::same_as<bool>;
        changes.close();
    };

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_PLATFORM_CONCEPT_HPP
