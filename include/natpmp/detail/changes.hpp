// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Notices from the host that routes, addresses or interfaces changed.

#ifndef NATPMP_DETAIL_CHANGES_HPP
#define NATPMP_DETAIL_CHANGES_HPP

#include <natpmp/detail/asio_io.hpp>
#include <natpmp/gateway.hpp>

#include <utility>

#if !defined(_WIN32)
#include <unistd.h>
#endif

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

#if !defined(_WIN32)

/// Notices by a socket of the kernel's: netlink on Linux, PF_ROUTE on macOS and the BSDs.
template <class Executor>
class change_notices
{
public:
    explicit change_notices(const Executor& executor) : descriptor_(executor)
    {}

    error_code open()
    {
        error_code error;
        const int created = open_change_notices(error);
        descriptor_guard guard(created); // assigning may throw
        if (created < 0)
            return error;
        descriptor_.assign(created, error);
        if (!error)
            static_cast<void>(guard.release());
        return error;
    }

    /// Waits until there may be something to read; completes with (error_code).
    template <class Handler>
    void async_wait(Handler handler)
    {
        descriptor_.async_wait(net::posix::stream_descriptor::wait_read, std::move(handler));
    }

    /// Reads what is there; true if the gateway or the local address may be another.
    [[nodiscard]] bool read()
    {
        return drain_change_notices(descriptor_.native_handle());
    }

    void close()
    {
        error_code ignored;
        descriptor_.close(ignored);
    }

private:
    net::posix::basic_stream_descriptor<Executor> descriptor_;
};

#else

/// Notices by the IP Helper API, which wakes an event.
template <class Executor>
class change_notices
{
public:
    explicit change_notices(const Executor& executor) : event_(executor)
    {}

    ~change_notices()
    {
        close();
    }

    error_code open()
    {
        const HANDLE created = ::CreateEventW(nullptr, FALSE, FALSE, nullptr);
        if (!created)
            return windows_error(::GetLastError());
        error_code error;
        event_.assign(created, error);
        if (error)
            ::CloseHandle(created);
        else
            error = subscription_.open(created);
        return error;
    }

    /// Waits until there may have been a change; completes with (error_code).
    template <class Handler>
    void async_wait(Handler handler)
    {
        event_.async_wait(std::move(handler));
    }

    /// True: the gateway or the local address may be another. The wait took the notice away.
    [[nodiscard]] bool read() noexcept
    {
        return true;
    }

    void close()
    {
        subscription_.close();
        error_code ignored;
        event_.close(ignored);
    }

private:
    net::windows::basic_object_handle<Executor> event_;
    change_subscription subscription_;
};

#endif

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CHANGES_HPP
