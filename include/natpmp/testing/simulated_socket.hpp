// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The simulated network's end of a socket or of a timer: one handler that waits, and what for.

#ifndef NATPMP_TESTING_SIMULATED_SOCKET_HPP
#define NATPMP_TESTING_SIMULATED_SOCKET_HPP

#include <natpmp/detail/asio.hpp>
#include <natpmp/detail/core/time.hpp>
#include <natpmp/types.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace testing {

/// A UDP socket of the simulated host. Connected, it takes datagrams of one gateway only;
/// otherwise it hears announcements.
class simulated_socket
{
public:
    /// What is told that there is something to read.
    using handler_type = std::function<void(error_code)>;

    /// A closed socket, whose handlers run on this executor; `ready` has them run once there is
    /// something to read.
    simulated_socket(const net::any_io_executor& executor,
                     std::function<void(std::function<void()>)> ready)
        : executor_(executor), ready_(std::move(ready))
    {}

    /// Opens the socket towards a gateway, or for announcements.
    void open(const gateway& where, std::uint16_t port, bool connected)
    {
        where_ = where;
        port_ = port;
        connected_ = connected;
        open_ = true;
    }

    /// Closes it; a waiting handler gets operation_aborted.
    void close()
    {
        open_ = false;
        arrived_.clear();
        refusal_.clear();
        if (const auto handler = std::exchange(handler_, nullptr))
            net::post(executor_,
                      [handler] { handler(make_error_code(net::error::operation_aborted)); });
    }

    /// Waits until there is something to read.
    void wait(handler_type handler)
    {
        handler_ = std::move(handler);
        complete();
    }

    /// Reads one datagram and its source; would_block if there is none.
    std::size_t receive(std::span<std::uint8_t> into, net::ip::udp::endpoint& source,
                        error_code& error)
    {
        error = take_refusal();
        if (!error && arrived_.empty())
            error = net::error::would_block;
        if (error)
            return 0;
        const auto& [from, bytes] = arrived_.front();
        const std::size_t size = std::min(bytes.size(), into.size());
        std::copy_n(bytes.begin(), size, into.begin());
        source = from;
        arrived_.pop_front();
        return size;
    }

    /// A datagram arrives.
    void arrive(const net::ip::udp::endpoint& from, std::span<const std::uint8_t> bytes)
    {
        constexpr std::size_t most_queued = 256;
        if (!open_ || (connected_ && from != net::ip::udp::endpoint{where_.address, port_}) ||
            arrived_.size() >= most_queued)
            return;
        arrived_.emplace_back(from, std::vector<std::uint8_t>(bytes.begin(), bytes.end()));
        complete();
    }

    /// ICMP port unreachable arrives; a connected socket reports it once.
    void arrive_refusal()
    {
        if (!open_ || !connected_)
            return;
        refusal_ = make_error_code(net::error::connection_refused);
        complete();
    }

    /// The refusal that was not reported yet, if there is one; it is reported by this.
    [[nodiscard]] error_code take_refusal()
    {
        return std::exchange(refusal_, {});
    }

    /// Whether it is open.
    [[nodiscard]] bool is_open() const noexcept
    {
        return open_;
    }

    /// Where it sends to.
    [[nodiscard]] const gateway& where() const noexcept
    {
        return where_;
    }

    /// The port it sends to, or hears on.
    [[nodiscard]] std::uint16_t port() const noexcept
    {
        return port_;
    }

    /// Whether it is for requests rather than announcements.
    [[nodiscard]] bool connected() const noexcept
    {
        return connected_;
    }

private:
    void complete()
    {
        if (!handler_ || (arrived_.empty() && !refusal_))
            return;
        ready_([handler = std::exchange(handler_, nullptr)] { handler({}); });
    }

    net::any_io_executor executor_;
    std::function<void(std::function<void()>)> ready_;
    gateway where_{};
    std::uint16_t port_ = 0;
    bool open_ = false, connected_ = false;
    handler_type handler_;
    std::deque<std::pair<net::ip::udp::endpoint, std::vector<std::uint8_t>>> arrived_;
    error_code refusal_{};
};

} // namespace testing
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_TESTING_SIMULATED_SOCKET_HPP
