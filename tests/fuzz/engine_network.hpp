// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The world of the fuzzed engine: a clock, the host's route, two gateways, and answers on their
// way.

#pragma once

#include "fuzz/support.hpp"

#include <natpmp/detail/core/turn.hpp>
#include <natpmp/testing/gateway_model.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <vector>

namespace fuzz {

using namespace std::chrono_literals;
using natpmp::time_point;
using natpmp::detail::duration;
using natpmp::detail::mapping_key;
namespace net = natpmp::net;
namespace testing = natpmp::testing;

constexpr net::ip::address_v4::uint_type home_address = 0xC0A80101, away_address = 0x0A090001;

/// What the routing table may say; without a gateway's address: nothing.
inline natpmp::gateway route_of(unsigned which)
{
    using net::ip::address_v4;
    const natpmp::gateway routes[] = {
        {address_v4{home_address}, address_v4{0xC0A80102}, 3}, // 192.168.1.2
        {address_v4{away_address}, address_v4{0x0A09004D}, 4}, // 10.9.0.77
        {address_v4{home_address}, address_v4{0xC0A80103}, 3}, // another address of our own
        {address_v4{home_address}, address_v4{0xC6336409}, 3}, // a public one, 198.51.100.9
        {},
    };
    return routes[which % std::size(routes)];
}

constexpr duration times[] = {0s,  1us, 1ms,  100ms, 249ms, 250ms, 500ms, 1s,  1750ms, 5s,
                              10s, 64s, 128s, 5min,  30min, 1h,    3h,    24h, 720h,   17520h};

constexpr std::uint32_t lifetimes[] = {7200, 3600, 60, 1, 2, 120, 86400, 0xFFFFFFFF, 0};

constexpr std::uint16_t codes[] = {0, 2, 3, 4, 5, 1, 6, 256, 65535};

class network
{
public:
    network()
    {
        for (auto& each : gateways_) {
            each.settings.recorded_requests = 1;
            each.settings.epoch = 1000s;
        }
    }

    [[nodiscard]] time_point now() const noexcept
    {
        return now_;
    }

    void set_now(time_point now) noexcept
    {
        now_ = std::max(now_, now);
    }

    /// What the routing table says.
    [[nodiscard]] const natpmp::gateway& host() const noexcept
    {
        return host_;
    }

    void set_host(const natpmp::gateway& route)
    {
        host_ = route;
    }

    /// The gateway at this address.
    [[nodiscard]] testing::gateway_model& gateway(const net::ip::address& address) noexcept
    {
        return gateways_[address == net::ip::address_v4{away_address} ? 1 : 0];
    }

    /// Takes a datagram to the gateway; its answers will arrive.
    void send(const natpmp::gateway& to, bytes_view bytes)
    {
        last_request_.assign(bytes.begin(), bytes.end());
        for (auto& reply : gateway(to.address).handle(to.local_address.to_v4(), bytes, now_))
            if (!reply.from_wrong_address && !reply.from_wrong_port)
                arriving_.emplace(now_ + reply.delay, std::move(reply));
    }

    [[nodiscard]] time_point next_arrival() const noexcept
    {
        return arriving_.empty() ? natpmp::detail::never : arriving_.begin()->first;
    }

    [[nodiscard]] testing::gateway_reply take_arrival()
    {
        auto reply = std::move(arriving_.begin()->second);
        arriving_.erase(arriving_.begin());
        return reply;
    }

    /// Another socket: what is on its way to the old one is lost.
    void forget_arrivals() noexcept
    {
        arriving_.clear();
    }

    /// An answer to the last request, good or with something wrong. Zeros make a good one.
    [[nodiscard]] std::vector<std::uint8_t> answer(input& from)
    {
        if (last_request_.empty())
            return {};
        const std::uint16_t code = from.one_of(codes);
        const std::uint32_t epoch = any_epoch(from);
        const bool maps = last_request_.size() == 12;
        const unsigned oddness = from.byte();
        const auto opcode = static_cast<std::uint8_t>((last_request_[1] | 0x80) ^ (oddness & 3));
        if (code == 5 && (oddness & 4) != 0)
            return testing::gateway_packet::echo(last_request_);
        testing::gateway_packet packet(opcode, code, epoch);
        if (maps) {
            auto told = testing::gateway_map_fields::read(last_request_);
            const unsigned changes = from.byte();
            if ((changes & 1) != 0)
                told.internal_port = from.word();
            if ((changes & 2) != 0)
                told.external_port = from.word();
            if ((changes & 4) != 0)
                told.lifetime = from.one_of(lifetimes);
            packet.two(told.internal_port).two(told.external_port).four(told.lifetime);
        } else {
            packet.four((oddness & 8) != 0 ? from.number() : 0xCB007107);
        }
        const std::size_t whole = maps ? 16 : 12;
        return packet.take((oddness & 16) != 0 ? from.byte() % whole : whole);
    }

    [[nodiscard]] std::vector<std::uint8_t> announcement(input& from)
    {
        const std::uint32_t epoch = any_epoch(from);
        const unsigned oddness = from.byte();
        if ((oddness & 0xF0) == 0xF0)
            return testing::gateway_packet::pcp(0, 0, 0, epoch, 24);
        testing::gateway_packet packet(0x80, from.one_of(codes), epoch);
        packet.four((oddness & 1) != 0 ? from.number() : 0xCB007107);
        return packet.take((oddness & 2) != 0 ? from.byte() % 12 : 12);
    }

    /// What the gateway may choose, and its accidents.
    void change_gateway(input& from)
    {
        auto& model = gateway(host_.address);
        switch (from.byte() % 6) {
        case 0:
            model.reboot(now_);
            break;
        case 1:
            model.settings.min_lifetime = std::chrono::seconds{from.one_of(lifetimes)};
            model.settings.max_lifetime = model.settings.min_lifetime;
            break;
        case 2:
            model.settings.ports = testing::port_policy{static_cast<std::uint8_t>(from.byte() % 3)};
            break;
        case 3:
            model.settings.external_address = net::ip::address_v4{from.number()};
            break;
        case 4:
            model.settings.capacity = from.byte();
            break;
        default:
            model.table.clear();
        }
    }

    /// One fault comes or goes.
    void break_gateway(input& from)
    {
        auto& faults = gateway(host_.address).faults;
        testing::fault_switch* const switches[] = {
            &faults.drop,         &faults.drop_reply,          &faults.port_unreachable,
            &faults.ignore_maps,  &faults.ignore_deletes,      &faults.ignore_address_requests,
            &faults.stale_errors, &faults.wrong_internal_port, &faults.short_errors,
            &faults.zero_address, &faults.zero_external_port,  &faults.zero_lifetime,
            &faults.move_ports,   &faults.unsupported_version, &faults.unsupported_opcode,
        };
        constexpr std::size_t pcp_lengths[] = {0, 2, 12, 24};
        const unsigned which = from.byte() % 24;
        if (which < std::size(switches))
            *switches[which] = testing::fault_switch::times(from.byte());
        else if (which == 15)
            faults.refuse_maps = from.one_of(codes);
        else if (which == 16)
            faults.refuse_deletes = from.one_of(codes);
        else if (which == 17)
            faults.refuse_address_requests = from.one_of(codes);
        else if (which == 18)
            faults.delay = from.one_of(times);
        else if (which == 19)
            faults.duplicates = from.byte() % 4, faults.duplicate_gap = from.one_of(times);
        else if (which == 20)
            faults.pcp_reply_length = from.one_of(pcp_lengths);
        else if (which == 21)
            faults.clock_percent = from.byte();
        else if (which == 22)
            faults.epoch_jump = std::chrono::seconds{static_cast<std::int16_t>(from.word())};
        else
            faults = {};
    }

    /// Nothing is wrong any more.
    void heal()
    {
        for (auto& each : gateways_) {
            each.faults = {};
            each.settings = {};
            each.settings.min_lifetime = 1h;
            each.settings.recorded_requests = 1;
        }
    }

private:
    std::uint32_t any_epoch(input& from)
    {
        const std::uint32_t honest = gateway(host_.address).epoch(now_);
        switch (from.byte() % 6) {
        case 1:
            return 0;
        case 2:
            return honest - 3;
        case 3:
            return honest + from.word();
        case 4:
            return from.number();
        default:
            return honest;
        }
    }

    time_point now_{987'654'321'123us};
    natpmp::gateway host_ = route_of(0);
    testing::gateway_model gateways_[2] = {testing::gateway_model(now_),
                                           testing::gateway_model(now_)};
    std::multimap<time_point, testing::gateway_reply> arriving_;
    std::vector<std::uint8_t> last_request_;
};

} // namespace fuzz
