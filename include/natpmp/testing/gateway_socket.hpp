// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// gateway_socket: a gateway_model on a UDP socket; what a fake_gateway shares with its handlers.

#ifndef NATPMP_TESTING_GATEWAY_SOCKET_HPP
#define NATPMP_TESTING_GATEWAY_SOCKET_HPP

#include <natpmp/detail/core/time.hpp>
#include <natpmp/detail/platform/sockets.hpp>
#include <natpmp/testing/gateway_model.hpp>

// clang-format off
#include NATPMP_ASIO_HEADER(basic_waitable_timer.hpp)
#include NATPMP_ASIO_HEADER(wait_traits.hpp)
// clang-format on

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace testing {

/// The inside of a basic_fake_gateway, which is what to use. Its pending handlers share it, so that
/// none of them touches a gateway that is gone.
template <class Executor>
class gateway_socket : public std::enable_shared_from_this<gateway_socket<Executor>>
{
public:
    /// How long a reply that is ICMP port unreachable closes the port.
    static constexpr std::chrono::milliseconds unreachable_for{400};

    /// A gateway that is not open yet; port 0 becomes a free one when it is.
    gateway_socket(const Executor& executor, const net::ip::udp::endpoint& endpoint)
        : model(now()),
          executor_(executor),
          endpoint_(endpoint),
          socket_(executor),
          timer_(executor)
    {}

    /// The gateway itself.
    gateway_model model;

    /// The steady clock's time.
    [[nodiscard]] static time_point now()
    {
        return time_point{std::chrono::duration_cast<time_point::duration>(
            std::chrono::steady_clock::now().time_since_epoch())};
    }

    /// Where it works.
    [[nodiscard]] const Executor& executor() const
    {
        return executor_;
    }

    /// Its address and port.
    [[nodiscard]] const net::ip::udp::endpoint& endpoint() const
    {
        return endpoint_;
    }

    /// Whether the port is open.
    [[nodiscard]] bool is_open() const
    {
        return socket_.is_open();
    }

    /// Opens the port and begins to answer. Throws system_error if it is taken.
    void open()
    {
        socket_ = bound_to(endpoint_);
        endpoint_ = socket_.local_endpoint();
        ++times_opened_;
        receive();
    }

    /// Closes the port and forgets all that was to be sent.
    void stop()
    {
        tasks_.clear();
        timer_.cancel();
        close();
    }

    /// Sends an announcement.
    void announce(const net::ip::udp::endpoint& destination, std::vector<std::uint8_t> bytes)
    {
        gateway_reply packet;
        packet.bytes = std::move(bytes);
        packet.from_wrong_address = model.faults.wrong_address.take();
        packet.from_wrong_port = model.faults.wrong_port.take();
        send(destination, packet);
    }

    /// Restarts the model, and announces that so many times.
    void reboot(std::size_t announcements, const net::ip::udp::endpoint& destination)
    {
        std::erase_if(tasks_, [](const auto& entry) { return entry.second.what != job::reopen; });
        const time_point start = now();
        model.reboot(start);
        if (announcements > 0)
            announce(destination, model.announcement(start));
        const auto& times = gateway_model::announcement_times;
        for (std::size_t i = 1; i < std::min(announcements, times.size()); ++i)
            schedule(start + times[i], {job::announce, destination, {}});
    }

private:
    using socket = net::basic_datagram_socket<net::ip::udp, Executor>;
    using clock = std::chrono::steady_clock;
    using timer = net::basic_waitable_timer<clock, net::wait_traits<clock>, Executor>;

    enum class job : std::uint8_t
    {
        answer,
        announce,
        reopen
    };

    struct task
    {
        job what = job::answer;
        net::ip::udp::endpoint destination{};
        gateway_reply reply{};
    };

    [[nodiscard]] socket bound_to(const net::ip::udp::endpoint& local) const
    {
        socket result{executor_, local};
        detail::close_on_exec(result); // else a child of the test may hold the port
        result.non_blocking(true);
        result.set_option(net::ip::multicast::outbound_interface{endpoint_.address().to_v4()});
        return result;
    }

    void close()
    {
        error_code ignored;
        socket_.close(ignored);
    }

    void receive()
    {
        auto handler = [self = this->shared_from_this(),
                        opened = times_opened_](const error_code& error, std::size_t size) {
            // What came in for a socket that was closed since is lost with it.
            if (opened == self->times_opened_ && self->is_open())
                self->received(error, size);
        };
        socket_.async_receive_from(net::buffer(buffer_), sender_, std::move(handler));
    }

    void received(const error_code& error, std::size_t size)
    {
        // An error here is a client's closed port, which Windows reports.
        if (!error)
            answer(std::span<const std::uint8_t>{buffer_}.first(size));
        if (is_open())
            receive();
    }

    void answer(std::span<const std::uint8_t> request)
    {
        const time_point arrival = now();
        for (const auto& reply : model.handle(sender_.address().to_v4(), request, arrival)) {
            if (reply.delay > reply.delay.zero())
                schedule(arrival + reply.delay, {job::answer, sender_, reply});
            else
                send(sender_, reply);
        }
    }

    void send(const net::ip::udp::endpoint& destination, const gateway_reply& reply)
    {
        if (!is_open())
            return;
        if (reply.port_unreachable) {
            close();
            schedule(now() + unreachable_for, {job::reopen, {}, {}});
        } else if (reply.from_wrong_address || reply.from_wrong_port) {
            send_as_stranger(destination, reply);
        } else {
            error_code lost;
            socket_.send_to(net::buffer(reply.bytes), destination, 0, lost);
        }
    }

    void send_as_stranger(const net::ip::udp::endpoint& destination,
                          const gateway_reply& reply) const
    {
        net::ip::udp::endpoint stranger = endpoint_;
        if (reply.from_wrong_address)
            stranger.address(net::ip::address_v4{0x7F000002});
        if (reply.from_wrong_port)
            stranger.port(0);
        try {
            bound_to(stranger).send_to(net::buffer(reply.bytes), destination);
        } catch (const system_error&) {
            // A host without that address cannot play the stranger: the datagram is lost.
        }
    }

    void schedule(time_point when, const task& next)
    {
        const auto added = tasks_.emplace(when, next);
        if (added == tasks_.begin())
            wait();
    }

    void wait()
    {
        timer_.expires_at(clock::time_point{tasks_.begin()->first.time_since_epoch()});
        timer_.async_wait([self = this->shared_from_this()](const error_code& error) {
            if (!error)
                self->run_due_tasks();
        });
    }

    void run_due_tasks()
    {
        while (!tasks_.empty() && tasks_.begin()->first <= now()) {
            const task due = tasks_.extract(tasks_.begin()).mapped();
            switch (due.what) {
            case job::answer:
                send(due.destination, due.reply);
                break;
            case job::announce:
                announce(due.destination, model.announcement(now()));
                break;
            case job::reopen:
                reopen();
                break;
            }
        }
        if (!tasks_.empty())
            wait();
    }

    void reopen()
    {
        try {
            if (!is_open())
                open();
        } catch (const system_error&) {
            // Another program has the port now: it stays closed, as is_open() tells.
        }
    }

    Executor executor_;
    net::ip::udp::endpoint endpoint_;
    socket socket_;
    timer timer_;
    std::multimap<time_point, task> tasks_;
    // Tells the handlers of one opened socket from those of the next.
    std::uint64_t times_opened_ = 0;
    net::ip::udp::endpoint sender_;
    std::array<std::uint8_t, 1500> buffer_{};
};

} // namespace testing
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_TESTING_GATEWAY_SOCKET_HPP
