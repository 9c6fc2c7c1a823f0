// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The client's sockets: waiting until there is something to read, and reading it.

#ifndef NATPMP_DETAIL_NETWORK_HPP
#define NATPMP_DETAIL_NETWORK_HPP

#include <natpmp/detail/loop.hpp>
#include <natpmp/platform.hpp>

#include <array>
#include <span>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Whether an error is what ICMP port unreachable becomes (T-5).
inline bool is_refusal(const error_code& error) noexcept
{
    return error == net::error::connection_refused || error == net::error::connection_reset;
}

/// The sockets towards one gateway, and the notices of change. The owner is told when there may be
/// something to read, and reads it, then or at any other time.
template <class Platform>
class network
{
public:
    network(const Platform& world, loop_owner& owner)
        : requests_(world, owner), announcements_(world, owner), changes_(world, owner)
    {}

    /// Opens the request socket and starts to wait for answers.
    error_code open(const gateway& where, std::uint16_t port, time_point now)
    {
        close();
        open_ = true;
        return start(requests_, now, where, port);
    }

    /// Opens the announcement socket and starts to wait for announcements.
    error_code listen(const gateway& where, std::uint16_t port, time_point now)
    {
        return start(announcements_, now, where, port);
    }

    /// Starts to watch the host, once; without notices, failures and the application tell.
    void watch()
    {
        if (!std::exchange(watching_, true))
            start(changes_, long_ago);
    }

    /// Takes in what lies in the sockets, at most 64 datagrams from each.
    void read(time_point now)
    {
        requests_.read(now);
        announcements_.read(now);
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
    /// Waits for one of the two sockets, and reads it.
    template <class Source>
    class socket_loop : public loop
    {
    public:
        using source_type = Source;

        socket_loop(const Platform& world, loop_owner& tell)
            : loop(tell), source(world.template make<source_type>())
        {}

        /// Reads until nothing is left, the socket proves useless or is closed, or often enough.
        void read(time_point now)
        {
            constexpr unsigned most_datagrams = 64, most_errors = 16;
            arrival_span arrived{looked_at, now};
            unsigned errors = 0; // in a row: ICMP reports one error for each datagram sent
            for (unsigned count = 0; active() && count < most_datagrams; ++count) {
                error_code error;
                net::ip::udp::endpoint sender;
                const std::size_t size = source.receive_from(bytes_, sender, error);
                if (error == net::error::would_block || error == net::error::try_again) {
                    looked_at = now;
                    return;
                }
                errors = error ? errors + 1 : 0;
                if (errors > most_errors)
                    return useless(error);
                if (!error || is_refusal(error))
                    take({bytes_.data(), size}, sender, error, arrived);
            }
        }

        source_type source;
        time_point looked_at = long_ago; ///< when it was last found empty, or opened

    private:
        void wait(handler to_call) override
        {
            source.async_wait(std::move(to_call));
        }

        bool ready(error_code error, std::size_t) override
        {
            if (error)
                useless(error);
            else
                owner().turn();
            return !error;
        }

        /// A datagram, or what ICMP port unreachable becomes.
        virtual void take(bytes_view bytes, const net::ip::udp::endpoint& sender, error_code error,
                          const arrival_span& arrived) = 0;

        /// The socket is of no use any more.
        virtual void useless(error_code error) = 0;

        std::array<std::uint8_t, receive_buffer_size> bytes_{};
    };

    struct request_loop final : socket_loop<typename Platform::request_socket_type>
    {
        using socket_loop<typename Platform::request_socket_type>::socket_loop;

    private:
        void take(bytes_view bytes, const net::ip::udp::endpoint&, error_code error,
                  const arrival_span& arrived) override
        {
            this->owner().received(error, bytes, arrived);
        }

        void useless(error_code error) override
        {
            this->owner().received(error, {}, {});
        }
    };

    struct announcement_loop final : socket_loop<typename Platform::announcement_socket_type>
    {
        using socket_loop<typename Platform::announcement_socket_type>::socket_loop;

    private:
        void take(bytes_view bytes, const net::ip::udp::endpoint& sender, error_code error,
                  const arrival_span& arrived) override
        {
            if (!error)
                this->owner().heard(error, sender, bytes, arrived);
        }

        void useless(error_code error) override
        {
            this->stop();
            this->owner().heard(error, {}, {}, {});
        }
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
        time_point looked_at = long_ago; ///< means nothing here
    };

    template <class Loop>
    static void close(Loop& what)
    {
        what.stop();
        what.source.close();
    }

    template <class Loop, class... Where>
    static error_code start(Loop& what, time_point now, const Where&... where)
    {
        return or_no_memory([&] {
            const error_code error = what.source.open(where...);
            if (!error) {
                what.looked_at = now;
                what.start();
            }
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
