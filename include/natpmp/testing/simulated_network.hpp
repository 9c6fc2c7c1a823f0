// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// A network in virtual time: one host, its gateways, and what happens to datagrams in between.

#ifndef NATPMP_TESTING_SIMULATED_NETWORK_HPP
#define NATPMP_TESTING_SIMULATED_NETWORK_HPP

#include <natpmp/options.hpp>
#include <natpmp/testing/simulated_socket.hpp>
#include <natpmp/testing/simulated_traffic.hpp>

// clang-format off
#include NATPMP_ASIO_HEADER(io_context.hpp)
// clang-format on

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace testing {

/// A host and its gateways in virtual time. All randomness comes from one seed, so that a run can
/// be repeated exactly.
///
/// Make a client with `basic_client<net::any_io_executor, simulated_platform>(network.platform())`
/// and let time pass with run_for(); it takes no real time. At first there is one gateway,
/// 192.168.1.1, and the host is 192.168.1.2.
///
/// Thread safety: none. The network must outlive its clients.
class simulated_network
{
public:
    /// @param context What clients and applications run on; nobody else must run it.
    /// @param seed Of all randomness.
    explicit simulated_network(net::io_context& context, std::uint32_t seed = 1)
        : context_(context), random_(seed)
    {
        add_gateway(net::ip::make_address_v4("192.168.1.1"));
        set_host(net::ip::make_address_v4("192.168.1.2"), net::ip::make_address_v4("192.168.1.1"));
    }

    simulated_network(const simulated_network&) = delete;
    simulated_network& operator=(const simulated_network&) = delete;

    /// What happens to datagrams.
    simulated_conditions conditions;

    /// Called for each request that a client sends, for each that arrives at a gateway, and for
    /// each answer that arrives at the client.
    std::function<void(const simulated_datagram&)> observer;

    /// The virtual time.
    [[nodiscard]] time_point now() const noexcept
    {
        return now_;
    }

    /// A number, from the seed.
    [[nodiscard]] std::uint32_t random()
    {
        return static_cast<std::uint32_t>(random_());
    }

    /// A number below `limit`, from the seed.
    [[nodiscard]] std::uint32_t random(std::uint32_t limit)
    {
        return random() % limit;
    }

    /// True with the given chance.
    [[nodiscard]] bool chance(double probability)
    {
        return static_cast<double>(random()) < probability * 4294967296.0;
    }

    /// The gateway at an address, made if there is none.
    simulated_gateway& add_gateway(const net::ip::address_v4& address,
                                   const gateway_settings& settings = {})
    {
        auto& place = gateways_[address];
        if (!place)
            place = std::make_unique<simulated_gateway>(
                simulated_gateway{.model = gateway_model(now_, settings)});
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
        rebooted.model.reboot(now_);
        for (std::size_t count = 0; count < announcements; ++count)
            at(now_ + gateway_model::announcement_times[count], [this, address, &rebooted] {
                if (rebooted.reachable && rebooted.serving)
                    announce(address, rebooted.model.announcement(now_));
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
            at(awake_at_, [this, call] { net::post(context_, [call] { call({}); }); });
    }

    /// Puts the host to sleep: nothing happens on it until then, and what arrives is lost.
    void sleep_until(time_point wake)
    {
        awake_at_ = std::max(awake_at_, wake);
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
        at(now_, [this, source, bytes] {
            for_sockets(true, [&](simulated_socket& socket) { socket.arrive(source, bytes); });
        });
    }

    /// Calls a function at a time.
    void at(time_point when, std::function<void()> action)
    {
        events_.emplace(std::max(when, now_), std::move(action));
    }

    /// Lets all that is ready happen, without letting time pass.
    void settle()
    {
        context_.restart();
        while (context_.poll() > 0) {
        }
    }

    /// Lets time pass until something happens, at most until `limit`; false if nothing did.
    bool step(time_point limit = time_point::max())
    {
        settle();
        if (events_.empty() || events_.begin()->first > limit) {
            if (limit != time_point::max())
                now_ = std::max(now_, limit);
            return false;
        }
        auto next = events_.extract(events_.begin());
        now_ = std::max(now_, next.key());
        next.mapped()();
        settle();
        return true;
    }

    /// Lets time pass.
    void run_for(platform_clock::duration time)
    {
        const time_point end = now_ + time;
        while (step(end)) {
        }
    }

private:
    friend class simulated_platform;

    [[nodiscard]] bool asleep() const noexcept
    {
        return now_ < awake_at_;
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
        const int copies = chance(conditions.duplicates) ? 2 : 1;
        for (int copy = 0; copy < copies; ++copy) {
            const auto spread = (conditions.most_delay - conditions.least_delay).count();
            const auto extra = spread > 0 ? random(static_cast<std::uint32_t>(spread) + 1) : 0;
            if (!chance(conditions.loss))
                at(now_ + conditions.least_delay + platform_clock::duration{extra},
                   [arrive, copy] { arrive(copy > 0); });
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
        tell({host, target, simulated_datagram::place::sent, false, bytes});
        if (host != route_.local_address)
            return net::error::network_unreachable;
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
        for (const gateway_reply& reply : answering.model.handle(host, bytes, now_))
            at(now_ + reply.delay,
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

    net::io_context& context_;
    std::mt19937 random_;
    time_point now_{std::chrono::hours{1}};
    time_point awake_at_ = detail::long_ago;
    natpmp::gateway route_{};
    std::map<net::ip::address_v4, std::unique_ptr<simulated_gateway>> gateways_;
    simulated_list<simulated_socket> sockets_;
    simulated_watchers watchers_;
    std::multimap<time_point, std::function<void()>> events_;
};

} // namespace testing
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_TESTING_SIMULATED_NETWORK_HPP
