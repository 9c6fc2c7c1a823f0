// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The client's two UDP sockets: one for requests and answers, one for announcements.

#ifndef NATPMP_DETAIL_SOCKETS_HPP
#define NATPMP_DETAIL_SOCKETS_HPP

#include <natpmp/detail/asio_io.hpp>
#include <natpmp/detail/cold.hpp>
#include <natpmp/detail/core/wire.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <utility>

#if !defined(_WIN32)
#include <fcntl.h>
#endif

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// A socket option with an int for a value, in the form that Asio takes.
template <int Level, int Name>
struct socket_option
{
    int value;

    template <class Protocol>
    int level(const Protocol&) const noexcept
    {
        return Level;
    }

    template <class Protocol>
    int name(const Protocol&) const noexcept
    {
        return Name;
    }

    template <class Protocol>
    const int* data(const Protocol&) const noexcept
    {
        return &value;
    }

    template <class Protocol>
    std::size_t size(const Protocol&) const noexcept
    {
        return sizeof value;
    }
};

/// Keeps a socket from the programs that this one starts, as the other descriptors are: a child
/// that stays would hold the port.
template <class Socket>
void close_on_exec(Socket& socket, error_code& error)
{
#if defined(_WIN32)
    const SOCKET handle = socket.native_handle();
    // Some providers' sockets cannot.
    ::SetHandleInformation(reinterpret_cast<HANDLE>(handle), HANDLE_FLAG_INHERIT, 0);
    error.clear();
#else
    error = ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC) == 0
                ? error_code{}
                : error_code{errno, net::error::get_system_category()};
#endif
}

/// Opens a socket and readies it by `prepare(error)`; closes it again on any error.
template <class Socket, class Prepare>
NATPMP_COLD error_code open_socket(Socket& socket, Prepare prepare)
{
    error_code error;
    socket.open(net::ip::udp::v4(), error);
    if (!error)
        close_on_exec(socket, error);
    if (!error)
        socket.non_blocking(true, error);
    if (!error)
        prepare(error);
    if (error) {
        error_code ignored;
        socket.close(ignored);
    }
    return error;
}

/// What both sockets are: a UDP socket whose owner waits until there is something to read, and
/// reads it without blocking, so that it can look into the socket at any time.
template <class Executor>
class udp_socket
{
public:
    explicit udp_socket(const Executor& executor) : socket_(executor)
    {}

#if defined(NATPMP_ASIO_HAS_IOCP)
    /// Whether a wait takes a datagram out of the socket. Asio could wait for readiness here too,
    /// by select() on a thread of its own, but only a while after the datagram arrived.
    static constexpr bool completes_with_datagram = true;

    /// Waits until there may be a datagram or an error to read; completes with (error_code).
    template <class Handler>
    void async_wait(Handler handler)
    {
        awaits_ = true;
        socket_.async_receive_from(
            net::buffer(first_), first_source_, 0,
            [this, called = std::move(handler)](error_code error, std::size_t size) mutable {
                awaits_ = false;
                has_first_ = error != net::error::operation_aborted;
                first_error_ = error;
                first_size_ = size;
                called(has_first_ ? error_code{} : error);
            });
    }

    /// Whether a datagram that arrived may be on its way to a handler.
    [[nodiscard]] bool awaits_datagram() const noexcept
    {
        return awaits_;
    }
#else
    /// Whether a wait takes a datagram out of the socket.
    static constexpr bool completes_with_datagram = false;

    /// Waits until there may be a datagram or an error to read; completes with (error_code).
    template <class Handler>
    void async_wait(Handler handler)
    {
        socket_.async_wait(net::socket_base::wait_read, std::move(handler));
    }

    /// Whether a datagram that arrived may be on its way to a handler.
    [[nodiscard]] bool awaits_datagram() const noexcept
    {
        return false;
    }
#endif

    /// Reads one datagram and its source. would_block: there is none. Returns its size.
    std::size_t receive_from(std::span<std::uint8_t> into, net::ip::udp::endpoint& source,
                             error_code& error)
    {
#if defined(NATPMP_ASIO_HAS_IOCP)
        if (std::exchange(has_first_, false)) {
            error = first_error_;
            source = first_source_;
            const std::size_t size = std::min(first_size_, into.size());
            std::copy_n(first_.begin(), size, into.begin());
            return size;
        }
#endif
        return socket_.receive_from(net::buffer(into.data(), into.size()), source, 0, error);
    }

    void close()
    {
        error_code ignored;
        socket_.close(ignored);
#if defined(NATPMP_ASIO_HAS_IOCP)
        has_first_ = false;
#endif
    }

protected:
    using socket_type = net::basic_datagram_socket<net::ip::udp, Executor>;

    [[nodiscard]] socket_type& socket() noexcept
    {
        return socket_;
    }

    [[nodiscard]] const socket_type& socket() const noexcept
    {
        return socket_;
    }

private:
    socket_type socket_;
#if defined(NATPMP_ASIO_HAS_IOCP)
    std::array<std::uint8_t, receive_buffer_size> first_{}; ///< the datagram that ended a wait
    net::ip::udp::endpoint first_source_;
    error_code first_error_;
    std::size_t first_size_ = 0;
    bool has_first_ = false, awaits_ = false;
#endif
};

/// The socket for requests. It is connected: only the gateway's datagrams come in, and an ICMP
/// port unreachable is seen (V-1, V-2, T-5).
template <class Executor>
class request_socket : public udp_socket<Executor>
{
public:
    using udp_socket<Executor>::udp_socket;

    /// Opens it towards a gateway's port, from the local address if one is known.
    error_code open(const gateway& where, std::uint16_t port)
    {
        return open_socket(this->socket(), [&](error_code& error) {
            if (!where.local_address.is_unspecified())
                this->socket().bind({where.local_address, 0}, error);
            if (!error)
                this->socket().connect({where.address, port}, error);
        });
    }

    /// The address that the system chose to send from.
    [[nodiscard]] net::ip::address local_address() const
    {
        error_code error;
        const auto endpoint = this->socket().local_endpoint(error);
        return error ? net::ip::address{} : endpoint.address();
    }

    /// Sends without blocking.
    error_code send(bytes_view bytes)
    {
        error_code error;
        this->socket().send(net::buffer(bytes.data(), bytes.size()), 0, error);
        return error;
    }
};

/// The socket for announcements: 224.0.0.1, port 5350, shared with other programs (B-5 to B-7).
template <class Executor>
class announcement_socket : public udp_socket<Executor>
{
public:
    using udp_socket<Executor>::udp_socket;

    /// Opens it on the interface that has the local address.
    error_code open(const gateway& where, std::uint16_t port)
    {
        auto& socket = this->socket();
        return open_socket(socket, [&](error_code& error) {
            const net::ip::address group = net::ip::address_v4{0xE0000001};
            socket.set_option(net::socket_base::reuse_address(true), error);
#if defined(SO_REUSEPORT)
            error_code unshared; // some programs share by this option, some by the other
            socket.set_option(socket_option<SOL_SOCKET, SO_REUSEPORT>{1}, unshared);
#endif
            if (!error)
                socket.bind({bound_address(group), port}, error);
            error_code not_joined; // all hosts are in this group in any case
            if (where.local_address.is_v4())
                socket.set_option(
                    net::ip::multicast::join_group(group.to_v4(), where.local_address.to_v4()),
                    not_joined);
#if defined(IP_MULTICAST_ALL)
            if (!not_joined) // no announcements from other interfaces
                socket.set_option(socket_option<IPPROTO_IP, IP_MULTICAST_ALL>{0}, not_joined);
#endif
        });
    }

private:
    /// Bound to the group, it gets nothing else; Windows binds to the host's own addresses only.
    static net::ip::address bound_address(const net::ip::address& group)
    {
#if defined(_WIN32)
        static_cast<void>(group);
        return net::ip::address_v4::any();
#else
        return group;
#endif
    }
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_SOCKETS_HPP
