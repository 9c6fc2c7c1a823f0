// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What must hold of the fuzzed engine: of what it sends, of what it tells, and of how often it
// wakes.

#pragma once

#include "fuzz/engine_network.hpp"
#include "sim/wire_checks.hpp"

#include <deque>
#include <set>
#include <string>
#include <tuple>

namespace fuzz {

using natpmp::detail::operation;
using natpmp::detail::operation_kind;

/// An operation of the application.
struct asked : operation
{
    using operation::operation;
    bool pending = true;

    [[nodiscard]] std::string name() const
    {
        constexpr const char* names[] = {"map",     "map a pair", "unmap",
                                         "address", "wait",       "shutdown"};
        return names[static_cast<std::size_t>(kind)] + (' ' + sim::text(key(0)));
    }
};

class rules
{
public:
    rules(network& world, natpmp::detail::engine& core) : wire(world), world_(world), core_(core)
    {
        wire.granted_port = [this](mapping_key key) { return port_to_suggest(key); };
    }

    /// Tells what happens, when an input is looked at.
    template <class Line>
    void say(Line line) const
    {
        static const bool wanted = std::getenv("FUZZ_TRACE") != nullptr;
        if (wanted)
            std::fprintf(stderr, "%.6f %s\n",
                         std::chrono::duration<double>(world_.now().time_since_epoch()).count(),
                         line().c_str());
    }

    // Operations.

    void starts(const asked& what)
    {
        say([&] { return "started " + what.name(); });
        ++pending;
        const bool unmaps = what.kind == operation_kind::unmap;
        if (what.kind == operation_kind::address)
            ++wire.asked[{}];
        for (std::uint8_t which = 0; (what.maps() || unmaps) && which < what.parts(); ++which) {
            const mapping_key key = what.key(which);
            wire.ours.insert(key);
            ++wire.asked[key];
            if (unmaps)
                kept.erase(key);
        }
        if (what.kind == operation_kind::shutdown) {
            wire.leaving = true;
            kept.clear();
        }
    }

    void finished(asked& what)
    {
        say([&] { return "completed " + what.name() + ": " + what.error.message(); });
        require(what.pending && !what.started, "every operation completes once");
        what.pending = false;
        --pending;
        ++completed;
        note_effect();
        const bool cancelled = what.error == net::error::operation_aborted;
        if (what.kind == operation_kind::shutdown && !cancelled)
            require(core_.closed(), "a shutdown ends closed");
        wire.closed = core_.closed();
        if (what.error)
            return;
        if (what.kind == operation_kind::address)
            require(addresses_.contains(what.address.to_v4().to_uint()),
                    "the gateway told the address");
        for (std::uint8_t which = 0; what.maps() && which < what.parts(); ++which) {
            const natpmp::mapping& made = what.mappings[which];
            require(mapping_key{made.protocol, made.internal_port} == what.key(which),
                    "the mapping is the one that was asked for");
            check_mapping(made);
            if (!wire.leaving && !unmap_pending(what.key(which)))
                kept.insert(what.key(which));
        }
    }

    // Datagrams.

    void sends(const natpmp::gateway& to, bytes_view bytes)
    {
        say([&] { return "sent " + natpmp::describe(bytes); });
        note_effect();
        testing::simulated_datagram seen;
        seen.gateway = to.address.to_v4();
        seen.bytes = bytes;
        try {
            wire.sent(seen);
        } catch (const sim::violation& found) {
            require(false, found.what());
        }
    }

    /// What arrives may be an answer, as far as one can see.
    void arrives(bytes_view bytes)
    {
        say([&] { return "received " + natpmp::describe(bytes); });
        testing::simulated_datagram seen;
        seen.bytes = bytes;
        wire.answered(seen);
        if (bytes.size() >= 12 && bytes[1] == 0x80)
            addresses_.insert(natpmp::detail::get32(bytes, 8));
        if (bytes.size() < 16 || bytes[2] != 0 || bytes[3] != 0)
            return;
        const auto told = testing::gateway_map_fields::read(bytes.subspan(4));
        grants_.insert({bytes[1] & 0x7F, told.internal_port, told.external_port});
        wire.least_lease =
            std::min<duration>(wire.least_lease, std::chrono::seconds{told.lifetime});
    }

    void announced(bytes_view bytes)
    {
        say([&] { return "announced " + natpmp::describe(bytes); });
        wire.hint();
        if (bytes.size() >= 12)
            addresses_.insert(natpmp::detail::get32(bytes, 8));
    }

    void unreachable()
    {
        say([] { return std::string("received ICMP port unreachable"); });
        wire.answered({});
    }

    // Time.

    /// The engine wakes up by itself.
    void wakes()
    {
        if (world_.now() - silent_since_ > 10min)
            note_effect();
        require(++silent_wakings_ <= 100, "nobody wakes up for nothing");
    }

    /// What must hold at any time.
    void check()
    {
        const auto mappings = core_.events.mappings();
        const natpmp::status status = core_.status(world_.now());
        require(mappings.size() <= status.up && mappings.size() <= status.kept &&
                    status.up <= wire.ours.size() && status.kept <= wire.ours.size(),
                "no more mappings than were asked for");
        for (const natpmp::mapping& each : mappings)
            check_mapping(each);
    }

    /// After a long calm what is to be kept is up, and what was asked is done.
    void check_calm()
    {
        for (const mapping_key key : kept)
            require(port_of(key) != 0, "kept mappings are up");
        for (const asked& each : operations)
            require(!each.pending || each.kind == operation_kind::wait_event,
                    "what is asked of a willing gateway ends");
    }

    sim::wire_checks<network> wire;
    std::deque<asked> operations;
    std::set<mapping_key> kept; ///< what was granted and is to be kept
    unsigned pending = 0, completed = 0;

private:
    void note_effect() noexcept
    {
        silent_wakings_ = 0;
        silent_since_ = world_.now();
    }

    [[nodiscard]] bool unmap_pending(mapping_key key) const
    {
        return std::any_of(operations.begin(), operations.end(), [&](const asked& each) {
            return each.pending && each.kind == operation_kind::unmap && each.key() == key;
        });
    }

    void check_mapping(const natpmp::mapping& made) const
    {
        require(made.external_port != 0 && made.lifetime >= 1s, "a mapping has a port and a time");
        require(grants_.contains(
                    {static_cast<int>(made.protocol), made.internal_port, made.external_port}),
                "the gateway granted the port");
    }

    /// The external port of a mapping that is up, or 0.
    [[nodiscard]] std::uint16_t port_of(mapping_key key)
    {
        for (const natpmp::mapping& each : core_.events.mappings())
            if (mapping_key{each.protocol, each.internal_port} == key)
                return each.external_port;
        return 0;
    }

    /// The port that a request for a mapping that is up must suggest, or 0 if one cannot tell.
    [[nodiscard]] std::uint16_t port_to_suggest(mapping_key key)
    {
        for (const asked& each : operations)
            if (each.pending && each.maps(key) &&
                (each.parts() == 2 || each.request.external_port.value() != 0))
                return 0;
        return port_of(key);
    }

    network& world_;
    natpmp::detail::engine& core_;
    unsigned silent_wakings_ = 0;
    time_point silent_since_ = natpmp::detail::long_ago;
    std::set<std::tuple<int, std::uint16_t, std::uint16_t>> grants_;
    std::set<std::uint32_t> addresses_;
};

} // namespace fuzz
