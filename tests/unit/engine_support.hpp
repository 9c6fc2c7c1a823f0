// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_UNIT_ENGINE_SUPPORT_HPP
#define NATPMP_TESTS_UNIT_ENGINE_SUPPORT_HPP

#include <natpmp/detail/engine.hpp>

#include "support/catch.hpp"
#include "unit/engine_packets.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace engine_test {

using namespace std::chrono_literals;

using natpmp::client_options;
using natpmp::errc;
using natpmp::error_code;
using natpmp::event_kind;
using natpmp::ignore_reason;
using natpmp::map_request;
using natpmp::result_code;
using natpmp::time_point;
using natpmp::detail::duration;
using natpmp::detail::operation;
using natpmp::detail::operation_kind;

using lines = std::vector<std::string>;

const time_point origin{987'654'321'123us}; // an arbitrary time, called 0 in the tests

/// A time since the start, in seconds: "127.75".
inline std::string text_of(time_point at)
{
    const auto micro = (at - origin).count();
    std::string result = std::to_string(micro / 1'000'000);
    if (auto rest = micro % 1'000'000) {
        std::string digits = std::to_string(rest);
        digits.insert(0, 6 - digits.size(), '0');
        digits.erase(digits.find_last_not_of('0') + 1);
        result += '.' + digits;
    }
    return result;
}

inline natpmp::gateway home()
{
    return {.address = natpmp::net::ip::make_address("192.168.1.1"),
            .local_address = natpmp::net::ip::make_address("192.168.1.2"),
            .interface_index = 3};
}

inline natpmp::gateway elsewhere()
{
    return {.address = natpmp::net::ip::make_address("10.9.0.1"),
            .local_address = natpmp::net::ip::make_address("10.9.0.77"),
            .interface_index = 4};
}

inline map_request tcp(std::uint16_t port)
{
    return {.protocol = protocol::tcp, .internal_port = port};
}

inline map_request udp(std::uint16_t port)
{
    return {.protocol = protocol::udp, .internal_port = port};
}

/// An engine with a clock, a network and a gateway that a test can script.
class driver
{
public:
    using script = std::function<bytes(const request&)>;

    natpmp::detail::engine core;
    time_point now = origin;
    std::optional<natpmp::gateway> route = home(); ///< what the host's routing table says
    std::uint32_t boot_epoch = 1000;               ///< the gateway's clock at the start
    duration delay{0};                             ///< from a datagram to its answer
    script gateway;                                ///< what it answers; conforming at first
    lines wire;                                    ///< "3600 map tcp 80 80 7200"
    std::vector<request> sent;
    std::vector<time_point> sent_at;

    explicit driver(const client_options& options = {}, std::uint32_t seed = 7)
        : core(options, seed), gateway([this](const request& asked) { return conforming(asked); })
    {}

    driver(const driver&) = delete;
    driver& operator=(const driver&) = delete;

    [[nodiscard]] std::uint32_t epoch() const
    {
        return boot_epoch + static_cast<std::uint32_t>((now - origin) / 1s);
    }

    [[nodiscard]] bytes conforming(const request& asked) const
    {
        if (asked.is_address())
            return address_answer("203.0.113.7", epoch());
        return map_answer(asked.kind(), asked.internal_port(), asked.external_port(),
                          asked.lifetime(), epoch());
    }

    void silence()
    {
        gateway = [](const request&) { return bytes{}; };
    }

    /// A conforming gateway again.
    void heal()
    {
        gateway = [this](const request& asked) { return conforming(asked); };
    }

    /// Answers every map request with this code, and nothing else.
    void refuse(std::uint16_t code)
    {
        gateway = [this, code](const request& asked) {
            if (!asked.is_create())
                return conforming(asked);
            return map_answer(asked.kind(), asked.internal_port(), 0, 0, epoch(), code);
        };
    }

    // Operations. Each starts one and lets the engine do what is due.

    operation& map(const map_request& what)
    {
        return start(operation_kind::map, what);
    }

    operation& map_pair(const map_request& what)
    {
        return start(operation_kind::map_pair, what);
    }

    operation& unmap(const map_request& what)
    {
        return start(operation_kind::unmap, what);
    }

    operation& address()
    {
        return start(operation_kind::address, {});
    }

    operation& wait_event()
    {
        return start(operation_kind::wait_event, {});
    }

    operation& shutdown(duration limit)
    {
        return start(operation_kind::shutdown, {}, limit);
    }

    operation& start(operation_kind kind, const map_request& what, duration limit = 0s)
    {
        operation& result = operations_.emplace_back(kind);
        result.request = what;
        result.limit = limit;
        core.start(result, now);
        step();
        return result;
    }

    void cancel(operation& what, bool total_only = false)
    {
        core.cancel(what, total_only, natpmp::net::error::operation_aborted, now);
        step();
    }

    // The network.

    /// Delivers a datagram of the gateway now.
    ignore_reason receive(const bytes& packet)
    {
        const ignore_reason reason = core.receive(packet, now);
        step();
        return reason;
    }

    ignore_reason announce(const bytes& packet, const std::string& from = "192.168.1.1")
    {
        const auto source = natpmp::net::ip::make_address(from);
        const ignore_reason reason = core.announcement(source, packet, now);
        step();
        return reason;
    }

    /// ICMP port unreachable.
    void refused()
    {
        core.refused(now);
        step();
    }

    void attach(const natpmp::gateway& found)
    {
        route = found;
        core.attach(found, now);
        step();
    }

    void detach()
    {
        route.reset();
        core.detach(errc::no_gateway, now);
        step();
    }

    void network_changed()
    {
        core.network_changed(now);
        step();
    }

    // Time.

    /// Does what is due now, as a client does: datagrams out, a gateway looked up if one is wanted.
    void step()
    {
        for (;;) {
            while (const natpmp::detail::packet* packet = core.advance(now))
                send({packet->view().begin(), packet->view().end()});
            if (core.take_recheck() && route)
                core.attach(*route, now);
            if (!core.wants_gateway(now))
                break;
            if (route)
                core.attach(*route, now);
            else
                core.detach(errc::no_gateway, now);
        }
        while (operation* done = core.take_finished())
            finished_.emplace(done, now);
    }

    /// Lets time pass until `at`, counted from the start of the test.
    void run_until(duration at)
    {
        const time_point end = origin + at;
        for (;;) {
            const time_point arrival =
                arriving_.empty() ? time_point::max() : arriving_.begin()->first;
            const time_point next = std::min(arrival, core.deadline());
            if (next > end)
                break;
            now = std::max(now, next);
            if (arrival <= now) {
                const bytes packet = arriving_.begin()->second;
                arriving_.erase(arriving_.begin());
                core.receive(packet, now);
            }
            step();
        }
        now = end;
        step();
    }

    void run_for(duration time)
    {
        run_until(now - origin + time);
    }

    /// Delivers what arrives at this very moment.
    void settle()
    {
        run_for(0s);
    }

    void deliver_after(duration time, const bytes& packet)
    {
        arriving_.emplace(now + time, packet);
    }

    // What came of it.

    /// When an operation completed, in seconds, or "pending"; "twice" if it did so twice.
    [[nodiscard]] std::string done_at(const operation& what) const
    {
        const auto count = finished_.count(&what);
        return count == 0  ? "pending"
               : count > 1 ? "twice"
                           : text_of(finished_.find(&what)->second);
    }

    /// The datagrams since the last call.
    lines take_wire()
    {
        return std::exchange(wire, {});
    }

    /// The events that a reader gets now: "mapped tcp 80 80".
    lines take_events()
    {
        lines result;
        while (const auto news = core.take_event())
            result.push_back(event_text(*news));
        return result;
    }

    [[nodiscard]] std::uint64_t ignored(ignore_reason why) const
    {
        return core.counters.ignored[static_cast<std::size_t>(why)];
    }

private:
    void send(const bytes& packet)
    {
        const request asked{packet};
        wire.push_back(text_of(now) + ' ' + asked.text());
        sent.push_back(asked);
        sent_at.push_back(now);
        if (const bytes answer = gateway(asked); !answer.empty())
            arriving_.emplace(now + delay, answer);
    }

    std::deque<operation> operations_;
    std::multimap<time_point, bytes> arriving_;
    std::multimap<const operation*, time_point> finished_;
};

/// The datagrams' times only.
inline lines times_of(const driver& world, std::size_t from = 0)
{
    lines result;
    for (std::size_t at = from; at < world.sent_at.size(); ++at)
        result.push_back(text_of(world.sent_at[at]));
    return result;
}

} // namespace engine_test

#endif // NATPMP_TESTS_UNIT_ENGINE_SUPPORT_HPP
