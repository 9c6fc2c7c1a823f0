// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The client's two UDP sockets: one for requests and answers, one for announcements.

#ifndef NATPMP_DETAIL_PLATFORM_SOCKETS_HPP
#define NATPMP_DETAIL_PLATFORM_SOCKETS_HPP

#include <natpmp/detail/core/wire.hpp>
#include <natpmp/detail/platform/system.hpp>

#include <algorithm>

// clang-format off
#include NATPMP_ASIO_HEADER(buffer.hpp)
#include NATPMP_ASIO_HEADER(ip/multicast.hpp)
#include NATPMP_ASIO_HEADER(socket_base.hpp)
// clang-format on

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Keeps a socket from the programs that this one starts, as the other descriptors are: a child
/// that stays would hold the port.
template <class Socket>
void close_on_exec(Socket& socket) noexcept
{
#if defined(_WIN32)
    // Some layered service providers refuse it for their sockets, which are then inherited.
    const SOCKET handle = socket.native_handle();
    ::SetHandleInformation(reinterpret_cast<HANDLE>(handle), HANDLE_FLAG_INHERIT, 0);
#else
    ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
#endif
}

/// What both sockets are: a UDP socket whose owner waits until there is something to read, and
/// reads it without blocking, so that it can look into the socket at any time.
template <class Executor>
class udp_socket : public net::basic_datagram_socket<net::ip::udp, Executor>
{
    using base = net::basic_datagram_socket<net::ip::udp, Executor>;

public:
    using base::base;

    /// Whether a wait takes a datagram out of the socket, as it does on Windows' I/O completion
    /// ports. Asio could wait for readiness there too, by select() on a thread of its own, but that
    /// ends only a while after the datagram arrived.
#if defined(NATPMP_ASIO_HAS_IOCP)
    static constexpr bool completes_with_datagram = true;
#else
    static constexpr bool completes_with_datagram = false;
#endif

    /// Waits until there may be a datagram or an error to read; completes with (error_code).
    template <class Handler>
    void async_wait(Handler handler)
    {
        if constexpr (completes_with_datagram) {
            awaits_ = true;
            base::async_receive_from(
                net::buffer(first_), first_source_, 0,
                [this, called = std::move(handler)](error_code error, std::size_t size) mutable {
                    awaits_ = false;
                    has_first_ = error != net::error::operation_aborted;
                    first_error_ = error;
                    first_size_ = size;
                    called(has_first_ ? error_code{} : error);
                });
        } else {
            base::async_wait(net::socket_base::wait_read, std::move(handler));
        }
    }

    /// Whether a datagram that arrived may be on its way to a handler.
    [[nodiscard]] bool awaits_datagram() const noexcept
    {
        return awaits_;
    }

    /// Reads one datagram and its source. would_block: there is none. Returns its size.
    std::size_t receive_from(std::span<std::uint8_t> into, net::ip::udp::endpoint& source,
                             error_code& error)
    {
        if constexpr (completes_with_datagram)
            if (std::exchange(has_first_, false)) {
                error = first_error_;
                source = first_source_;
                const std::size_t size = std::min(first_size_, into.size());
                std::copy_n(first_.begin(), size, into.begin());
                return size;
            }
        return base::receive_from(net::buffer(into.data(), into.size()), source, 0, error);
    }

    /// Ends a pending wait, with operation_aborted.
    void close()
    {
        error_code ignored;
        base::close(ignored);
        // A datagram that is left came from the gateway of before.
        has_first_ = false;
    }

protected:
    /// Opens the socket, for reads and writes that do not block.
    error_code open_udp()
    {
        error_code error;
        base::open(net::ip::udp::v4(), error);
        if (!error) {
            close_on_exec(*this);
            base::non_blocking(true, error);
        }
        return error;
    }

    /// Closes it after an error, so that an open socket is a usable one.
    error_code usable(error_code error)
    {
        if (error)
            close();
        return error;
    }

private:
    // The datagram or error that ended a wait, until receive_from() takes it. A port unreachable
    // comes here too, as connection_reset (RFC 6886, section 3.1).
    std::array<std::uint8_t, completes_with_datagram ? receive_buffer_size : 0> first_{};
    net::ip::udp::endpoint first_source_;
    error_code first_error_;
    std::size_t first_size_ = 0;
    bool has_first_ = false;
    bool awaits_ = false; // a receive is pending
};

/// The socket for requests. It is connected: the system drops what is not from the gateway's port
/// (RFC 6886, section 3.2), and tells of an ICMP port unreachable (section 3.1).
template <class Executor>
class request_socket : public udp_socket<Executor>
{
public:
    using udp_socket<Executor>::udp_socket;

    /// Opens it towards a gateway's port, from the local address if one is known: a host with
    /// several gets its mappings for the address that it sends from (RFC 6886, section 3.3).
    error_code open(const gateway& where, std::uint16_t port)
    {
        error_code error = this->open_udp();
        if (!error && !where.local_address.is_unspecified()) {
            this->bind({where.local_address, 0}, error);
            if (error == system_error_code(address_not_available))
                error = errc::no_local_address;
        }
        if (!error)
            this->connect({where.address, port}, error);
        return this->usable(error);
    }

    /// Sends without blocking. Linux reports the ICMP error of an earlier datagram here, and then
    /// has not sent this one.
    error_code send(bytes_view bytes)
    {
        error_code error;
        udp_socket<Executor>::send(net::buffer(bytes.data(), bytes.size()), 0, error);
        return error;
    }
};

/// The socket for announcements: 224.0.0.1, port 5350 (RFC 6886, section 3.2.1), shared with other
/// programs.
template <class Executor>
class announcement_socket : public udp_socket<Executor>
{
public:
    using udp_socket<Executor>::udp_socket;

    /// Opens it on the interface that has the local address.
    error_code open(const gateway& where, std::uint16_t port)
    {
        const net::ip::address_v4 group(0xE0000001);
#if defined(_WIN32)
        const auto& bound = net::ip::address_v4::any(); // a socket binds to own addresses only
#else
        const auto& bound = group; // so that unicast to the port does not come in
#endif
        error_code error = this->open_udp();
        if (!error)
            this->set_option(net::socket_base::reuse_address(true), error);
#if defined(SO_REUSEPORT)
        // Some programs share the port by this option, some by the other.
        constexpr int on = 1;
        ::setsockopt(this->native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
#endif
        if (!error)
            this->bind({bound, port}, error);
        // Every host is in this group without joining (RFC 1112, section 4), so a failure does not
        // count. Joining picks the interface, for IP_MULTICAST_ALL.
        error_code not_joined = error;
        if (!error && where.local_address.is_v4())
            this->set_option(net::ip::multicast::join_group(group, where.local_address.to_v4()),
                             not_joined);
#if defined(IP_MULTICAST_ALL)
        // Else Linux also gives it what arrives by interfaces that other sockets joined on.
        constexpr int off = 0;
        if (!not_joined)
            ::setsockopt(this->native_handle(), IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);
#endif
        return this->usable(error);
    }
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_PLATFORM_SOCKETS_HPP
