// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The client's sockets and their receive loops.

#ifndef NATPMP_DETAIL_NETWORK_HPP
#define NATPMP_DETAIL_NETWORK_HPP

#include <natpmp/detail/handler_memory.hpp>
#include <natpmp/platform.hpp>

#include <array>
#include <memory>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Whether an error is what ICMP port unreachable becomes (T-5).
inline bool is_refusal(const error_code& error) noexcept
{
    return error == net::error::connection_refused || error == net::error::connection_reset;
}

/// The sockets towards one gateway, and the notices of change. What arrives is given to the owner:
/// `received(error, bytes)`, `heard(error, source, bytes)` and `changed()`. Handlers hold the
/// owner.
template <class Platform>
class network
{
public:
    explicit network(const Platform& world)
        : requests_(world.template make<typename Platform::request_socket_type>()),
          announcements_(world.template make<typename Platform::announcement_socket_type>()),
          changes_(world.template make<typename Platform::change_notices_type>())
    {}

    /// Opens the request socket and starts to receive.
    template <class Owner>
    error_code open(const std::shared_ptr<Owner>& owner, const gateway& where, std::uint16_t port)
    {
        close();
        return or_no_memory([&] {
            const error_code error = requests_.open(where, port);
            open_ = !error;
            if (open_)
                receive(owner);
            return error;
        });
    }

    /// Opens the announcement socket and starts to hear.
    template <class Owner>
    error_code listen(const std::shared_ptr<Owner>& owner, const gateway& where, std::uint16_t port)
    {
        return or_no_memory([&] {
            const error_code error = announcements_.open(where, port);
            hear_errors_ = 0;
            if (!error)
                hear(owner);
            return error;
        });
    }

    /// Starts to watch the host, once; without notices, failures and the application tell.
    template <class Owner>
    void watch(const std::shared_ptr<Owner>& owner)
    {
        if (std::exchange(watching_, true))
            return;
        or_no_memory([&] {
            const error_code error = changes_.open();
            if (!error)
                await_change(owner);
            return error;
        });
    }

    /// Sends to the gateway without blocking.
    error_code send(bytes_view bytes)
    {
        return requests_.send(bytes);
    }

    /// Closes both sockets; nothing more arrives from them.
    void close()
    {
        if (!std::exchange(open_, false))
            return;
        ++session_;
        requests_.close();
        announcements_.close();
    }

    /// Stops watching the host.
    void stop_watching()
    {
        if (std::exchange(watching_, false))
            changes_.close();
    }

private:
    template <class Owner>
    void receive(const std::shared_ptr<Owner>& owner)
    {
        auto handler = [this, owner, session = session_](error_code error, std::size_t size) {
            if (!open_ || session != session_)
                return;
            bool goes_on = true;
            do_both([&] { goes_on = owner->received(error, {received_.data(), size}); },
                    [&] {
                        if (goes_on && open_ && session == session_)
                            receive(owner);
                    });
        };
        requests_.async_receive(received_, loop_handler(receive_memory_, std::move(handler)));
    }

    template <class Owner>
    void hear(const std::shared_ptr<Owner>& owner)
    {
        auto handler = [this, owner, session = session_](error_code error, std::size_t size) {
            if (!open_ || session != session_)
                return;
            hear_errors_ = error ? hear_errors_ + 1 : 0;
            do_both([&] { owner->heard(error, source_, {heard_.data(), size}); },
                    [&] {
                        if (hear_errors_ <= most_hear_errors && open_ && session == session_)
                            hear(owner);
                    });
        };
        announcements_.async_receive_from(heard_, source_,
                                          loop_handler(hear_memory_, std::move(handler)));
    }

    template <class Owner>
    void await_change(const std::shared_ptr<Owner>& owner)
    {
        auto handler = [this, owner](error_code error) {
            if (error || !watching_)
                return;
            do_both(
                [&] {
                    if (changes_.read())
                        owner->changed();
                },
                [&] {
                    if (watching_)
                        await_change(owner);
                });
        };
        changes_.async_wait(loop_handler(change_memory_, std::move(handler)));
    }

    typename Platform::request_socket_type requests_;
    typename Platform::announcement_socket_type announcements_;
    typename Platform::change_notices_type changes_;
    handler_memory receive_memory_, hear_memory_, change_memory_;
    std::array<std::uint8_t, receive_buffer_size> received_{}, heard_{};
    net::ip::udp::endpoint source_;
    static constexpr unsigned most_hear_errors = 16; // in a row: the socket is of no use
    unsigned session_ = 0, hear_errors_ = 0;
    bool open_ = false, watching_ = false;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_NETWORK_HPP
