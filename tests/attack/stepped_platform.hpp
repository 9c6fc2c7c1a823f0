// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The real platform, sockets and reactor and all, but for its clock, which the test moves.

#ifndef NATPMP_TESTS_ATTACK_STEPPED_PLATFORM_HPP
#define NATPMP_TESTS_ATTACK_STEPPED_PLATFORM_HPP

#include <natpmp/natpmp.hpp>

#include "support/asio.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <sys/eventfd.h>
#include <unistd.h>

namespace attack_test {

using natpmp::error_code;
using natpmp::time_point;

class stepped_timer;

/// The time, and what the test does to the clients' sockets. A client may outlive its context, and
/// its timer the client; so they share this.
struct stepped_world_state
{
    time_point now{std::chrono::hours{1}};
    std::vector<stepped_timer*> timers;

    int send_error = 0;    ///< what send() fails with; 0: it does not
    int late_refusals = 0; ///< so many sends tell of ICMP to an earlier datagram, and send nothing
    std::vector<time_point> refused; ///< when send() failed

    int receive_error = 0; ///< what ICMP makes of each datagram that is sent; 0: it arrives
    int unreported = 0;    ///< such errors that were not read yet
    std::vector<time_point> rejected; ///< when those were sent
};

/// A timer that ends when the test has moved the time to it. Its memory and its descriptor are
/// those of the real one.
class stepped_timer
{
public:
    stepped_timer(const asio::any_io_executor& executor,
                  const std::shared_ptr<stepped_world_state>& world)
        : descriptor_(executor), world_(world)
    {
        world_->timers.push_back(this);
    }

    stepped_timer(const stepped_timer&) = delete;
    stepped_timer& operator=(const stepped_timer&) = delete;

    ~stepped_timer()
    {
        std::erase(world_->timers, this);
    }

    error_code open()
    {
        error_code error;
        if (descriptor_.is_open())
            return error;
        const int created = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (created < 0)
            return {errno, natpmp::net::error::get_system_category()};
        descriptor_.assign(created, error);
        if (error)
            ::close(created);
        return error;
    }

    void expires_at(time_point at)
    {
        at_ = at;
        acknowledge();
        look();
    }

    template <class Handler>
    void async_wait(Handler handler)
    {
        descriptor_.async_wait(asio::posix::stream_descriptor::wait_read, std::move(handler));
    }

    void acknowledge()
    {
        std::uint64_t count = 0;
        if (::read(descriptor_.native_handle(), &count, sizeof count) < 0)
            return; // it had not ended
    }

    void close()
    {
        error_code ignored;
        descriptor_.close(ignored);
        at_ = natpmp::detail::never;
    }

    /// Ends it if its time has come.
    void look() const
    {
        const std::uint64_t one = 1;
        if (descriptor_.is_open() && at_ <= world_->now &&
            ::write(const_cast<stepped_timer*>(this)->descriptor_.native_handle(), &one,
                    sizeof one) < 0)
            std::abort();
    }

    [[nodiscard]] time_point when() const
    {
        return at_;
    }

private:
    asio::posix::stream_descriptor descriptor_;
    std::shared_ptr<stepped_world_state> world_;
    time_point at_ = natpmp::detail::never;
};

/// The real socket, but that the system may refuse to send, or ICMP tell of what was sent.
class stepped_request_socket : public natpmp::detail::request_socket<asio::any_io_executor>
{
    using base = natpmp::detail::request_socket<asio::any_io_executor>;

public:
    stepped_request_socket(const asio::any_io_executor& executor,
                           const std::shared_ptr<stepped_world_state>& world)
        : base(executor), world_(world)
    {}

    std::size_t receive_from(std::span<std::uint8_t> into, asio::ip::udp::endpoint& source,
                             error_code& error)
    {
        if (world_->unreported == 0)
            return base::receive_from(into, source, error);
        --world_->unreported;
        error.assign(world_->receive_error, natpmp::net::error::get_system_category());
        return 0;
    }

    error_code send(natpmp::detail::bytes_view bytes)
    {
        if (world_->receive_error != 0) {
            ++world_->unreported;
            world_->rejected.push_back(world_->now);
            return {};
        }
        const int failure = world_->late_refusals > 0 ? ECONNREFUSED : world_->send_error;
        if (failure == 0)
            return base::send(bytes);
        world_->late_refusals -= world_->late_refusals > 0;
        world_->refused.push_back(world_->now);
        return {failure, natpmp::net::error::get_system_category()};
    }

private:
    std::shared_ptr<stepped_world_state> world_;
};

class stepped_platform : public natpmp::asio_platform<asio::any_io_executor>
{
    using base = natpmp::asio_platform<asio::any_io_executor>;

public:
    using timer_type = stepped_timer;
    using request_socket_type = stepped_request_socket;

    stepped_platform(const asio::any_io_executor& executor,
                     const std::shared_ptr<stepped_world_state>& world)
        : base(executor), world_(world)
    {}

    template <class Type>
    [[nodiscard]] Type make() const
    {
        if constexpr (std::is_constructible_v<Type, asio::any_io_executor,
                                              std::shared_ptr<stepped_world_state>>)
            return Type(get_executor(), world_);
        else
            return base::make<Type>();
    }

    [[nodiscard]] time_point now() const noexcept
    {
        return world_->now;
    }

    [[nodiscard]] std::uint32_t random() const
    {
        return 1;
    }

private:
    std::shared_ptr<stepped_world_state> world_;
};

} // namespace attack_test

#endif // NATPMP_TESTS_ATTACK_STEPPED_PLATFORM_HPP
