// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// gateway_model: a NAT-PMP gateway as a function of datagrams and time, for tests.

#ifndef NATPMP_TESTING_GATEWAY_MODEL_HPP
#define NATPMP_TESTING_GATEWAY_MODEL_HPP

#include <natpmp/detail/asio.hpp>
#include <natpmp/detail/core/time.hpp>
#include <natpmp/testing/gateway_faults.hpp>
#include <natpmp/testing/gateway_packets.hpp>
#include <natpmp/testing/gateway_ports.hpp>
#include <natpmp/testing/gateway_table.hpp>
#include <natpmp/types.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace testing {

/// A NAT-PMP gateway (RFC 6886) without sockets and clock: datagrams and the time go in, answers
/// come out.
///
/// It keeps to the RFC unless a fault is set. It shares no code with the library's own packet
/// handling, so that an error there cannot hide here. Nothing in it depends on chance. The times
/// passed in must not go back. Not thread-safe.
class gateway_model
{
public:
    /// When the ten announcements of a restart are sent, counted from it (RFC 6886, section 3.2.1).
    static constexpr std::array<platform_clock::duration, 10> announcement_times = [] {
        std::array<platform_clock::duration, 10> times{};
        for (std::size_t i = 1; i < times.size(); ++i)
            times[i] = 2 * times[i - 1] + std::chrono::milliseconds{250};
        return times;
    }();

    /// A gateway whose "seconds since start of epoch" are settings.epoch at this time.
    explicit gateway_model(time_point now, const gateway_settings& initial = {})
        : settings(initial),
          clock_at_(now),
          clock_(std::chrono::microseconds{initial.epoch}.count() * 100),
          ports_(initial.first_high_port)
    {}

    /// What the gateway may choose within the RFC; may be changed at any time.
    gateway_settings settings;

    /// What it does wrong; may be changed at any time, and counts down what is set for a number of
    /// packets.
    gateway_faults faults{};

    /// The mappings it holds.
    gateway_table table{};

    /// The requests that reached it, lost and malformed ones included, oldest first; at most
    /// settings.recorded_requests. May be cleared.
    std::deque<gateway_request> requests{};

    /// Takes a datagram that a host sent to the gateway's NAT-PMP port.
    ///
    /// @param source   the host's address
    /// @param request  its bytes, whatever they are
    /// @param now      when it arrived
    /// @return         what comes back, in the order in which it is sent; often one, perhaps none
    std::vector<gateway_reply> handle(const net::ip::address_v4& source,
                                      std::span<const std::uint8_t> request, time_point now)
    {
        requests.push_back({now, source, {request.begin(), request.end()}});
        while (requests.size() > settings.recorded_requests)
            requests.pop_front();
        advance(now);

        std::vector<gateway_reply> replies;
        if (faults.drop.take())
            return replies;
        gateway_reply reply{.delay = faults.delay};
        if (faults.port_unreachable.take()) {
            reply.port_unreachable = true;
            replies.push_back(reply);
            return replies;
        }
        reply.bytes = answer(source, request, now);
        if (reply.bytes.empty() || faults.drop_reply.take())
            return replies;
        reply.from_wrong_address = faults.wrong_address.take();
        reply.from_wrong_port = faults.wrong_port.take();
        for (std::uint32_t copy = 0; copy <= faults.duplicates; ++copy) {
            replies.push_back(reply);
            reply.delay += faults.duplicate_gap;
        }
        return replies;
    }

    /// "Seconds since start of epoch" as the gateway tells them at this time.
    [[nodiscard]] std::uint32_t epoch(time_point now) const
    {
        return static_cast<std::uint32_t>(clock(now) / 100'000'000 + faults.epoch_jump.count());
    }

    /// Restarts the gateway: its mappings are gone, except the administrator's, and its epoch
    /// begins at 0. What it announces then, and when, is the caller's: see announcement_times.
    void reboot(time_point now)
    {
        table.clear();
        clock_at_ = now;
        clock_ = 0;
        ports_ = gateway_ports(settings.first_high_port);
    }

    /// The announcement to send to 224.0.0.1 port 5350 at this time (RFC 6886, section 3.2.1).
    [[nodiscard]] std::vector<std::uint8_t> announcement(time_point now)
    {
        advance(now);
        return address_answer(now);
    }

    /// PCP's announcement (RFC 6887, section 14.1.2), 24 bytes, which is all that miniupnpd sends
    /// when it starts.
    [[nodiscard]] std::vector<std::uint8_t> pcp_announcement(time_point now) const
    {
        return gateway_packet::pcp(0, 0, 0, epoch(now), 24);
    }

private:
    // Hundredths of a microsecond of the epoch, so that a percentage leaves no rounding behind.
    [[nodiscard]] std::int64_t clock(time_point now) const
    {
        return clock_ + std::chrono::microseconds{now - clock_at_}.count() * faults.clock_percent;
    }

    void advance(time_point now)
    {
        clock_ = clock(now);
        clock_at_ = now;
    }

    using bytes = std::vector<std::uint8_t>;
    using fields = gateway_map_fields;

    static constexpr std::uint16_t unsupported_version = 1, not_authorized = 2, network_failure = 3,
                                   out_of_resources = 4;

    [[nodiscard]] gateway_packet packet(unsigned opcode, std::uint16_t code, time_point now) const
    {
        return {static_cast<std::uint8_t>(opcode), code, epoch(now)};
    }

    bytes answer(const net::ip::address_v4& source, std::span<const std::uint8_t> request,
                 time_point now)
    {
        // What has the top bit set is a response, of whatever version, and answering it could go on
        // for ever.
        if (request.size() < 2 || request[1] >= 0x80)
            return {};
        const std::uint8_t opcode = request[1];
        if (const std::size_t length = faults.pcp_reply_length; length != 0)
            return gateway_packet::pcp(opcode, length == 12 ? 2 : 1, 1800, epoch(now), length);
        if (request[0] != 0 || faults.unsupported_version.take())
            return packet(faults.unsupported_version_opcode, unsupported_version, now).take();
        if (opcode > 2 || faults.unsupported_opcode.take())
            return gateway_packet::echo(request);
        if (opcode == 0)
            return faults.ignore_address_requests.take() ? bytes{} : address_answer(now);
        if (request.size() < 12)
            return {};
        const fields asked = fields::read(request);
        if (asked.lifetime == 0)
            return faults.ignore_deletes.take() ? bytes{} : delete_answer(source, asked, now);
        return faults.ignore_maps.take() ? bytes{} : map_answer(source, asked, now);
    }

    bytes address_answer(time_point now)
    {
        std::uint16_t code = faults.refuse_address_requests;
        if (code == 0 && settings.external_address.is_unspecified() && !faults.zero_address)
            code = network_failure;
        const bool hidden = code == 0 ? faults.zero_address.take() : !faults.stale_errors.take();
        const bool cut = code != 0 && faults.short_errors.take();
        return packet(0x80, code, now)
            .four(hidden ? 0 : settings.external_address.to_uint())
            .take(cut ? 8 : 12);
    }

    gateway_packet map_packet(std::uint16_t code, const fields& told, time_point now)
    {
        std::uint16_t internal_port = told.internal_port;
        if (faults.wrong_internal_port.take())
            internal_port = static_cast<std::uint16_t>(
                internal_port > 0xFF ? internal_port & 0xFF : internal_port + 0x100);
        return packet(told.opcode | 0x80U, code, now)
            .two(internal_port)
            .two(told.external_port)
            .four(told.lifetime);
    }

    bytes refusal(std::uint16_t code, fields asked, time_point now)
    {
        if (!faults.stale_errors.take())
            asked.external_port = 0, asked.lifetime = 0;
        return map_packet(code, asked, now).take(faults.short_errors.take() ? 8 : 16);
    }

    bytes delete_answer(const net::ip::address_v4& source, const fields& asked, time_point now)
    {
        if (faults.refuse_deletes != 0)
            return refusal(faults.refuse_deletes, asked, now);
        const natpmp::protocol protocol{asked.opcode};
        const bool gone = asked.internal_port == 0
                              ? table.remove_all_of(source, protocol)
                              : table.remove(source, protocol, asked.internal_port);
        if (!gone)
            return refusal(not_authorized, asked, now);
        return map_packet(0, {asked.opcode, asked.internal_port, 0, 0}, now).take();
    }

    bytes map_answer(const net::ip::address_v4& source, const fields& asked, time_point now)
    {
        if (faults.refuse_maps != 0)
            return refusal(faults.refuse_maps, asked, now);
        // RFC 6886 does not say what a lifetime for port 0 means; miniupnpd answers so.
        const bool assigned = asked.internal_port == 0;
        if (assigned && !settings.assigns_ports)
            return refusal(not_authorized, asked, now);

        const natpmp::protocol protocol{asked.opcode};
        auto known = table.find(source, protocol, asked.internal_port, now);
        if (assigned && known && !known->manual && faults.move_ports.take()) {
            for (const auto each : {natpmp::protocol::udp, natpmp::protocol::tcp})
                table.remove(source, each, 0);
            known.reset();
        }
        const bool manual = known && known->manual;
        const bool full = !known && table.size(now) >= settings.capacity;
        std::optional<std::uint16_t> port;
        if (known && (manual || !faults.move_ports.take()))
            port = known->external_port;
        else if (!full)
            port = ports_.choose(settings, table, source, asked, known, now);
        if (!port)
            return refusal(out_of_resources, asked, now);

        fields granted{asked.opcode, asked.internal_port, *port, granted_lifetime(asked.lifetime)};
        if (assigned && asked.external_port == 0)
            granted.internal_port = *port;
        const time_point expiry = now + std::chrono::seconds{granted.lifetime};
        if (faults.zero_external_port.take())
            granted.external_port = 0;
        if (faults.zero_lifetime.take())
            granted.lifetime = 0;
        if (granted.external_port != 0 && granted.lifetime != 0 && !manual)
            table.put({source, protocol, asked.internal_port, *port, expiry}, now);
        return map_packet(0, granted, now).take();
    }

    [[nodiscard]] std::uint32_t granted_lifetime(std::uint32_t asked) const
    {
        const std::int64_t wanted =
            std::max<std::int64_t>(std::min<std::int64_t>(asked, settings.max_lifetime.count()),
                                   settings.min_lifetime.count());
        return static_cast<std::uint32_t>(
            std::clamp<std::int64_t>(wanted, 1, std::numeric_limits<std::uint32_t>::max()));
    }

    time_point clock_at_;
    std::int64_t clock_;
    gateway_ports ports_;
};

} // namespace testing
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_TESTING_GATEWAY_MODEL_HPP
