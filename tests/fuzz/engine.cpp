// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Fuzzes the engine. The bytes are commands: what the application asks for, what the gateway does,
// what arrives, and how time passes. The README of the tests describes them.

#include "fuzz/engine_host.hpp"

namespace {

using namespace fuzz;

enum class place
{
    datagram,
    mapped,
    pair,
    unmapped,
    address,
    event,
    left,
    renewal,
    reset,
    kept_trying,
    moved,
    calm,
    count
};

places<place, static_cast<std::size_t>(place::count)>
    seen({"a datagram sent", "a mapping", "a pair", "an unmapping", "an address", "an event",
          "a shutdown", "a renewal", "a loss of state", "a mapping after failures",
          "another gateway", "a calm end with mappings"});

class script
{
public:
    explicit script(bytes_view all)
        : from_(all), host_(options(), static_cast<std::uint32_t>(all.size()))
    {
        calm_ = from_.byte() % 2 != 0;
    }

    void run()
    {
        for (int left = 200; left > 0 && !from_.empty() && host_.wakings_left > 0; --left)
            step();
        if (calm_)
            end_calmly();
        count();
        host_.close();
        host_.run_for(24h);
    }

private:
    natpmp::client_options options()
    {
        const unsigned bits = from_.byte();
        natpmp::client_options result;
        if ((bits & 1) != 0)
            result.timeout = 5s;
        if ((bits & 2) != 0)
            result.gateway = route_of(0).address;
        result.allow_public_address = (bits & 4) != 0;
        if ((bits & 0xF8) == 0xF8)
            result.gateway_port = 70000;
        return result;
    }

    void step()
    {
        command();
        host_.watch.check();
    }

    void command()
    {
        switch (from_.byte() % 24) {
        case 0:
        case 1:
            host_.start(operation_kind::map, any_request());
            break;
        case 2:
            host_.start(operation_kind::map_pair, any_request());
            break;
        case 3:
            host_.start(operation_kind::unmap, any_request());
            break;
        case 4:
            host_.start(operation_kind::address, {});
            break;
        case 5:
            host_.start(operation_kind::wait_event, {});
            break;
        case 6:
            host_.start(operation_kind::shutdown, {}, from_.one_of(times));
            break;
        case 7:
            cancel();
            break;
        case 8:
            host_.give_up(any_key());
            break;
        case 9:
        case 10:
            host_.receive(host_.world.answer(from_));
            break;
        case 11:
            host_.receive(from_.take(from_.byte() % 32));
            break;
        case 12:
            host_.refuse();
            break;
        case 13:
            host_.announce(any_source(), host_.world.announcement(from_));
            break;
        case 14:
            host_.announce(any_source(), from_.take(from_.byte() % 32));
            break;
        case 15:
        case 16:
        case 17:
            host_.run_for(from_.one_of(times));
            break;
        case 18:
            host_.sleep(from_.one_of(times));
            break;
        case 19:
            host_.look_early();
            break;
        case 20:
            host_.world.change_gateway(from_);
            break;
        case 21:
            host_.world.break_gateway(from_);
            break;
        case 22:
            change_host();
            break;
        default:
            tell();
        }
    }

    mapping_key any_key()
    {
        const unsigned which = from_.byte() % 8;
        return {which % 2 ? natpmp::protocol::tcp : natpmp::protocol::udp,
                static_cast<std::uint16_t>(6881 + which / 2)};
    }

    natpmp::map_request any_request()
    {
        const mapping_key key = any_key();
        natpmp::map_request result{.protocol = key.protocol, .internal_port = key.internal_port};
        const unsigned bits = from_.byte();
        result.clean_up = (bits & 1) == 0;
        result.keep_trying = (bits & 2) != 0;
        if ((bits & 4) != 0)
            result.external_port = from_.word();
        if ((bits & 8) != 0)
            result.lifetime = std::chrono::seconds{from_.one_of(lifetimes)};
        if ((bits & 0xF0) == 0xF0)
            result.internal_port = 70000;
        return result;
    }

    net::ip::address any_source()
    {
        const net::ip::address sources[] = {host_.world.host().address,
                                            net::ip::address_v4{away_address},
                                            net::ip::address_v4{0xC0A80164}};
        return from_.one_of(sources);
    }

    void cancel()
    {
        if (host_.watch.operations.empty())
            return;
        const unsigned which = from_.byte();
        asked& what = host_.watch.operations[host_.watch.operations.size() - 1 -
                                             which % 16 % host_.watch.operations.size()];
        if (which < 64)
            host_.cancel(what, true);
        else if (which < 192)
            host_.cancel(what, false);
        else
            host_.withdraw(what);
    }

    /// The host's route, socket and network.
    void change_host()
    {
        const unsigned which = from_.byte() % 13;
        if (which < 5)
            host_.set_route(route_of(which));
        else if (which < 7)
            host_.set_route(host_.world.host());
        else if (which == 7)
            host_.lose_socket();
        else if (which == 8)
            host_.refused_sends = from_.byte() % 16;
        else if (which == 9)
            host_.socket_opens = !host_.socket_opens;
        else if (which == 10)
            host_.renew_socket();
        else
            host_.change_network();
    }

    /// Who listens to the client.
    void tell()
    {
        const unsigned which = from_.byte() % 4;
        if (which == 0)
            host_.core.events.collect(from_.byte() % 2 != 0);
        else if (which == 1)
            host_.core.events.report(natpmp::event_kind::announcements_unavailable,
                                     net::error::address_in_use);
        else if (which == 2)
            host_.core.cancel_all(natpmp::net::error::operation_aborted, host_.world.now());
        else
            return host_.close();
        host_.pump();
    }

    /// Everything is well for long enough: what is to be kept is up, and what was asked is done.
    void end_calmly()
    {
        if (host_.watch.wire.closed)
            return;
        host_.world.heal();
        host_.refused_sends = 0;
        host_.socket_opens = true;
        host_.wakings_left = 400;
        host_.set_route(route_of(0));
        host_.change_network();
        host_.run_for(45min);
        if (host_.wakings_left == 0 || host_.watch.wire.closed)
            return;
        host_.watch.check_calm();
        seen.reached(place::calm, !host_.watch.kept.empty());
    }

    void count()
    {
        seen.reached(place::datagram, host_.core.counters.sent);
        seen.reached(place::renewal, host_.core.counters.renewals);
        seen.reached(place::reset, host_.core.status(host_.world.now()).resets);
        for (const asked& each : host_.watch.operations) {
            if (each.pending || each.error || each.started)
                continue;
            constexpr place places[] = {place::mapped,  place::pair,  place::unmapped,
                                        place::address, place::event, place::left};
            seen.reached(places[static_cast<std::size_t>(each.kind)]);
            seen.reached(place::kept_trying, each.granted && each.request.keep_trying);
            seen.reached(place::moved,
                         each.kind == operation_kind::wait_event &&
                             each.happened.kind == natpmp::event_kind::gateway_changed);
        }
    }

    input from_;
    host host_;
    bool calm_ = false;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    script(bytes_view(data, size)).run();
    return 0;
}
