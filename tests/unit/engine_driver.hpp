// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_UNIT_ENGINE_DRIVER_HPP
#define NATPMP_TESTS_UNIT_ENGINE_DRIVER_HPP

// The engine of the client, driven by a test in virtual time. Tests reach it through this alone.

#include <natpmp/detail/core/turn.hpp>

#include "support/catch.hpp"
#include "unit/engine_network.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace engine_test {

using natpmp::client_options;
using natpmp::errc;
using natpmp::error_code;
using natpmp::event_kind;
using natpmp::ignore_reason;
using natpmp::map_request;
using natpmp::result_code;
using natpmp::detail::never;
using natpmp::detail::operation;
using natpmp::detail::operation_kind;

const error_code aborted = natpmp::net::error::operation_aborted;

// The gateways that the tests speak of.

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

// What an application asks for: keep_trying(without_clean_up(tcp(80))).

inline map_request tcp(std::uint16_t port)
{
    return {.protocol = protocol::tcp, .internal_port = port};
}

inline map_request udp(std::uint16_t port)
{
    return {.protocol = protocol::udp, .internal_port = port};
}

inline map_request without_clean_up(map_request what)
{
    what.clean_up = false;
    return what;
}

inline map_request keep_trying(map_request what)
{
    what.keep_trying = true;
    return what;
}

/// "mapped tcp 80 8080", "address_changed 203.0.113.8", "lost tcp 80: the error".
inline std::string event_text(const natpmp::event& news)
{
    std::string result{to_string(news.kind)};
    if (news.about_mapping())
        result += ' ' + std::string{to_string(news.mapping.protocol)} + ' ' +
                  std::to_string(news.mapping.internal_port) + ' ' +
                  std::to_string(news.mapping.external_port);
    else if (news.kind == natpmp::event_kind::address_changed)
        result += ' ' + news.mapping.external_address.to_string();
    else if (news.kind == natpmp::event_kind::gateway_changed)
        result += ' ' + news.gateway.to_string();
    if (news.error)
        result += std::string{": "} + news.error.category().name() + ' ' +
                  std::to_string(news.error.value());
    return result;
}

/// An engine with a clock, a network and a gateway that a test can script.
class driver : public network
{
public:
    std::optional<natpmp::gateway> route = home(); ///< what the host's routing table says
    duration lateness{0};                          ///< by which each timer fires late
    bool blocked = false; ///< whether the application keeps the loop from running

    explicit driver(const client_options& options = {}, std::uint32_t seed = 7)
        : core_(options, seed)
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
        result.number = operations_.size();
        core_.start(result, now);
        turn();
        return result;
    }

    /// Has these mapped now and keeps them until `at`, counted from the start of the test. What
    /// was sent and told so far is forgotten.
    void hold(std::initializer_list<map_request> what, duration at)
    {
        for (const map_request& each : what)
            map(each);
        run_until(at);
        REQUIRE(mappings().size() >= what.size());
        forget();
    }

    /// Forgets the datagrams and the events so far.
    void forget()
    {
        wire.clear();
        sent.clear();
        take_events();
    }

    void cancel(operation& what, bool total_only = false)
    {
        core_.cancel(what, total_only, aborted, now);
        turn();
    }

    void cancel_all()
    {
        core_.cancel_all(aborted, now);
        turn();
    }

    /// What the destruction of a client does.
    void close()
    {
        core_.close(now);
        turn();
    }

    /// What the destruction of a scoped_mapping does: a delete that nobody waits for.
    void unmap_quietly(const map_request& what)
    {
        core_.unmap_quietly({what.protocol, static_cast<std::uint16_t>(what.internal_port.value())},
                            now);
        turn();
    }

    // The network.

    /// Delivers a datagram of the gateway now.
    ignore_reason receive(const bytes& packet)
    {
        return receive_since(now, packet);
    }

    /// Reads a datagram now that arrived between `looked` and now.
    ignore_reason receive_since(time_point looked, const bytes& packet)
    {
        const ignore_reason reason = core_.receive(packet, {looked, now});
        step();
        return reason;
    }

    ignore_reason announce(const bytes& packet, const std::string& from = "192.168.1.1")
    {
        return announce_since(now, packet, from);
    }

    ignore_reason announce_since(time_point looked, const bytes& packet,
                                 const std::string& from = "192.168.1.1")
    {
        const auto source = natpmp::net::ip::make_address(from);
        const ignore_reason reason = core_.announcement(source, packet, {looked, now});
        step();
        return reason;
    }

    /// The announcement port cannot be opened.
    void announcements_unavailable(error_code why)
    {
        core_.events.report(event_kind::announcements_unavailable, why);
        step();
    }

    /// ICMP port unreachable.
    void refused()
    {
        core_.refused(now);
        step();
    }

    void attach(const natpmp::gateway& found)
    {
        route = where_ = found;
        core_.on_gateway(found, now);
        step();
    }

    void detach()
    {
        route.reset();
        where_.reset();
        core_.on_no_gateway(errc::no_gateway, now);
        step();
    }

    /// The application tells of a change.
    void network_changed()
    {
        core_.network_changed(now);
        step();
    }

    /// The host tells of a change.
    void host_changed()
    {
        core_.host_changed(now);
        step();
    }

    // Time.

    /// A turn of the client's loop, unless that is kept from running.
    void turn()
    {
        if (!blocked)
            step();
    }

    /// The loop stands still for a while; what arrives lies in the socket.
    void stand_still(duration time)
    {
        now += time;
        turn();
    }

    /// Lets time pass until `at`, counted from the start of the test.
    void run_until(duration at)
    {
        const time_point end = origin + at;
        for (;;) {
            const time_point arrival =
                arriving.empty() ? time_point::max() : arriving.begin()->first;
            const time_point due = next_;
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

    // What the engine tells.

    [[nodiscard]] natpmp::status status()
    {
        return core_.status(now);
    }

    [[nodiscard]] std::vector<natpmp::mapping> mappings()
    {
        return core_.events.mappings();
    }

    [[nodiscard]] std::optional<natpmp::mapping> mapping_of(const map_request& what)
    {
        return core_.events.mapping_of({what.protocol, what.internal_port.value()});
    }

    /// Whether there is anything to do, now or later.
    [[nodiscard]] bool active() const
    {
        return next_ != never || !resting_;
    }

    /// When the next thing is due, or `never`.
    [[nodiscard]] time_point deadline() const
    {
        return next_;
    }

    [[nodiscard]] bool has_gateway() const
    {
        return core_.has_gateway();
    }

    [[nodiscard]] bool closed() const
    {
        return core_.closed();
    }

    /// An event for a reader, if there is one now.
    std::optional<natpmp::event> take_event()
    {
        return core_.events.take_event();
    }

    /// From now on, whether each event is collected for the application's callback.
    void collect_events(bool on)
    {
        core_.events.collect(on);
        collected_.clear();
    }

    /// For the callback, so far.
    [[nodiscard]] const std::vector<natpmp::event>& collected_events() const
    {
        return collected_;
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
        while (const auto news = take_event())
            result.push_back(event_text(*news));
        return result;
    }

    [[nodiscard]] std::uint64_t ignored(ignore_reason why)
    {
        return status().ignored[static_cast<std::size_t>(why)];
    }

private:
    template <class Host>
    friend void natpmp::detail::take_turn(natpmp::detail::engine&, Host&);

    /// Turns, until there is nothing more to do now.
    void step()
    {
        do {
            resting_ = false;
            natpmp::detail::take_turn(core_, *this);
        } while (next_ <= now);
    }

    // What the engine asks of its host.

    time_point look()
    {
        for (; !arriving.empty() && arriving.begin()->first <= now; looked_at_ = now) {
            const bytes packet = arriving.begin()->second;
            arriving.erase(arriving.begin());
            core_.receive(packet, {looked_at_, now});
        }
        looked_at_ = now;
        return now;
    }

    void complete(operation& done)
    {
        finished_.emplace(&done, now);
    }

    void send(const natpmp::detail::send_datagram& datagram, time_point)
    {
        network::send({datagram.bytes.begin(), datagram.bytes.end()});
    }

    void find_gateway(time_point)
    {
        if (core_.has_gateway() && route && route == where_)
            return;
        where_ = route;
        if (route)
            core_.on_gateway(*route, now);
        else
            core_.on_no_gateway(errc::no_gateway, now);
    }

    void report(std::span<const natpmp::event> events)
    {
        collected_.insert(collected_.end(), events.begin(), events.end());
    }

    void sleep(time_point until, time_point)
    {
        next_ = until;
    }

    void rest()
    {
        next_ = never;
        resting_ = true;
    }

    natpmp::detail::engine core_;
    std::optional<natpmp::gateway> where_; ///< the gateway that the engine was told of
    time_point next_ = never;              ///< turn of the client's loop
    bool resting_ = true;
    std::vector<natpmp::event> collected_;
    time_point looked_at_ = origin; ///< when nothing was left to read
    std::deque<operation> operations_;
    std::multimap<const operation*, time_point> finished_;
};

/// TCP port 80 was mapped for a minute and lost to a silent gateway. It is 1000 now, in the middle
/// of a pause, and the gateway would answer again.
inline void lose(driver& client)
{
    client.grant_for(60);
    client.map(tcp(80));
    client.run_until(20s);
    client.silence();
    client.run_until(1000s);
    REQUIRE(client.mappings().empty());
    client.heal();
    client.forget();
}

} // namespace engine_test

#endif // NATPMP_TESTS_UNIT_ENGINE_DRIVER_HPP
