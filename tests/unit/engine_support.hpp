// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_UNIT_ENGINE_SUPPORT_HPP
#define NATPMP_TESTS_UNIT_ENGINE_SUPPORT_HPP

#include "unit/engine_network.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace engine_test {

/// An engine with a clock, a network and a gateway that a test can script.
class driver : public network
{
public:
    natpmp::detail::engine core;
    std::optional<natpmp::gateway> route = home(); ///< what the host's routing table says
    duration lateness{0};                          ///< by which each timer fires late
    bool blocked = false; ///< whether the application keeps the loop from running

    explicit driver(const client_options& options = {}, std::uint32_t seed = 7)
        : core(options, seed)
    {}

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
        turn();
        return result;
    }

    void cancel(operation& what, bool total_only = false)
    {
        core.cancel(what, total_only, natpmp::net::error::operation_aborted, now);
        turn();
    }

    void cancel_all()
    {
        core.cancel_all(now);
        turn();
    }

    // The network.

    /// Delivers a datagram of the gateway now.
    ignore_reason receive(const bytes& packet)
    {
        const ignore_reason reason = core.receive(packet, {now, now});
        step();
        return reason;
    }

    ignore_reason announce(const bytes& packet, const std::string& from = "192.168.1.1")
    {
        const auto source = natpmp::net::ip::make_address(from);
        const ignore_reason reason = core.announcement(source, packet, {now, now});
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
        route = where_ = found;
        core.on_gateway(found, now);
        step();
    }

    void detach()
    {
        route.reset();
        where_.reset();
        core.on_no_gateway(errc::no_gateway, now);
        step();
    }

    void network_changed()
    {
        core.network_changed(now);
        step();
    }

    // Time.

    /// A turn of the client's loop, unless that is kept from running: takes in what arrived, then
    /// does what is due.
    void turn()
    {
        if (blocked)
            return;
        for (; !arriving.empty() && arriving.begin()->first <= now; looked_at_ = now) {
            const bytes packet = arriving.begin()->second;
            arriving.erase(arriving.begin());
            core.receive(packet, {looked_at_, now});
        }
        looked_at_ = now;
        step();
    }

    /// The loop stands still for a while; what arrives lies in the socket.
    void stand_still(duration time)
    {
        now += time;
        turn();
    }

    /// Does what is due now, as a client does: datagrams out, a gateway looked up if one is wanted.
    void step()
    {
        do {
            find_gateway();
            while (const natpmp::detail::packet* packet = core.advance(now))
                send({packet->view().begin(), packet->view().end()});
        } while (core.wants_gateway(now));
        while (operation* done = core.take_finished())
            finished_.emplace(done, now);
    }

    /// Lets time pass until `at`, counted from the start of the test.
    void run_until(duration at)
    {
        const time_point end = origin + at;
        for (;;) {
            const time_point arrival =
                arriving.empty() ? time_point::max() : arriving.begin()->first;
            const time_point due = core.deadline();
            const time_point next =
                std::min(arrival, due == time_point::max() ? due : due + lateness);
            if (next > end)
                break;
            now = std::max(now, next);
            turn();
        }
        now = end;
        turn();
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

    // What came of it.

    /// When an operation completed, in seconds, or "pending"; "twice" if it did so twice.
    [[nodiscard]] std::string done_at(const operation& what) const
    {
        const auto count = finished_.count(&what);
        return count == 0  ? "pending"
               : count > 1 ? "twice"
                           : text_of(finished_.find(&what)->second);
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
    void find_gateway()
    {
        const bool doubts = core.take_recheck(now);
        if ((!doubts && !core.wants_gateway(now)) || (doubts && route && route == where_))
            return;
        where_ = route;
        if (route)
            core.on_gateway(*route, now);
        else
            core.on_no_gateway(errc::no_gateway, now);
    }

    std::optional<natpmp::gateway> where_; ///< the gateway that the engine was told of
    time_point looked_at_ = origin;        ///< when nothing was left to read
    std::deque<operation> operations_;
    std::multimap<const operation*, time_point> finished_;
};

} // namespace engine_test

#endif // NATPMP_TESTS_UNIT_ENGINE_SUPPORT_HPP
