// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The platform that joins a client to a simulated network.

#ifndef NATPMP_TESTING_SIMULATED_PLATFORM_HPP
#define NATPMP_TESTING_SIMULATED_PLATFORM_HPP

#include <natpmp/client.hpp>
#include <natpmp/implementation.hpp>
#include <natpmp/testing/simulated_network.hpp>

#include <memory>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace testing {

/// What a simulated network provides to a client: its time, its sockets, its routes and its
/// randomness. See simulated_network::platform(). Copies are cheap; the network must outlive them.
class simulated_platform
{
public:
    /// What clients run on.
    using executor_type = net::any_io_executor;

    /// A platform of this network.
    explicit simulated_platform(simulated_network& network) : network_(&network)
    {}

    /// The executor of the network's context.
    [[nodiscard]] executor_type get_executor() const
    {
        return network_->context().get_executor();
    }

    /// What the host's clock shows of the virtual time.
    [[nodiscard]] time_point now() const noexcept
    {
        return network_->host_now();
    }

    /// A number, from the network's seed.
    [[nodiscard]] std::uint32_t random() const
    {
        return network_->random();
    }

    /// The gateway set in the options, else the host's. Time passes meanwhile, if the conditions
    /// say so.
    [[nodiscard]] gateway find_gateway(const client_options& options, error_code& error) const
    {
        gateway found = network_->look_up();
        if (!options.gateway.is_unspecified())
            found.address = options.gateway;
        if (found.address.is_unspecified() || found.local_address.is_unspecified()) {
            error = errc::no_gateway;
            return {};
        }
        return found;
    }

    /// Makes one of the nested types.
    template <class Type> [[nodiscard]] Type make() const
    {
        return Type(*network_);
    }

    /// A timer in virtual time.
    class timer_type
    {
    public:
        /// A timer of this network.
        explicit timer_type(simulated_network& network)
            : network_(&network), state_(std::make_shared<state>())
        {}

        /// Succeeds.
        error_code open()
        {
            return {};
        }

        /// Sets the time; a wait that is pending goes by the new one.
        void expires_at(time_point when)
        {
            state_->when = when;
            arm();
        }

        /// Waits for the time.
        template <class Handler> void async_wait(Handler handler)
        {
            state_->handler = std::move(handler);
            arm();
        }

        /// Does nothing: no descriptor has to be read.
        void acknowledge()
        {}

        /// Ends a pending wait with operation_aborted.
        void close()
        {
            state_->when = detail::never;
            if (const auto handler = std::exchange(state_->handler, nullptr))
                net::post(network_->context(),
                          [handler] { handler(make_error_code(net::error::operation_aborted)); });
        }

    private:
        struct state
        {
            time_point when = detail::never;
            time_point looked_for = detail::never; ///< the time at which it is looked again
            unsigned looks = 0;
            std::function<void(error_code)> handler;
        };

        void arm()
        {
            if (state_->handler && state_->when < state_->looked_for)
                look(state_, network_);
        }

        static void look(const std::shared_ptr<state>& state, simulated_network* network)
        {
            state->looked_for = state->when;
            const unsigned number = ++state->looks;
            network->at(
                network->firing_time(state->when), [weak = std::weak_ptr(state), network, number] {
                    const auto alive = weak.lock();
                    if (!alive || alive->looks != number)
                        return;
                    alive->looked_for = detail::never;
                    if (!alive->handler || alive->when == detail::never)
                        return;
                    if (network->asleep() || network->now() < alive->when)
                        return look(alive, network);
                    net::post(network->context(),
                              [handler = std::exchange(alive->handler, nullptr)] { handler({}); });
                });
        }

        simulated_network* network_;
        std::shared_ptr<state> state_;
    };

    /// A socket of either kind.
    template <bool Connected> class socket_type
    {
    public:
        /// A closed socket of this network.
        explicit socket_type(simulated_network& network)
            : network_(&network),
              socket_(std::make_shared<simulated_socket>(
                  net::any_io_executor(network.context().get_executor()),
                  [&network](std::function<void()> handler) {
                      network.make_ready(std::move(handler));
                  }))
        {
            network.sockets_.add(socket_);
        }

        /// Opens it towards a gateway's port, or for announcements on that port.
        error_code open(const gateway& where, std::uint16_t port)
        {
            socket_->open(where, port, Connected);
            return {};
        }

        /// Sends to the gateway.
        error_code send(std::span<const std::uint8_t> bytes)
        {
            return network_->send(socket_, bytes);
        }

        /// Whether a wait takes a datagram out of the socket: never.
        static constexpr bool completes_with_datagram = false;

        /// Whether a datagram that arrived may be on its way to a handler: never.
        [[nodiscard]] bool awaits_datagram() const noexcept
        {
            return false;
        }

        /// Waits until there is something to read; completes with (error_code).
        template <class Handler> void async_wait(Handler handler)
        {
            socket_->wait(std::move(handler));
        }

        /// Reads one datagram and its source, and returns its size; would_block if there is none.
        std::size_t receive_from(std::span<std::uint8_t> into, net::ip::udp::endpoint& source,
                                 error_code& error)
        {
            return socket_->receive(into, source, error);
        }

        /// Closes it; a pending wait ends with operation_aborted.
        void close()
        {
            socket_->close();
        }

    private:
        simulated_network* network_;
        std::shared_ptr<simulated_socket> socket_;
    };

    /// The socket for requests.
    using request_socket_type = socket_type<true>;
    /// The socket for announcements.
    using announcement_socket_type = socket_type<false>;

    /// Notices of the host's changes.
    class change_notices_type
    {
    public:
        /// Notices of this network's host.
        explicit change_notices_type(simulated_network& network)
            : network_(&network), waiting_(std::make_shared<std::function<void(error_code)>>())
        {}

        /// Succeeds.
        error_code open()
        {
            return {};
        }

        /// Waits for the next notice.
        template <class Handler> void async_wait(Handler handler)
        {
            *waiting_ = std::move(handler);
            network_->watchers_.add(waiting_);
        }

        /// Whether the notice is one of a change: always.
        [[nodiscard]] bool read()
        {
            return true;
        }

        /// Ends a pending wait with operation_aborted.
        void close()
        {
            if (const auto call = std::exchange(*waiting_, nullptr))
                net::post(network_->context(),
                          [call] { call(make_error_code(net::error::operation_aborted)); });
        }

    private:
        simulated_network* network_;
        std::shared_ptr<std::function<void(error_code)>> waiting_;
    };

private:
    simulated_network* network_;
};

inline simulated_platform simulated_network::platform()
{
    return simulated_platform(*this);
}

} // namespace testing
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_TESTING_SIMULATED_PLATFORM_HPP
