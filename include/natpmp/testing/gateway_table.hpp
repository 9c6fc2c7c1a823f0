// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// gateway_table: the mappings that a model gateway holds.

#ifndef NATPMP_TESTING_GATEWAY_TABLE_HPP
#define NATPMP_TESTING_GATEWAY_TABLE_HPP

#include <natpmp/detail/asio.hpp>
#include <natpmp/detail/core/time.hpp>
#include <natpmp/types.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace testing {

/// A mapping as its gateway holds it.
struct gateway_entry
{
    /// The host it belongs to.
    net::ip::address_v4 source{};
    /// UDP or TCP.
    natpmp::protocol protocol = natpmp::protocol::tcp;
    /// The port on the host.
    std::uint16_t internal_port = 0;
    /// The port on the outside, unique for the protocol.
    std::uint16_t external_port = 0;
    /// When it ends.
    time_point expiry = time_point::max();
    /// Whether the gateway's administrator made it: clients cannot delete it, and it outlives a
    /// reboot.
    bool manual = false;

    friend bool operator==(const gateway_entry&, const gateway_entry&) = default;
};

/// The mappings of a model gateway, by host, protocol and internal port. A mapping whose expiry has
/// come is none.
class gateway_table
{
public:
    /// The host that occupy() acts for: 192.168.255.254.
    [[nodiscard]] static net::ip::address_v4 neighbour()
    {
        return net::ip::address_v4{0xC0A8FFFE};
    }

    /// The mapping of this host, protocol and internal port, if there is one at this time.
    [[nodiscard]] std::optional<gateway_entry> find(const net::ip::address_v4& source,
                                                    natpmp::protocol protocol,
                                                    std::uint16_t internal_port,
                                                    time_point now) const
    {
        const auto found = entries_.find(key{source, protocol, internal_port});
        if (found == entries_.end() || found->second.expiry <= now)
            return std::nullopt;
        return found->second;
    }

    /// The mapping that has this external port, if there is one at this time.
    [[nodiscard]] std::optional<gateway_entry>
    find_external(natpmp::protocol protocol, std::uint16_t external_port, time_point now) const
    {
        const auto found = external_.find({protocol, external_port});
        if (found == external_.end())
            return std::nullopt;
        const auto& [source, same_protocol, internal_port] = found->second;
        return find(source, same_protocol, internal_port, now);
    }

    /// All mappings at this time, by host, protocol and internal port.
    [[nodiscard]] std::vector<gateway_entry> entries(time_point now) const
    {
        std::vector<gateway_entry> result;
        for (const auto& [name, entry] : entries_)
            if (entry.expiry > now)
                result.push_back(entry);
        return result;
    }

    /// The number of this host's mappings at this time.
    [[nodiscard]] std::size_t count_of(const net::ip::address_v4& source, time_point now) const
    {
        std::size_t count = 0;
        for (auto at = entries_.lower_bound(first_of(source));
             at != entries_.end() && at->second.source == source; ++at)
            count += at->second.expiry > now ? 1 : 0;
        return count;
    }

    /// The number of all mappings at this time.
    [[nodiscard]] std::size_t size(time_point now)
    {
        expire(now);
        return entries_.size();
    }

    /// Whether this host can have this external port: nobody has it, and the same port of the other
    /// protocol is not kept for another host (RFC 6886, section 3.3).
    [[nodiscard]] bool available(const net::ip::address_v4& source, natpmp::protocol protocol,
                                 std::uint16_t external_port, time_point now) const
    {
        const auto other =
            protocol == natpmp::protocol::udp ? natpmp::protocol::tcp : natpmp::protocol::udp;
        const auto companion = find_external(other, external_port, now);
        return external_port != 0 && !find_external(protocol, external_port, now) &&
               (!companion || companion->source == source);
    }

    /// The first available external port from this one up, going on at 1024 after 65535; empty if
    /// there is none.
    [[nodiscard]] std::optional<std::uint16_t> next_available(const net::ip::address_v4& source,
                                                              natpmp::protocol protocol,
                                                              std::uint16_t from,
                                                              time_point now) const
    {
        std::uint16_t port = from;
        for (std::uint32_t tried = 0; tried < 65536; ++tried) {
            if (available(source, protocol, port, now))
                return port;
            port = port == 65535 ? std::uint16_t{1024} : static_cast<std::uint16_t>(port + 1);
        }
        return std::nullopt;
    }

    /// Adds a mapping, or replaces the one of the same host, protocol and internal port. Does
    /// nothing and returns false if its external port is 0 or another mapping's.
    bool put(const gateway_entry& entry, time_point now)
    {
        expire(now);
        const key name{entry.source, entry.protocol, entry.internal_port};
        const auto holder = external_.find({entry.protocol, entry.external_port});
        if (entry.external_port == 0 || (holder != external_.end() && holder->second != name))
            return false;
        erase(entries_.find(name));
        entries_.emplace(name, entry);
        external_.emplace(std::pair{entry.protocol, entry.external_port}, name);
        earliest_ = std::min(earliest_, entry.expiry);
        return true;
    }

    /// Maps an external port for the neighbour, from the same internal port and for ever.
    /// Returns whether it was free.
    bool occupy(natpmp::protocol protocol, std::uint16_t external_port, time_point now)
    {
        return available(neighbour(), protocol, external_port, now) &&
               put({neighbour(), protocol, external_port, external_port}, now);
    }

    /// Removes the mapping of this host, protocol and internal port. Returns whether there is none
    /// of it now: one that the administrator made stays.
    bool remove(const net::ip::address_v4& source, natpmp::protocol protocol,
                std::uint16_t internal_port)
    {
        const auto found = entries_.find(key{source, protocol, internal_port});
        if (found != entries_.end() && found->second.manual)
            return false;
        erase(found);
        return true;
    }

    /// Removes the mapping that has this external port, whoever made it. Returns whether there was
    /// one.
    bool remove_external(natpmp::protocol protocol, std::uint16_t external_port)
    {
        const auto found = external_.find({protocol, external_port});
        if (found == external_.end())
            return false;
        erase(entries_.find(found->second));
        return true;
    }

    /// Removes all mappings of this host and protocol, as its delete-all does. Returns whether
    /// there are none now: those that the administrator made stay.
    bool remove_all_of(const net::ip::address_v4& source, natpmp::protocol protocol)
    {
        bool all = true;
        auto at = entries_.lower_bound(key{source, protocol, 0});
        while (at != entries_.end() && at->second.source == source &&
               at->second.protocol == protocol) {
            const auto next = std::next(at);
            if (at->second.manual)
                all = false;
            else
                erase(at);
            at = next;
        }
        return all;
    }

    /// Removes all mappings of this host, both protocols, as another program on it might.
    bool remove_all_of(const net::ip::address_v4& source)
    {
        const bool udp = remove_all_of(source, natpmp::protocol::udp);
        const bool tcp = remove_all_of(source, natpmp::protocol::tcp);
        return udp && tcp;
    }

    /// Forgets every mapping that the administrator did not make.
    void clear()
    {
        for (auto at = entries_.begin(); at != entries_.end();)
            at = at->second.manual ? std::next(at) : erase(at);
    }

private:
    using key = std::tuple<net::ip::address_v4, natpmp::protocol, std::uint16_t>;
    using map = std::map<key, gateway_entry>;

    static key first_of(const net::ip::address_v4& source)
    {
        return {source, natpmp::protocol{0}, std::uint16_t{0}};
    }

    map::iterator erase(map::iterator position)
    {
        if (position == entries_.end())
            return position;
        external_.erase({position->second.protocol, position->second.external_port});
        return entries_.erase(position);
    }

    void expire(time_point now)
    {
        if (now < earliest_)
            return;
        earliest_ = time_point::max();
        for (auto at = entries_.begin(); at != entries_.end();) {
            if (at->second.expiry <= now) {
                at = erase(at);
            } else {
                earliest_ = std::min(earliest_, at->second.expiry);
                ++at;
            }
        }
    }

    map entries_;
    std::map<std::pair<natpmp::protocol, std::uint16_t>, key> external_;
    // No mapping ends before this; it may be too early after a renewal.
    time_point earliest_ = time_point::max();
};

} // namespace testing
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_TESTING_GATEWAY_TABLE_HPP
