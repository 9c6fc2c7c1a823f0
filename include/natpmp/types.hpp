// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What an application asks for and what it gets: protocol, map_request, mapping.

#ifndef NATPMP_TYPES_HPP
#define NATPMP_TYPES_HPP

#include <natpmp/detail/asio.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {

/// The transport protocol of a mapping. The values are the opcodes of RFC 6886, section 3.3.
enum class protocol : std::uint8_t
{
    /// Opcode 1.
    udp = 1,
    /// Opcode 2.
    tcp = 2
};

/// The name of a protocol: "udp", "tcp", or "unknown" for any other value.
[[nodiscard]] constexpr std::string_view to_string(protocol value) noexcept
{
    return value == protocol::udp ? "udp" : value == protocol::tcp ? "tcp" : "unknown";
}

/// Writes to_string() of it.
template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, protocol value)
{
    return out << to_string(value);
}

/// A port as the caller gave it, in range or not.
///
/// It is made from any integer, so that 70000 is seen and refused (condition::invalid_argument)
/// instead of silently becoming 4464.
class port_number
{
public:
    /// Port 0.
    constexpr port_number() noexcept = default;

    /// Takes any integer; see valid().
    template <std::integral Integer>
    constexpr port_number(Integer value) noexcept // NOLINT(google-explicit-constructor)
        : value_(std::in_range<std::uint16_t>(value) ? static_cast<std::int32_t>(value) : -1)
    {}

    /// Whether the number is in 0..65535.
    [[nodiscard]] constexpr bool valid() const noexcept
    {
        return value_ >= 0;
    }

    /// The port, or 0 if the number was out of range.
    [[nodiscard]] constexpr std::uint16_t value() const noexcept
    {
        return valid() ? static_cast<std::uint16_t>(value_) : std::uint16_t{0};
    }

    friend constexpr bool operator==(port_number, port_number) noexcept = default;

private:
    std::int32_t value_ = 0;
};

/// What to ask the gateway for (RFC 6886, section 3.3).
struct map_request
{
    /// UDP or TCP; both for one port are two mappings.
    natpmp::protocol protocol = natpmp::protocol::tcp;

    /// The port the application listens on, 1..65535. Bind it before mapping it: the bind keeps the
    /// clean-up of a second run off a live mapping. 0 with gateway_assigns_port.
    port_number internal_port{};

    /// The external port to suggest; 0 suggests the internal port. The gateway may grant another,
    /// and that is success.
    port_number external_port{};

    /// The lifetime to ask for, 1..2^32-1 seconds. The gateway may grant another; the mapping is
    /// renewed at half of what it granted.
    std::chrono::seconds lifetime{7200};

    /// Whether to delete what a crashed run may have left behind before the first map request for
    /// this port. It may reset connections that are live over the old mapping. Not so with
    /// gateway_assigns_port.
    bool clean_up = true;

    /// Whether to go on asking after a first failure. The operation then completes with the first
    /// success, and events tell the failures. Only a process that has no file descriptor for a
    /// timer cannot wait: then it fails with the system's error.
    bool keep_trying = false;

    /// A deadline for this request, or for both of a pair, counted from its initiation, in
    /// milliseconds; empty: client_options::timeout; 0: none. At the deadline the operation
    /// completes with errc::timed_out. With keep_trying the mapping is wanted all the same: "tell
    /// me after 3 s, but go on"; each of a pair is then asked for on its own. More than a year
    /// counts as a year; a negative one is errc::invalid_timeout.
    std::optional<std::chrono::milliseconds> timeout{};

    /// Whether the gateway picks the external port and forwards it without an internal one, as VPN
    /// providers do that forward a port of their own choice. internal_port and external_port have
    /// to be 0 then: each request asks with internal port 0 and external port 1, and the answer
    /// tells the external port, which may change at any renewal (event_kind::endpoint_changed).
    ///
    /// Such a mapping is never deleted at the gateway, since a delete of internal port 0 deletes
    /// every mapping of the host (RFC 6886, section 3.4): unmapped, it is no longer renewed and
    /// runs out. There is one for each protocol; it is known by internal port 0.
    bool gateway_assigns_port = false;
};

/// What the gateway granted.
struct mapping
{
    /// UDP or TCP.
    natpmp::protocol protocol = natpmp::protocol::tcp;

    /// The port the application listens on; 0 if map_request::gateway_assigns_port.
    std::uint16_t internal_port = 0;

    /// The port that the Internet sees; it may differ from the one suggested.
    std::uint16_t external_port = 0;

    /// The address that the Internet sees; unspecified while the gateway does not tell. See
    /// publicly_routable().
    net::ip::address external_address{};

    /// The lifetime as granted, in seconds.
    std::chrono::seconds lifetime{0};

    /// Where the Internet reaches the port, as an endpoint of Asio's; its address is unspecified
    /// while the gateway does not tell. Call it as `made.external_endpoint<asio::ip::tcp>()`.
    ///
    /// @tparam InternetProtocol asio::ip::tcp or asio::ip::udp; there is one function for both, as
    ///         the type of the result cannot depend on the value of `protocol`.
    template <class InternetProtocol>
    [[nodiscard]] typename InternetProtocol::endpoint external_endpoint() const
    {
        return {external_address, external_port};
    }

    friend bool operator==(const mapping&, const mapping&) = default;
};

namespace detail {

inline std::string address_text(const net::ip::address& address, const char* unspecified)
{
    return address.is_unspecified() ? unspecified : address.to_string();
}

/// "tcp 6881"
inline std::string internal_text(const mapping& value)
{
    return std::string{to_string(value.protocol)} + ' ' + std::to_string(value.internal_port);
}

} // namespace detail

/// A mapping in words: "tcp 6881 -> 203.0.113.7:6881 for 7200 s"; "unknown" stands for an external
/// address that the gateway does not tell.
[[nodiscard]] inline std::string to_string(const mapping& value)
{
    return detail::internal_text(value) + " -> " +
           detail::address_text(value.external_address, "unknown") + ':' +
           std::to_string(value.external_port) + " for " + std::to_string(value.lifetime.count()) +
           " s";
}

/// Writes to_string() of it.
template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out,
                                             const mapping& value)
{
    return out << to_string(value);
}

/// A TCP and a UDP mapping of one internal port. Their external ports are the same whenever the
/// gateway gives it; compare them.
struct mapping_pair
{
    /// The TCP mapping.
    mapping tcp{};

    /// The UDP mapping.
    mapping udp{};

    friend bool operator==(const mapping_pair&, const mapping_pair&) = default;
};

/// Both mappings in words, with ", " in between.
[[nodiscard]] inline std::string to_string(const mapping_pair& value)
{
    return to_string(value.tcp) + ", " + to_string(value.udp);
}

/// Writes to_string() of it.
template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out,
                                             const mapping_pair& value)
{
    return out << to_string(value);
}

/// Where requests go, and from which address.
struct gateway
{
    /// The gateway's inside address.
    net::ip::address address{};

    /// The host's address that faces the gateway.
    net::ip::address local_address{};

    /// The index of the network interface that leads there; 0 if it is not known.
    std::uint32_t interface_index = 0;

    friend bool operator==(const gateway&, const gateway&) = default;
};

/// A gateway in words: "192.168.1.1 from 192.168.1.2, interface 3", without what is not known;
/// "none" if its address is unspecified.
[[nodiscard]] inline std::string to_string(const gateway& value)
{
    std::string result = detail::address_text(value.address, "none");
    if (!value.local_address.is_unspecified())
        result += " from " + value.local_address.to_string();
    if (value.interface_index != 0)
        result += ", interface " + std::to_string(value.interface_index);
    return result;
}

/// Writes to_string() of it.
template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out,
                                             const gateway& value)
{
    return out << to_string(value);
}

// GCC 12 destroys temporaries in a co_await expression twice unless that does nothing.
static_assert(std::is_trivially_destructible_v<map_request>);
static_assert(std::is_trivially_destructible_v<mapping_pair>);
static_assert(std::is_trivially_destructible_v<gateway>);

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_TYPES_HPP
