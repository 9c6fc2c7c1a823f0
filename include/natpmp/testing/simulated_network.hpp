// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// A network in virtual time: one host, its gateways, and what happens to datagrams in between.

#ifndef NATPMP_TESTING_SIMULATED_NETWORK_HPP
#define NATPMP_TESTING_SIMULATED_NETWORK_HPP

#include <natpmp/options.hpp>
#include <natpmp/testing/simulated_socket.hpp>
#include <natpmp/testing/simulated_time.hpp>
#include <natpmp/testing/simulated_traffic.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace testing {

class simulated_platform;

/// A host and its gateways in virtual time. All randomness comes from one seed, so that a run can
/// be repeated exactly. What happens to datagrams is drawn apart from the rest: the same datagrams
/// are lost whatever the host's timers do.
///
/// Make a client with `natpmp::client client(network.platform())` and let time pass with run_for();
/// it takes no real time. At first there is one gateway, 192.168.1.1, and the host is 192.168.1.2.
///
/// Thread safety: none. The network must outlive its clients.
class simulated_network : public simulated_time
{
public:
    /// @param context What clients and applications run on; nobody else must run it.
    /// @param seed Of all randomness.
    explicit simulated_network(net::io_context& context, std::uint32_t seed = 1)
        : simulated_time(context, seed ^ 0x85EBCA6BU), random_(seed), links_(seed ^ 0x9E3779B9U)
    {
        add_gateway(net::ip::make_address_v4("192.168.1.1"));
        set_host(net::ip::make_address_v4("192.168.1.2"), net::ip::make_address_v4("192.168.1.1"));
    }

    /// What a client on this network is made from. Defined in simulated_platform.hpp.
    [[nodiscard]] simulated_platform platform();

    /// What happens to datagrams, and how late the host is.
    simulated_conditions conditions;

    /// Called for each request that a client sends or may not send, for each that arrives at a
    /// gateway, and for each answer that arrives at the client.
    std::function<void(const simulated_datagram&)> observer;

    /// What the host's clock shows.
    [[nodiscard]] time_point host_now() const noexcept
    {
        const auto tick = conditions.clock_tick.count();
        return tick > 0 ? now() - now().time_since_epoch() % conditions.clock_tick : now();
    }

    /// A number, from the seed.
    [[nodiscard]] std::uint32_t random()
    {
        return random_.number();
    }

    /// A number below `limit`, from the seed.
    [[nodiscard]] std::uint32_t random(std::uint32_t limit)
    {
        return random() % limit;
    }

    /// True with the given chance.
    [[nodiscard]] bool chance(double probability)
    {
        return random_.happens(probability);
    }

    /// The gateway at an address, made if there is none.
    simulated_gateway& add_gateway(const net::ip::address_v4& address,
                                   const gateway_settings& settings = {})
    {
        auto& place = gateways_[address];
        if (!place)
            place = std::make_unique<simulated_gateway>(
                simulated_gateway{.model = gateway_model(now(), settings)});
        return *place;
    }

    /// The host's default gateway, or else the first one ever made.
    [[nodiscard]] simulated_gateway& gateway()
    {
        const auto found = gateways_.find(route_.address.to_v4());
        return found == gateways_.end() ? *gateways_.begin()->second : *found->second;
    }

    /// Restarts a gateway, and announces it a number of times (RFC 6886, section 3.2.1).
    void reboot(const net::ip::address_v4& address, std::size_t announcements = 10)
    {
        simulated_gateway& rebooted = add_gateway(address);
        rebooted.model.reboot(now());
        for (std::size_t count = 0; count < announcements; ++count)
            at(now() + gateway_model::announcement_times[count], [this, address, &rebooted] {
                if (rebooted.reachable && rebooted.serving)
                    announce(address, rebooted.model.announcement(now()));
            });
    }

    /// Gives the host another address and default gateway; unspecified: none.
    void set_host(const net::ip::address_v4& local, const net::ip::address_v4& default_gateway)
    {
        const natpmp::gateway route{
            .address = default_gateway, .local_address = local, .interface_index = 1};
        if (route == route_)
            return;
        route_ = route;
        notify();
    }

    /// The host's address and default gateway.
    [[nodiscard]] const natpmp::gateway& host() const noexcept
    {
        return route_;
    }

    /// Tells the clients that something about the host changed, though nothing may have.
    void notify()
    {
        for (const auto& call : watchers_.take())
            at(awake_from(), [this, call] { make_ready([call] { call({}); }); });
    }

    /// Sends a datagram to everything on the host that hears announcements.
    void announce(const net::ip::address_v4& source, const std::vector<std::uint8_t>& bytes)
    {
        travel([this, source, bytes](bool) {
            for_sockets(false,
                        [&](simulated_socket& socket) { socket.arrive({source, 5351}, bytes); });
        });
    }

    /// Sends a datagram to the client's request socket, as if from this address and port.
    void forge(const net::ip::udp::endpoint& source, const std::vector<std::uint8_t>& bytes)
    {
        at(now(), [this, source, bytes] {
            for_sockets(true, [&](simulated_socket& socket) { socket.arrive(source, bytes); });
        });
    }

private:
    friend class simulated_platform;

    /// When a timer fires that is set to this time.
    [[nodiscard]] time_point firing_time(time_point when)
    {
        when = std::max({when, now(), awake_from()});
        if (const auto tick = conditions.clock_tick; tick.count() > 0)
            if (const auto past = when.time_since_epoch() % tick; past.count() > 0)
                when += tick - past;
        return when + system().between(conditions.least_lateness, conditions.most_lateness);
    }

    /// What the host's routing table says, after the time that it takes to read it.
    [[nodiscard]] natpmp::gateway look_up()
    {
        const natpmp::gateway found = route_;
        block_for(conditions.lookup_time);
        return found;
    }

    template <class Function> void for_sockets(bool connected, Function function)
    {
        if (asleep())
            return;
        for (const auto& socket : sockets_.alive())
            if (socket->connected() == connected)
                function(*socket);
    }

    /// Brings a datagram over the network: never, once or twice, and after a while.
    void travel(const std::function<void(bool duplicate)>& arrive)
    {
        const int copies = links_.happens(conditions.duplicates) ? 2 : 1;
        for (int copy = 0; copy < copies; ++copy) {
            const auto delay = links_.between(conditions.least_delay, conditions.most_delay);
            if (!links_.happens(conditions.loss))
                at(now() + delay, [arrive, copy] { arrive(copy > 0); });
        }
    }

    error_code send(const std::shared_ptr<simulated_socket>& socket,
                    std::span<const std::uint8_t> bytes)
    {
        const natpmp::gateway where = socket->where();
        if (const error_code refusal = socket->take_refusal())
            return refusal;
        const net::ip::address_v4 host = where.local_address.to_v4();
        const net::ip::address_v4 target = where.address.to_v4();
        const bool leads_there = host == route_.local_address;
        if (!leads_there || system().happens(conditions.send_refusals)) {
            tell({host, target, simulated_datagram::place::refused, false, bytes});
            return leads_there ? net::error::no_permission : net::error::network_unreachable;
        }
        tell({host, target, simulated_datagram::place::sent, false, bytes});
        travel([this, socket, host, target,
                copy = std::vector<std::uint8_t>(bytes.begin(), bytes.end())](bool duplicate) {
            reach(socket, host, target, copy, duplicate);
        });
        return {};
    }

    /// A request arrives at its gateway, if there is one.
    void reach(const std::shared_ptr<simulated_socket>& socket, const net::ip::address_v4& host,
               const net::ip::address_v4& target, const std::vector<std::uint8_t>& bytes,
               bool duplicate)
    {
        const auto found = gateways_.find(target);
        if (found == gateways_.end() || !found->second->reachable)
            return;
        simulated_gateway& answering = *found->second;
        tell({host, target, simulated_datagram::place::arrived, duplicate, bytes});
        if (!answering.serving)
            return answer(socket, host, target, {.port_unreachable = true});
        for (const gateway_reply& reply : answering.model.handle(host, bytes, now()))
            at(now() + reply.delay,
               [this, socket, host, target, reply] { answer(socket, host, target, reply); });
    }

    void answer(const std::shared_ptr<simulated_socket>& socket, const net::ip::address_v4& host,
                const net::ip::address_v4& target, const gateway_reply& reply)
    {
        const net::ip::address_v4 source =
            reply.from_wrong_address ? net::ip::address_v4{target.to_uint() + 7} : target;
        const auto port = static_cast<std::uint16_t>(socket->port() + reply.from_wrong_port);
        travel([this, socket, host, target, reply,
                from = net::ip::udp::endpoint{source, port}](bool duplicate) {
            if (asleep())
                return;
            tell({host, target, simulated_datagram::place::answered, duplicate, reply.bytes});
            if (reply.port_unreachable)
                socket->arrive_refusal();
            else
                socket->arrive(from, reply.bytes);
        });
    }

    void tell(const simulated_datagram& datagram) const
    {
        if (observer)
            observer(datagram);
    }

    simulated_chance random_; ///< the application's
    simulated_chance links_;
    natpmp::gateway route_{};
    std::map<net::ip::address_v4, std::unique_ptr<simulated_gateway>> gateways_;
    simulated_list<simulated_socket> sockets_;
    simulated_watchers watchers_;
};

} // namespace testing
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_TESTING_SIMULATED_NETWORK_HPP
