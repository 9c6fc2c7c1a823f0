// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What a client tells about itself: events, datagrams as an observer sees them, and its status.

#ifndef NATPMP_EVENT_HPP
#define NATPMP_EVENT_HPP

#include <natpmp/address.hpp>
#include <natpmp/error.hpp>
#include <natpmp/types.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {

/// The kinds of event.
enum class event_kind : std::uint8_t
{
    /// A mapping was made for the first time.
    mapped,
    /// The gateway extended a mapping.
    renewed,
    /// The public endpoint of a mapping is another one than was told before: its external port, the
    /// external address, or both. When the address changes each mapping has one.
    endpoint_changed,
    /// The external address is another one, or became known or unknown. No single mapping's event.
    address_changed,
    /// A renewal failed; the mapping is up until its lifetime ends.
    renewal_failing,
    /// The first attempts at a mapping that is to be kept trying failed; more follow.
    mapping_failing,
    /// The mapping's lifetime ended, or its gateway is no longer ours; it is asked for again.
    lost,
    /// A mapping that was lost is up again.
    restored,
    /// Another default gateway or local address; every mapping is made again there.
    gateway_changed,
    /// There is no gateway, or no way to it, or it changes too often to be used; the error tells.
    gateway_lost,
    /// There is a gateway again, after gateway_lost.
    gateway_found,
    /// The gateway has not answered for 4 s, counted from the first datagram without an answer.
    /// Told once until it answers again. The requests go on.
    no_response,
    /// The mapping was deleted. With an error: the gateway did not confirm it. One with
    /// map_request::gateway_assigns_port is no longer renewed, and runs out.
    unmapped,
    /// Announcements cannot be heard (another program has the port); everything else goes on.
    announcements_unavailable
};

/// The name of an event kind, as written in the enumeration.
[[nodiscard]] constexpr std::string_view to_string(event_kind kind) noexcept
{
    constexpr std::string_view names[] = {"mapped",
                                          "renewed",
                                          "endpoint_changed",
                                          "address_changed",
                                          "renewal_failing",
                                          "mapping_failing",
                                          "lost",
                                          "restored",
                                          "gateway_changed",
                                          "gateway_lost",
                                          "gateway_found",
                                          "no_response",
                                          "unmapped",
                                          "announcements_unavailable"};
    return static_cast<std::size_t>(kind) < std::size(names) ? names[static_cast<std::size_t>(kind)]
                                                             : "unknown";
}

/// Writes to_string() of it.
template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, event_kind kind)
{
    return out << to_string(kind);
}

/// The difference between what the reader of events last read and now.
struct event
{
    /// What happened.
    event_kind kind = event_kind::mapped;

    /// The mapping it happened to, as it is now. Where about_mapping() is false only
    /// external_address counts, and protocol and ports mean nothing.
    natpmp::mapping mapping{};

    /// Why: for renewal_failing, mapping_failing, lost, unmapped, gateway_lost, no_response and
    /// announcements_unavailable, and for address_changed when the gateway does not know it any
    /// more. Mapped, restored and endpoint_changed have one if a renewal has failed since.
    error_code error{};

    /// The gateway asked now; unspecified if there is none.
    net::ip::address gateway{};

    /// Whether the event speaks of one mapping, or of the client as a whole.
    [[nodiscard]] constexpr bool about_mapping() const noexcept
    {
        switch (kind) {
        case event_kind::address_changed:
        case event_kind::gateway_changed:
        case event_kind::gateway_lost:
        case event_kind::gateway_found:
        case event_kind::no_response:
        case event_kind::announcements_unavailable:
            return false;
        default:
            return true;
        }
    }
};

static_assert(std::is_trivially_destructible_v<event>);

/// An event in words: "renewed tcp 6881 -> 203.0.113.7:6881 for 7200 s", "lost tcp 6881",
/// "address_changed 203.0.113.7", "gateway_changed 192.168.1.1", each with ": " and the error's
/// message if there is one.
[[nodiscard]] inline std::string to_string(const event& value)
{
    std::string result{to_string(value.kind)};
    const bool ended = value.kind == event_kind::lost || value.kind == event_kind::unmapped;
    if (value.about_mapping())
        result +=
            ' ' + (ended || value.mapping.external_port == 0 ? detail::internal_text(value.mapping)
                                                             : to_string(value.mapping));
    else if (value.kind == event_kind::address_changed)
        result += ' ' + detail::address_text(value.mapping.external_address, "unknown");
    else if (value.kind == event_kind::gateway_changed)
        result += ' ' + detail::address_text(value.gateway, "none");
    if (value.error)
        result += ": " + value.error.message();
    return result;
}

/// Writes to_string() of it.
template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out,
                                             const event& value)
{
    return out << to_string(value);
}

/// Why a datagram was ignored (RFC 6886, sections 3.1 to 3.5).
enum class ignore_reason : std::uint8_t
{
    /// It was not ignored.
    none,
    /// It is not from the gateway.
    wrong_source,
    /// It is too short for what it says it is.
    too_short,
    /// Its version is neither NAT-PMP's nor an answer that tells of another.
    wrong_version,
    /// It is a request, or nothing was asked with this opcode.
    wrong_opcode,
    /// It is for another internal port than the one asked for.
    wrong_port,
    /// It answers a request of another kind, or one that was answered before.
    not_awaited
};

/// The number of values of ignore_reason.
constexpr std::size_t ignore_reason_count = 7;

/// The name of a reason, for logs.
[[nodiscard]] constexpr std::string_view to_string(ignore_reason reason) noexcept
{
    constexpr std::string_view names[ignore_reason_count] = {
        "none",         "wrong source", "too short",  "wrong version",
        "wrong opcode", "wrong port",   "not awaited"};
    const auto index = static_cast<std::size_t>(reason);
    return index < ignore_reason_count ? names[index] : "unknown";
}

/// Writes to_string() of it.
template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out,
                                             ignore_reason reason)
{
    return out << to_string(reason);
}

/// A datagram as the function set by set_observer() sees it. Valid only during the call.
struct datagram
{
    /// What became of it.
    enum class fate : std::uint8_t
    {
        /// It went to the gateway.
        sent,
        /// The system refused to send it, as where a firewall drops what the host sends; error
        /// tells why. For the request it counts as a datagram that was lost.
        not_sent,
        /// It came and was used.
        received,
        /// It came and was ignored; reason tells why.
        ignored
    };

    /// Sent or not, received and used, or received and ignored.
    fate what = fate::sent;

    /// Why it was ignored; none otherwise.
    ignore_reason reason = ignore_reason::none;

    /// Where it went or came from.
    net::ip::udp::endpoint peer{};

    /// Its bytes.
    std::span<const std::uint8_t> bytes{};

    /// Why the system did not send it; none otherwise.
    error_code error{};
};

/// What became of a datagram, for logs: "sent", "not sent", "received" or "ignored".
[[nodiscard]] constexpr std::string_view to_string(datagram::fate what) noexcept
{
    constexpr std::string_view names[] = {"sent", "not sent", "received", "ignored"};
    const auto index = static_cast<std::size_t>(what);
    return index < std::size(names) ? names[index] : "unknown";
}

/// Writes to_string() of it.
template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out,
                                             datagram::fate what)
{
    return out << to_string(what);
}

/// A client's counters and its view of the network.
struct status
{
    /// Datagrams sent, retransmissions included.
    std::uint64_t sent = 0;
    /// Datagrams sent again for want of an answer.
    std::uint64_t retransmitted = 0;
    /// Datagrams that the system refused to send.
    std::uint64_t not_sent = 0;
    /// Datagrams received and used.
    std::uint64_t received = 0;
    /// Datagrams received and ignored, by ignore_reason.
    std::array<std::uint64_t, ignore_reason_count> ignored{};
    /// Renewals granted.
    std::uint64_t renewals = 0;
    /// Losses of state noticed at the gateway (RFC 6886, section 3.6).
    std::uint64_t resets = 0;
    /// The number of mappings that are up.
    std::size_t up = 0;
    /// The number of mappings that are to be kept, up or not.
    std::size_t kept = 0;
    /// The gateway and the local address in use; unspecified while there is none, and while the
    /// client rests.
    natpmp::gateway gateway{};
    /// The external address; unspecified while it is not known.
    net::ip::address external_address{};
    /// What kind of address that is: anything but routable tells of a second NAT or of a gateway
    /// that is not connected.
    address_kind external_address_kind = address_kind::unknown;
    /// Why the external address is not known, if the gateway was asked for it and did not tell:
    /// result_code::network_failure also for 0.0.0.0.
    error_code external_address_error{};
    /// Whether the gateway has not answered for 4 s; false again once it answers.
    bool no_response = false;
    /// The last failure of a request, of sending it, or of finding a gateway; none once the same
    /// has succeeded.
    error_code last_error{};
    /// How long until the client next has something to do; empty if it waits for others only.
    std::optional<std::chrono::microseconds> next_due{};
};

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_EVENT_HPP
