// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What a client stands on if it is told of nothing else: asio_platform, the system by Asio.

#ifndef NATPMP_PLATFORM_HPP
#define NATPMP_PLATFORM_HPP

#include <natpmp/detail/platform/change_notices.hpp>
#include <natpmp/detail/platform/clock.hpp>
#include <natpmp/detail/platform/sockets.hpp>
#include <natpmp/options.hpp>
#include <natpmp/platform_concept.hpp>

#include <cerrno>
#include <cstdint>

#if defined(__linux__)
#include <sys/random.h>
#elif defined(_WIN32)
#include <random>
#else
#include <stdlib.h>
#endif

namespace natpmp::inline NATPMP_ABI_NAMESPACE {

/// The system that the program runs on, by Asio: sockets, the clock that counts sleep, and the
/// system's routing table.
///
/// Thread safety: as the executor, which must be serial.
template <class Executor>
class asio_platform
{
public:
    /// What its parts run on.
    using executor_type = Executor;
    /// One timer on the clock of now().
    using timer_type = detail::platform_timer<Executor>;
    /// The socket for requests, connected to the gateway.
    using request_socket_type = detail::request_socket<Executor>;
    /// The socket for announcements.
    using announcement_socket_type = detail::announcement_socket<Executor>;
    /// Notices of changed routes and addresses.
    using change_notices_type = detail::change_notices<Executor>;

    /// A platform on this executor.
    explicit asio_platform(const Executor& executor) : executor_(executor)
    {}

    /// The executor.
    [[nodiscard]] executor_type get_executor() const noexcept
    {
        return executor_;
    }

    /// Makes one of the nested types.
    template <class Type>
    [[nodiscard]] Type make() const
    {
        return Type(executor_);
    }

    /// The time on a clock that never steps, and counts while the machine sleeps where the system
    /// has such a clock.
    [[nodiscard]] time_point now() const noexcept
    {
        return detail::boot_clock::now();
    }

    /// 32 bits that nobody can guess.
    [[nodiscard]] std::uint32_t random() const
    {
#if defined(__linux__)
        auto value = static_cast<std::uint32_t>(now().time_since_epoch().count());
        while (::getrandom(&value, sizeof value, 0) < 0 && errno == EINTR) {
        } // a sandbox may forbid it altogether
        return value;
#elif defined(_WIN32)
        return std::random_device{}();
#else
        return ::arc4random();
#endif
    }

    /// The gateway to ask: the one set in the options, else the host's default gateway. The
    /// interface tells one that was made again, with the same addresses, from the one before: the
    /// socket for announcements hears nothing there until it is opened anew.
    [[nodiscard]] gateway find_gateway(const client_options& options, error_code& error) const
    {
        if (options.gateway.is_unspecified())
            return detail::find_default_gateway(options.local_address, error);
        gateway found{.address = options.gateway, .local_address = options.local_address};
        error.clear();
        if (found.local_address.is_unspecified())
            found.local_address = detail::source_address(options.gateway, error);
        if (error)
            return found;
        found.interface_index = detail::find_interface(found.local_address, error);
        if (!detail::is_shortage(error))
            error.clear(); // a sandbox does not list the addresses: the interface stays unknown
        return found;
    }

private:
    Executor executor_;
};

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_PLATFORM_HPP
