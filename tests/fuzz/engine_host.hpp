// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The host of the fuzzed engine.

#pragma once

#include "fuzz/engine_rules.hpp"

namespace fuzz {

using natpmp::errc;
using natpmp::error_code;
using natpmp::ignore_reason;

class host
{
public:
    host(const natpmp::client_options& options, std::uint32_t seed)
        : core(options, seed), options_(options)
    {}

    // The application.

    void start(operation_kind kind, const natpmp::map_request& what, duration limit = 0s)
    {
        asked& made = watch.operations.emplace_back(kind);
        made.request = what;
        made.limit = limit;
        made.number = watch.operations.size();
        watch.starts(made);
        if (watch.wire.leaving && socket_)
            world.set_host(where_); // who leaves takes leave of the gateway that it knows
        core.start(made, world.now());
        pump();
    }

    void cancel(asked& what, bool total_only)
    {
        watch.say([&] { return "cancelled " + what.name(); });
        core.cancel(what, total_only, net::error::operation_aborted, world.now());
        pump();
        require(total_only || !what.pending, "a cancelled operation completes at once");
    }

    /// Its owner goes away: it completes nowhere.
    void withdraw(asked& what)
    {
        watch.say([&] { return "withdrew " + what.name(); });
        core.withdraw(what);
        watch.pending -= what.pending;
        what.pending = false;
        pump();
    }

    void give_up(mapping_key key)
    {
        watch.say([&] { return "gave up " + sim::text(key); });
        watch.kept.erase(key);
        ++watch.wire.asked[key];
        core.unmap_quietly(key, world.now());
        pump();
    }

    void close()
    {
        watch.say([] { return std::string("closed"); });
        core.close(world.now());
        watch.wire.closed = true;
        watch.kept.clear();
        pump();
        require(watch.pending == 0, "every operation completes");
        require(timer_ == natpmp::detail::never && !core.has_gateway(),
                "nothing is left to do after the end");
    }

    // The network.

    void change_network()
    {
        watch.say([] { return std::string("told that the network changed"); });
        watch.wire.hint();
        core.network_changed(world.now());
        pump();
    }

    void set_route(const natpmp::gateway& route)
    {
        watch.say([&] { return "route to " + route.address.to_string(); });
        watch.wire.host_changed(world.host());
        const bool by_hand = !options_.gateway.is_unspecified();
        if (!by_hand && !watch.wire.leaving)
            world.set_host(route);
        core.host_changed(world.now());
        pump();
    }

    void lose_socket()
    {
        if (!socket_)
            return;
        drop_socket();
        core.on_no_gateway(net::error::bad_descriptor, world.now());
        pump();
    }

    /// Another socket to the gateway, whether or not the engine asked for it.
    void renew_socket()
    {
        if (core.closed())
            return;
        open_socket();
        pump();
    }

    void receive(const std::vector<std::uint8_t>& bytes)
    {
        watch.arrives(bytes);
        const time_point due = timer_;
        const ignore_reason reason = core.receive(bytes, {world.now(), world.now()});
        pump();
        if (reason == ignore_reason::too_short || reason == ignore_reason::wrong_version)
            require(timer_ == due, "what cannot be read changes nothing (V-10)");
    }

    void announce(const net::ip::address& source, const std::vector<std::uint8_t>& bytes)
    {
        watch.announced(bytes);
        const time_point due = timer_;
        const ignore_reason reason = core.announcement(source, bytes, {world.now(), world.now()});
        pump();
        require(reason == ignore_reason::none || timer_ == due,
                "an announcement that does not count changes nothing (B-3)");
    }

    void refuse()
    {
        watch.unreachable();
        core.refused(world.now());
        pump();
    }

    // Time.

    /// Time passes, and the host is awake.
    void run_for(duration time)
    {
        const time_point end = world.now() + time;
        while (wakings_left > 0) {
            const time_point next = std::min(world.next_arrival(), timer_);
            if (next > end)
                return world.set_now(end);
            --wakings_left;
            world.set_now(next);
            if (world.next_arrival() <= world.now())
                arrive();
            else
                wake();
        }
    }

    /// Time passes, and the host sleeps; not for just as long as a retransmission waits, so that
    /// the checks can tell the two apart.
    void sleep(duration time)
    {
        world.set_now(world.now() + time + 11us);
        watch.wire.host_away(world.now());
        pump();
    }

    /// Looks before it is time: nothing is to be done.
    void look_early()
    {
        const time_point due = std::min(world.next_arrival(), timer_);
        if (due == natpmp::detail::never || due <= world.now())
            return;
        world.set_now(world.now() + (due - world.now()) / 2);
        const auto state = [this] {
            return std::make_tuple(core.counters.sent, watch.completed, timer_);
        };
        const auto before = state();
        pump();
        require(state() == before, "nothing is due before the time that is told");
    }

    /// Turns, until there is nothing more to do now.
    void pump()
    {
        unsigned rounds = 0;
        do {
            require(++rounds <= 100, "the engine comes to rest");
            sent_ = refusals_ = 0;
            natpmp::detail::take_turn(core, *this);
        } while (timer_ <= world.now());
        require(core.has_gateway() == socket_, "the engine knows whether there is a socket");
    }

    // What the engine asks of its host.

    time_point look()
    {
        return world.now();
    }

    void complete(operation& done)
    {
        watch.finished(static_cast<asked&>(done));
    }

    void find_gateway(time_point)
    {
        if (!core.has_gateway() || world.host() != where_)
            open_socket();
    }

    void send(const natpmp::detail::send_datagram& request, time_point now)
    {
        const bool allowed = !options_.gateway.is_unspecified() || options_.allow_public_address;
        require(socket_, "nothing is sent without a socket");
        require(allowed || where_.local_address != route_of(3).local_address,
                "only a host behind a NAT sends (A-1)");
        watch.sends(where_, request.bytes);
        require(++sent_ <= 1 + refusals_ || watch.wire.leaving, "one datagram at a time");
        require(sent_ <= 200, "no storm");
        bool refused = take_refusal();
        if (refused && request.first) // that was for an earlier datagram
            refused = take_refusal();
        if (refused) {
            ++refusals_;
            watch.unreachable();
            core.refused(now);
        } else {
            world.send(where_, request.bytes);
        }
    }

    void report(std::span<const natpmp::event>)
    {}

    void sleep(time_point until, time_point)
    {
        timer_ = until;
    }

    void rest()
    {
        timer_ = natpmp::detail::never;
        drop_socket();
    }

    network world;
    natpmp::detail::engine core;
    rules watch{world, core};
    unsigned refused_sends = 0; ///< how many of the next datagrams the system refuses to send
    bool socket_opens = true;
    int wakings_left = 400;

private:
    void open_socket()
    {
        const natpmp::gateway found = world.host();
        const bool none = found.address.is_unspecified();
        if (socket_)
            watch.wire.host_changed(where_);
        drop_socket();
        where_ = found;
        watch.say([&] { return "gateway " + found.address.to_string(); });
        watch.wire.host_changed(found); // another socket may begin anew
        if (none || !socket_opens) {
            core.on_no_gateway(none ? error_code{errc::no_gateway} : net::error::no_descriptors,
                               world.now());
        } else {
            core.on_gateway(found, world.now());
            socket_ = core.has_gateway();
        }
    }

    void drop_socket() noexcept
    {
        socket_ = false;
        world.forget_arrivals();
    }

    bool take_refusal() noexcept
    {
        return refused_sends > 0 && refused_sends-- > 0;
    }

    void arrive()
    {
        const testing::gateway_reply reply = world.take_arrival();
        if (reply.port_unreachable)
            refuse();
        else
            receive(reply.bytes);
    }

    void wake()
    {
        watch.wakes();
        pump();
    }

    natpmp::client_options options_;
    natpmp::gateway where_{};
    bool socket_ = false;
    unsigned sent_ = 0, refusals_ = 0; ///< in this turn
    time_point timer_ = natpmp::detail::never;
};

} // namespace fuzz
