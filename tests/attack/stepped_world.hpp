// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A client and a gateway that exchange real datagrams on loopback, in time that the test moves.

#ifndef NATPMP_TESTS_ATTACK_STEPPED_WORLD_HPP
#define NATPMP_TESTS_ATTACK_STEPPED_WORLD_HPP

#include "attack/stepped_platform.hpp"

#include "api/operations.hpp"
#include "support/heap.hpp"

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <span>

namespace attack_test {

using namespace api_test;
using bytes = std::vector<std::uint8_t>;

inline const asio::ip::address_v4 localhost = asio::ip::address_v4::loopback();

/// A UDP socket of somebody's on this host, who never waits.
class neighbour
{
public:
    explicit neighbour(const asio::ip::address& address = localhost, std::uint16_t port = 0)
        : socket_(context_, {address, port})
    {
        socket_.non_blocking(true);
        socket_.set_option(asio::ip::multicast::outbound_interface(localhost));
    }

    [[nodiscard]] asio::ip::udp::endpoint endpoint() const
    {
        return socket_.local_endpoint();
    }

    void send(const bytes& datagram, const asio::ip::udp::endpoint& to)
    {
        socket_.send_to(asio::buffer(datagram), to);
    }

    /// What came in, and from where; nothing: an empty one.
    bytes receive(asio::ip::udp::endpoint& from)
    {
        std::array<std::uint8_t, 1500> buffer{};
        error_code error;
        const std::size_t size = socket_.receive_from(asio::buffer(buffer), from, 0, error);
        return error ? bytes{} : bytes(buffer.begin(), buffer.begin() + size);
    }

private:
    asio::io_context context_;
    asio::ip::udp::socket socket_;
};

/// A gateway_model at a port of its own, in the test's time.
struct stepped_gateway
{
    neighbour socket{};
    natpmp::testing::gateway_model model;
    asio::ip::udp::endpoint client{}; ///< who asked last
    std::vector<bytes> answers{};     ///< all that it ever sent
    std::multimap<time_point, std::pair<bytes, asio::ip::udp::endpoint>> waiting{};

    explicit stepped_gateway(time_point now) : model(now)
    {}

    /// Answers what came in, and sends what is due. Whether there was anything.
    bool serve(time_point now)
    {
        bool any = false;
        for (bytes request; !(request = socket.receive(client)).empty(); any = true)
            for (const auto& reply : model.handle(localhost, request, now))
                waiting.emplace(now + reply.delay, std::pair(reply.bytes, client));
        for (; !waiting.empty() && waiting.begin()->first <= now; any = true) {
            const auto& [datagram, to] = waiting.begin()->second;
            socket.send(datagram, to);
            answers.push_back(datagram);
            waiting.erase(waiting.begin());
        }
        return any;
    }
};

struct stepped_world
{
    asio::io_context context{1};
    const std::shared_ptr<stepped_world_state> shared = std::make_shared<stepped_world_state>();
    stepped_world_state& state = *shared;
    stepped_gateway gateway{state.now};

    [[nodiscard]] stepped_platform platform()
    {
        return {context.get_executor(), shared};
    }

    [[nodiscard]] client_options options() const
    {
        client_options result;
        result.gateway = localhost;
        result.gateway_port = gateway.socket.endpoint().port();
        result.local_address = localhost;
        result.announcements = false;
        return result;
    }

    /// Lets everything happen that needs no time. Throws what comes out of the client.
    void settle()
    {
        do {
            const heap::exposed to_refusal;
            context.restart();
            while (context.poll_one() > 0) {
            }
        } while (gateway.serve(state.now));
    }

    /// Moves the time to what is due next, at most to a limit; false if that is reached.
    bool step(time_point limit)
    {
        settle();
        time_point next = gateway.waiting.empty() ? limit : gateway.waiting.begin()->first;
        for (const stepped_timer* timer : state.timers)
            if (timer->when() > state.now)
                next = std::min(next, timer->when());
        state.now = std::max(state.now, std::min(next, limit));
        for (const stepped_timer* timer : state.timers)
            timer->look();
        settle();
        return state.now < limit;
    }

    void run_for(natpmp::platform_clock::duration time)
    {
        const time_point limit = state.now + time;
        while (step(limit)) {
        }
    }

    template <class Predicate>
    bool run_until(Predicate done, natpmp::platform_clock::duration at_most = 10min)
    {
        const time_point limit = state.now + at_most;
        settle();
        while (!done())
            if (!step(limit))
                return done();
        return true;
    }

    /// What reached the gateway.
    [[nodiscard]] lines wire() const
    {
        lines result;
        for (const auto& request : gateway.model.requests)
            result.push_back(request_text(request.bytes));
        return result;
    }

    /// When it did, in milliseconds since the first.
    [[nodiscard]] std::vector<std::int64_t> times() const
    {
        std::vector<std::int64_t> result;
        for (const auto& request : gateway.model.requests)
            result.push_back((request.when - gateway.model.requests.front().when) / 1ms);
        return result;
    }
};

} // namespace attack_test

#endif // NATPMP_TESTS_ATTACK_STEPPED_WORLD_HPP
