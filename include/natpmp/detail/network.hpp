// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The client's sockets and their receive loops.

#ifndef NATPMP_DETAIL_NETWORK_HPP
#define NATPMP_DETAIL_NETWORK_HPP

#include <natpmp/detail/loop.hpp>
#include <natpmp/platform.hpp>

#include <array>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Whether an error is what ICMP port unreachable becomes (T-5).
inline bool is_refusal(const error_code& error) noexcept
{
    return error == net::error::connection_refused || error == net::error::connection_reset;
}

/// The sockets towards one gateway, and the notices of change; what arrives is told to the owner.
template <class Platform>
class network
{
public:
    network(const Platform& world, loop_owner& owner)
        : requests_(world, owner), announcements_(world, owner), changes_(world, owner)
    {}

    /// Opens the request socket and starts to receive.
    error_code open(const gateway& where, std::uint16_t port)
    {
        close();
        open_ = true;
        return start(requests_, where, port);
    }

    /// Opens the announcement socket and starts to hear.
    error_code listen(const gateway& where, std::uint16_t port)
    {
        return start(announcements_, where, port);
    }

    /// Starts to watch the host, once; without notices, failures and the application tell.
    void watch()
    {
        if (!std::exchange(watching_, true))
            start(changes_);
    }

    /// Sends to the gateway without blocking.
    error_code send(bytes_view bytes)
    {
        return requests_.source.send(bytes);
    }

    /// Waits again for what was lost for want of memory.
    void revive()
    {
        requests_.revive();
        announcements_.revive();
        changes_.revive();
    }

    /// Closes both sockets; nothing more arrives from them.
    void close()
    {
        if (std::exchange(open_, false)) {
            close(requests_);
            close(announcements_);
        }
    }

    /// Stops watching the host.
    void stop_watching()
    {
        if (std::exchange(watching_, false))
            close(changes_);
    }

private:
    /// Errors of a socket, in a row.
    class error_count
    {
    public:
        /// Whether to use the socket on.
        bool bearable(bool failed)
        {
            constexpr unsigned most = 16;
            count_ = failed ? count_ + 1 : 0;
            if (count_ <= most)
                return true;
            count_ = 0;
            return false;
        }

    private:
        unsigned count_ = 0;
    };

    struct request_loop final : loop
    {
        using source_type = typename Platform::request_socket_type;

        request_loop(const Platform& world, loop_owner& tell)
            : loop(tell), source(world.template make<source_type>())
        {}

        void wait(handler to_call) override
        {
            source.async_receive(bytes, std::move(to_call));
        }

        bool ready(error_code error, std::size_t size) override
        {
            const bool usable = errors.bearable(error && !is_refusal(error));
            if (!error || is_refusal(error) || !usable)
                owner().received(error, {bytes.data(), size});
            return usable;
        }

        source_type source;
        error_count errors;
        std::array<std::uint8_t, receive_buffer_size> bytes{};
    };

    struct announcement_loop final : loop
    {
        using source_type = typename Platform::announcement_socket_type;

        announcement_loop(const Platform& world, loop_owner& tell)
            : loop(tell), source(world.template make<source_type>())
        {}

        void wait(handler to_call) override
        {
            source.async_receive_from(bytes, sender, std::move(to_call));
        }

        bool ready(error_code error, std::size_t size) override
        {
            owner().heard(error, sender, {bytes.data(), size});
            return errors.bearable(static_cast<bool>(error));
        }

        source_type source;
        error_count errors;
        net::ip::udp::endpoint sender;
        std::array<std::uint8_t, receive_buffer_size> bytes{};
    };

    struct change_loop final : loop
    {
        using source_type = typename Platform::change_notices_type;

        change_loop(const Platform& world, loop_owner& tell)
            : loop(tell), source(world.template make<source_type>())
        {}

        void wait(handler to_call) override
        {
            source.async_wait(std::move(to_call));
        }

        bool ready(error_code error, std::size_t) override
        {
            if (!error && source.read())
                owner().changed();
            return !error;
        }

        source_type source;
    };

    template <class Loop>
    static void close(Loop& what)
    {
        what.stop();
        what.source.close();
    }

    template <class Loop, class... Where>
    static error_code start(Loop& what, const Where&... where)
    {
        return or_no_memory([&] {
            const error_code error = what.source.open(where...);
            if (!error)
                what.start();
            return error;
        });
    }

    request_loop requests_;
    announcement_loop announcements_;
    change_loop changes_;
    bool open_ = false, watching_ = false;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_NETWORK_HPP
