// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What a model gateway can be told: its settings, which keep to RFC 6886, and its faults.

#ifndef NATPMP_TESTING_GATEWAY_FAULTS_HPP
#define NATPMP_TESTING_GATEWAY_FAULTS_HPP

#include <natpmp/detail/asio.hpp>
#include <natpmp/detail/core/time.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace testing {

/// Which external port a gateway gives to a new mapping, if it is free; else the next free one.
enum class port_policy : std::uint8_t
{
    /// The one suggested; for the suggestion 0 a high one of its choice.
    suggested,
    /// The one suggested; for the suggestion 0 the internal port, as miniupnpd does.
    suggested_or_internal,
    /// A high one of its choice, whatever is suggested.
    own_choice
};

/// What a gateway may choose for itself within RFC 6886.
struct gateway_settings
{
    /// The external address; unspecified: the gateway has none now, and answers code 3.
    net::ip::address_v4 external_address{0xCB007107}; // 203.0.113.7

    /// The least lifetime granted, in seconds. Above 1 s it grants more than some ask for, which
    /// RFC 6886, section 3.3, says a gateway should not do.
    std::chrono::seconds min_lifetime{1};

    /// The greatest lifetime granted, in seconds, at most 2^32-1; equal to min_lifetime: every
    /// lifetime is this one.
    std::chrono::seconds max_lifetime{86400};

    /// "Seconds since start of epoch" when the model is made; a reboot begins at 0.
    std::chrono::seconds epoch{0};

    /// How external ports are chosen.
    port_policy ports = port_policy::suggested;

    /// Whether it assigns ports, as VPNs that forward one do: a map request for internal port 0 is
    /// not refused but gets a high port of the gateway's choice, the same for both protocols of the
    /// host. The answer tells internal port 0, or, if external port 0 was asked for, the external
    /// port in its place. A delete of internal port 0 is still that of all (RFC 6886, section 3.4).
    bool assigns_ports = false;

    /// The first of the ports of its choice; they count up from here, without chance.
    std::uint16_t first_high_port = 49152;

    /// The number of mappings beyond which it answers code 4.
    std::size_t capacity = 65536;

    /// The number of requests kept in the record; the oldest are dropped first.
    std::size_t recorded_requests = 4096;
};

/// The settings of a VPN that forwards a port, as the users of ProtonVPN describe theirs: it
/// assigns ports, suggestions do not matter, and every lifetime is 60 s. For another port on demand
/// set gateway_faults::move_ports.
[[nodiscard]] inline gateway_settings port_forwarding_vpn()
{
    gateway_settings result;
    result.min_lifetime = result.max_lifetime = std::chrono::seconds{60};
    result.ports = port_policy::own_choice;
    result.assigns_ports = true;
    return result;
}

/// For how many of the next packets a fault holds: none, all, or a number that counts down.
class fault_switch
{
public:
    /// Off.
    constexpr fault_switch() noexcept = default;

    /// On or off for good. A template, so that no number is taken for a bool.
    template <std::same_as<bool> Bool>
    constexpr fault_switch(Bool on) noexcept // NOLINT(google-explicit-constructor)
        : left_(on ? always : 0)
    {}

    /// On for this many of the next packets that the fault is about.
    [[nodiscard]] static constexpr fault_switch times(std::uint32_t count) noexcept
    {
        fault_switch result;
        result.left_ = count;
        return result;
    }

    /// Whether the fault holds for the next packet.
    [[nodiscard]] constexpr explicit operator bool() const noexcept
    {
        return left_ != 0;
    }

    /// Whether the fault holds for this packet, which is counted.
    [[nodiscard]] constexpr bool take() noexcept
    {
        if (left_ == 0)
            return false;
        if (left_ != always)
            --left_;
        return true;
    }

    friend constexpr bool operator==(fault_switch, fault_switch) noexcept = default;

private:
    static constexpr std::uint32_t always = std::numeric_limits<std::uint32_t>::max();

    std::uint32_t left_ = 0;
};

/// What a gateway does wrong, or the network on the way to it; by default nothing. Short, long and
/// fixed lifetimes are in gateway_settings.
struct gateway_faults
{
    /// Requests are lost: nothing is done, nothing answered.
    fault_switch drop{};
    /// Answers are lost: what was asked for is done.
    fault_switch drop_reply{};
    /// Requests are answered with ICMP port unreachable.
    fault_switch port_unreachable{};
    /// How long every answer takes.
    platform_clock::duration delay{0};
    /// How many further times every answer is sent.
    std::uint32_t duplicates = 0;
    /// The time from one copy of an answer to the next.
    platform_clock::duration duplicate_gap{0};
    /// Answers come from another host's address.
    fault_switch wrong_address{};
    /// Answers come from another port.
    fault_switch wrong_port{};

    /// Map requests (not deletes) are neither carried out nor answered.
    fault_switch ignore_maps{};
    /// Deletes are neither carried out nor answered.
    fault_switch ignore_deletes{};
    /// Address requests are not answered.
    fault_switch ignore_address_requests{};
    /// The result code that map requests are refused with; 0: they are not refused.
    std::uint16_t refuse_maps = 0;
    /// The result code that deletes are refused with; 0: they are not refused.
    std::uint16_t refuse_deletes = 0;
    /// The result code that address requests are refused with; 0: they are not refused. It shows in
    /// announcements too.
    std::uint16_t refuse_address_requests = 0;

    /// Answers about mappings name another internal port: the low byte of the true one, or, if that
    /// is the same, 256 more.
    fault_switch wrong_internal_port{};
    /// Refusals repeat the external port and lifetime asked for, or tell the external address.
    fault_switch stale_errors{};
    /// Refusals are cut to 8 bytes.
    fault_switch short_errors{};
    /// The external address is told as 0.0.0.0, with success.
    fault_switch zero_address{};
    /// Map requests succeed with external port 0; nothing is mapped.
    fault_switch zero_external_port{};
    /// Map requests succeed with lifetime 0; nothing is mapped.
    fault_switch zero_lifetime{};
    /// A known mapping is moved to another external port by each request for it; an assigned port
    /// (gateway_settings::assigns_ports) is so for both protocols at once.
    fault_switch move_ports{};

    /// Requests get version 0, result 1, 8 bytes, as if the gateway did not know version 0.
    fault_switch unsupported_version{};
    /// The opcode byte of that answer. RFC 6886 as printed says 0x00, its erratum 0x80; 0x81 and
    /// 0x82 are seen too.
    std::uint8_t unsupported_version_opcode = 0x80;
    /// Requests are echoed with result 5, as if the gateway did not know the opcode. The other form
    /// of code 5, with the fields of an ordinary refusal, is refuse_maps = 5.
    fault_switch unsupported_opcode{};
    /// Answers are those of a server that knows PCP only, this many bytes of them: 2, 12 or 24; 0:
    /// they are not. Those of 12 bytes say result 2, the others 1, as seen in the wild.
    std::size_t pcp_reply_length = 0;

    /// The speed of the epoch's clock in percent: 0 stuck, 88 slow by 12 %, 113 fast by 13 %. A
    /// change counts from the model's last packet on.
    std::int32_t clock_percent = 100;
    /// What is added to the true "seconds since start of epoch", in seconds; negative: it steps
    /// back with no state lost.
    std::chrono::seconds epoch_jump{0};
};

static_assert(std::is_trivially_destructible_v<gateway_settings>);
static_assert(std::is_trivially_destructible_v<gateway_faults>);

} // namespace testing
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_TESTING_GATEWAY_FAULTS_HPP
