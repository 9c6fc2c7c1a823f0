// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The two closed lists of errors, result_code and errc, and the conditions that group them.

#ifndef NATPMP_ERROR_HPP
#define NATPMP_ERROR_HPP

#include <natpmp/detail/asio.hpp>

#include <cerrno>
#include <cstdint>
#include <string>
#include <type_traits>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {

/// The gateway's answer to a request (RFC 6886, section 3.5). Numbers without a name here are kept
/// as they came; they are final for the request.
enum class result_code : std::uint16_t
{
    /// The request was carried out.
    success = 0,
    /// The gateway does not speak NAT-PMP (perhaps only its successor, PCP).
    unsupported_version = 1,
    /// Refused: NAT-PMP is switched off at the gateway, or the mapping is not ours to change.
    not_authorized = 2,
    /// The gateway has no connection to the Internet itself, or no public address.
    network_failure = 3,
    /// The gateway can make no more mappings now.
    out_of_resources = 4,
    /// The gateway does not know this kind of request.
    unsupported_opcode = 5
};

/// This library's own errors.
enum class errc : int
{
    /// client_options: an address that is not IPv4, or a port that is not 1..65535.
    invalid_options = 1,
    /// The client was shut down, or moved from.
    closed,
    /// A second async_wait_event while one is waiting.
    already_waiting,
    /// The host has no IPv4 default route through a gateway, or a better one that lets nothing out.
    no_gateway,
    /// The local address is not private, so there should be no NAT (RFC 6886, section 3).
    not_behind_nat,
    /// No answer to nine requests within 127.75 s, or to the fewer that the operation sends.
    gateway_silent,
    /// The gateway answers that nothing listens on the NAT-PMP port (ICMP port unreachable).
    not_supported,
    /// The gateway reported success, but granted port 0 or lifetime 0.
    invalid_grant,
    /// The deadline in map_request::timeout or client_options::timeout passed.
    timed_out,
    /// The default gateway or the local address changed while the request was under way.
    gateway_changed,
    /// Not every mapping is known to be deleted at the gateway; the rest run out by themselves.
    shutdown_incomplete,
    /// The system does not tell its routes, so that the gateway has to be set by hand.
    routes_unreadable,
    /// The protocol is neither UDP nor TCP.
    invalid_protocol,
    /// The internal port is not 1..65535; for one that the gateway assigns it is 0.
    invalid_internal_port,
    /// The external port is not 0..65535, or not 0 with map_request::gateway_assigns_port.
    invalid_external_port,
    /// The lifetime is not 1..2^32-1 seconds.
    invalid_lifetime,
    /// The timeout is negative.
    invalid_timeout,
    /// No interface of this host has the address in client_options::local_address.
    no_local_address
};

/// Groups of errors that call for the same reaction: `if (error == natpmp::condition::refused)`.
enum class condition : int
{
    /// The gateway answered and will not do it: not_authorized, unsupported_opcode, and every
    /// result code without a name.
    refused = 1,
    /// No NAT-PMP gateway to ask: no_gateway, no_local_address, routes_unreadable, not_behind_nat,
    /// gateway_silent, not_supported, unsupported_version.
    unreachable,
    /// Worth another try: network_failure, out_of_resources, invalid_grant, timed_out,
    /// gateway_changed.
    transient,
    /// The call or the options are wrong, and nothing was sent: invalid_options, invalid_protocol,
    /// invalid_internal_port, invalid_external_port, invalid_lifetime, invalid_timeout.
    invalid_argument
};

namespace detail {

inline condition condition_of(result_code code) noexcept
{
    switch (code) {
    case result_code::success:
        return condition{0};
    case result_code::unsupported_version:
        return condition::unreachable;
    case result_code::network_failure:
    case result_code::out_of_resources:
        return condition::transient;
    default:
        return condition::refused;
    }
}

inline condition condition_of(errc code) noexcept
{
    switch (code) {
    case errc::no_gateway:
    case errc::no_local_address:
    case errc::routes_unreadable:
    case errc::not_behind_nat:
    case errc::gateway_silent:
    case errc::not_supported:
        return condition::unreachable;
    case errc::invalid_grant:
    case errc::timed_out:
    case errc::gateway_changed:
        return condition::transient;
    case errc::invalid_options:
    case errc::invalid_protocol:
    case errc::invalid_internal_port:
    case errc::invalid_external_port:
    case errc::invalid_lifetime:
    case errc::invalid_timeout:
        return condition::invalid_argument;
    default:
        return condition{0};
    }
}

class condition_category_type final : public error_category
{
public:
    const char* name() const noexcept override
    {
        return "natpmp.condition";
    }

    std::string message(int value) const override
    {
        switch (static_cast<condition>(value)) {
        case condition::refused:
            return "the gateway refuses the request";
        case condition::unreachable:
            return "no NAT-PMP gateway can be reached";
        case condition::transient:
            return "a transient failure";
        case condition::invalid_argument:
            return "an argument or option is invalid";
        }
        return "no such condition";
    }
};

} // namespace detail

/// The category of condition, "natpmp.condition". Thread-safe.
[[nodiscard]] inline const error_category& condition_category() noexcept
{
    static const detail::condition_category_type instance;
    return instance;
}

/// Makes an error_condition to compare an error_code with.
[[nodiscard]] inline error_condition make_error_condition(condition group) noexcept
{
    return {static_cast<int>(group), condition_category()};
}

namespace detail {

/// The condition that an error belongs to, or the error itself.
inline error_condition group_of(condition group, int value, const error_category& own) noexcept
{
    if (group == condition{0})
        return {value, own};
    return make_error_condition(group);
}

class result_category_type final : public error_category
{
public:
    const char* name() const noexcept override
    {
        return "natpmp.result";
    }

    std::string message(int value) const override
    {
        switch (static_cast<result_code>(value)) {
        case result_code::success:
            return "success";
        case result_code::unsupported_version:
            return "the gateway does not speak NAT-PMP; switch NAT-PMP on at the router";
        case result_code::not_authorized:
            return "the gateway refuses; port mapping is switched off at the router, or the "
                   "mapping belongs to its administrator";
        case result_code::network_failure:
            return "the gateway has no Internet connection or no public address; try again later";
        case result_code::out_of_resources:
            return "the gateway can make no more mappings now; try again later";
        case result_code::unsupported_opcode:
            return "the gateway does not know this kind of request";
        }
        return "the gateway refuses with the unknown result code " + std::to_string(value);
    }

    error_condition default_error_condition(int value) const noexcept override
    {
        return group_of(condition_of(static_cast<result_code>(value)), value, *this);
    }
};

class library_category_type final : public error_category
{
public:
    const char* name() const noexcept override
    {
        return "natpmp";
    }

    std::string message(int value) const override
    {
        switch (static_cast<errc>(value)) {
        case errc::invalid_options:
            return "client_options: the addresses have to be IPv4, the ports 1 to 65535";
        case errc::closed:
            return "the client was shut down";
        case errc::already_waiting:
            return "another operation waits for an event already";
        case errc::no_gateway:
            return "no IPv4 default route through a gateway; connect to a network, or set "
                   "client_options::gateway";
        case errc::not_behind_nat:
            return "the local address is public, so no NAT is expected; set "
                   "client_options::allow_public_address to ask all the same";
        case errc::gateway_silent:
            return "the gateway does not answer; it may not support NAT-PMP";
        case errc::not_supported:
            return "the gateway has no NAT-PMP service (ICMP port unreachable)";
        case errc::invalid_grant:
            return "the gateway granted port 0 or lifetime 0";
        case errc::timed_out:
            return "the operation's deadline passed";
        case errc::gateway_changed:
            return "the default gateway or the local address changed during the request";
        case errc::shutdown_incomplete:
            return "not every mapping is known to be deleted; the rest run out by themselves";
        case errc::routes_unreadable:
            return "the routing table cannot be read; set client_options::gateway by hand";
        case errc::invalid_protocol:
            return "the protocol has to be UDP or TCP";
        case errc::invalid_internal_port:
            return "the internal port has to be 1 to 65535, or 0 for one that the gateway assigns";
        case errc::invalid_external_port:
            return "the external port has to be 0 to 65535, and 0 if the gateway assigns it";
        case errc::invalid_lifetime:
            return "the lifetime has to be 1 to 4294967295 seconds";
        case errc::invalid_timeout:
            return "the timeout must not be negative";
        case errc::no_local_address:
            return "no interface of this host has the address in client_options::local_address";
        }
        return "unknown error";
    }

    error_condition default_error_condition(int value) const noexcept override
    {
        return group_of(condition_of(static_cast<errc>(value)), value, *this);
    }
};

} // namespace detail

/// The category of result_code, "natpmp.result". Thread-safe.
[[nodiscard]] inline const error_category& result_category() noexcept
{
    static const detail::result_category_type instance;
    return instance;
}

/// The category of errc, "natpmp". Thread-safe.
[[nodiscard]] inline const error_category& library_category() noexcept
{
    static const detail::library_category_type instance;
    return instance;
}

/// Makes an error_code of a gateway's answer; success makes one that is false.
[[nodiscard]] inline error_code make_error_code(result_code code) noexcept
{
    return {static_cast<int>(code), result_category()};
}

/// Makes an error_code of one of this library's errors.
[[nodiscard]] inline error_code make_error_code(errc code) noexcept
{
    return {static_cast<int>(code), library_category()};
}

namespace detail {

/// Whether the system has nothing left of what a call takes, which says nothing about the network.
inline bool is_shortage(const error_code& error) noexcept
{
    const int value = error.value();
    return error.category() == net::error::get_system_category() &&
           (value == net::error::no_descriptors || value == net::error::no_memory ||
            value == net::error::no_buffer_space || value == ENFILE);
}

/// Whether an error is what ICMP port unreachable becomes (RFC 6886, section 3.1).
inline bool is_refusal(const error_code& error) noexcept
{
    return error == net::error::connection_refused || error == net::error::connection_reset;
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

template <>
struct NATPMP_SYSTEM_NAMESPACE::is_error_code_enum<natpmp::result_code> : std::true_type
{};

template <>
struct NATPMP_SYSTEM_NAMESPACE::is_error_code_enum<natpmp::errc> : std::true_type
{};

template <>
struct NATPMP_SYSTEM_NAMESPACE::is_error_condition_enum<natpmp::condition> : std::true_type
{};

#endif // NATPMP_ERROR_HPP
