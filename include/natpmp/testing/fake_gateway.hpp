// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// fake_gateway: a NAT-PMP gateway on a loopback socket, for the tests of applications.

#ifndef NATPMP_TESTING_FAKE_GATEWAY_HPP
#define NATPMP_TESTING_FAKE_GATEWAY_HPP

#include <natpmp/detail/asio.hpp>
#include <natpmp/detail/core/time.hpp>
#include <natpmp/testing/gateway_model.hpp>
#include <natpmp/testing/gateway_socket.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace testing {

/// A gateway_model on a real UDP socket. It answers as long as it lives and its executor runs.
///
/// Give a client its endpoint() as client_options::gateway and gateway_port, and 127.0.0.1 as
/// local_address; set in model().faults what is to go wrong. It has no thread: it works while the
/// owner runs the executor's context, and gives that work until it is closed or destroyed. Not
/// thread-safe: the executor must be serial (a strand, or a context run by one thread), and the
/// gateway is used only there. It must not outlive the executor's context.
///
/// What a socket cannot do as the model says it:
/// - A wrong address is 127.0.0.2, with the gateway's port. Where the host does not have that
///   address, as outside Linux, such a packet is lost.
/// - ICMP port unreachable is the host's answer when a port is closed. A reply that is one closes
///   the gateway's port for `unreachable_for`: the request itself gets no answer, what the client
///   sends in that time gets the ICMP, and answers due in it are lost. To have it at once and for
///   as long as wanted, use close() and reopen().
template <class Executor = net::any_io_executor>
class basic_fake_gateway
{
public:
    /// The type of the executor.
    using executor_type = Executor;

    /// How long a reply that is ICMP port unreachable closes the port: longer than the 250 ms after
    /// which a client sends again (RFC 6886, section 3.1).
    static constexpr std::chrono::milliseconds unreachable_for =
        gateway_socket<Executor>::unreachable_for;

    /// Opens the gateway's port.
    ///
    /// @param executor  where it works
    /// @param port      its port; 0: any free one
    /// @param address   its address: one of this host
    /// @throws natpmp::system_error  if the port is taken
    explicit basic_fake_gateway(
        const Executor& executor, std::uint16_t port = 0,
        const net::ip::address_v4& address = net::ip::address_v4::loopback())
        : socket_(std::make_shared<gateway_socket<Executor>>(executor,
                                                             net::ip::udp::endpoint{address, port}))
    {
        socket_->open();
    }

    basic_fake_gateway(const basic_fake_gateway&) = delete;
    basic_fake_gateway& operator=(const basic_fake_gateway&) = delete;

    /// Closes the port at once; nothing is sent any more.
    ~basic_fake_gateway()
    {
        socket_->stop();
    }

    /// Where it works.
    [[nodiscard]] executor_type get_executor() const
    {
        return socket_->executor();
    }

    /// Its address and port; they stay the same when it is closed and opened again.
    [[nodiscard]] net::ip::udp::endpoint endpoint() const
    {
        return socket_->endpoint();
    }

    /// The gateway's settings, faults, table and record of requests; valid as long as the gateway.
    /// A new model, with now() as its time, may be assigned.
    [[nodiscard]] gateway_model& model()
    {
        return socket_->model;
    }

    /// The time as the model sees it: that of the steady clock.
    [[nodiscard]] static time_point now()
    {
        return gateway_socket<Executor>::now();
    }

    /// Whether the port is open.
    [[nodiscard]] bool is_open() const
    {
        return socket_->is_open();
    }

    /// Closes the port: the host answers requests with ICMP port unreachable. Answers on their way
    /// and announcements to come are lost. Mappings are kept.
    void close()
    {
        socket_->stop();
    }

    /// Opens the same port again, if it is closed.
    ///
    /// @throws natpmp::system_error  if another program has taken the port meanwhile
    void reopen()
    {
        if (!is_open())
            socket_->open();
    }

    /// Sends one announcement (RFC 6886, section 3.2.1), unless the port is closed. It comes from a
    /// wrong address or port if the model's faults say so.
    ///
    /// @param destination  a group, reached over the interface of the gateway's address, or a host
    void announce(const net::ip::udp::endpoint& destination = announcement_endpoint())
    {
        socket_->announce(destination, model().announcement(now()));
    }

    /// Sends one announcement of PCP (RFC 6887, section 14.1), as announce() does.
    void announce_pcp(const net::ip::udp::endpoint& destination = announcement_endpoint())
    {
        socket_->announce(destination, model().pcp_announcement(now()));
    }

    /// Restarts the gateway: its mappings are gone, except the administrator's, and its epoch
    /// begins at 0. Answers on their way and announcements of an earlier restart are lost. Then it
    /// announces itself, the first time at once (RFC 6886, section 3.2.1).
    ///
    /// @param announcements  how many, 0 to 10; ten take 127.75 s
    /// @param destination    see announce()
    void reboot(std::size_t announcements = gateway_model::announcement_times.size(),
                const net::ip::udp::endpoint& destination = announcement_endpoint())
    {
        socket_->reboot(announcements, destination);
    }

    /// Where clients listen for announcements: 224.0.0.1 port 5350.
    [[nodiscard]] static net::ip::udp::endpoint announcement_endpoint()
    {
        return {net::ip::address_v4{0xE0000001}, 5350};
    }

private:
    std::shared_ptr<gateway_socket<Executor>> socket_;
};

/// A basic_fake_gateway on any executor.
using fake_gateway = basic_fake_gateway<>;

} // namespace testing
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_TESTING_FAKE_GATEWAY_HPP
