// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Notices from the host that routes, addresses or interfaces changed.

#ifndef NATPMP_DETAIL_PLATFORM_CHANGE_NOTICES_HPP
#define NATPMP_DETAIL_PLATFORM_CHANGE_NOTICES_HPP

#include <natpmp/detail/platform/system.hpp>
#include <natpmp/gateway.hpp>

#include <utility>

// clang-format off
#if defined(_WIN32)
#include NATPMP_ASIO_HEADER(windows/object_handle.hpp)
#else
#include NATPMP_ASIO_HEADER(posix/stream_descriptor.hpp)
#endif
// clang-format on

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

#if !defined(_WIN32)

/// Notices by a socket of the kernel's: netlink on Linux, PF_ROUTE on macOS and the BSDs. Asio has
/// no protocol type for either; its stream_descriptor waits for any descriptor.
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
        return assign_descriptor(descriptor_, created, error);
    }

    /// Waits until there may be something to read; completes with (error_code).
    template <class Handler>
    void async_wait(Handler handler)
    {
        descriptor_.async_wait(net::posix::stream_descriptor::wait_read, std::move(handler));
    }

    /// Reads what is there; true if the gateway or the local address may be another. Never blocks:
    /// a wait may end without anything to read.
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

/// Notices by the IP Helper API, which sets an event when IPv4 routes or addresses change.
template <class Executor>
class change_notices
{
public:
    explicit change_notices(const Executor& executor) : event_(executor)
    {}

    change_notices(const change_notices&) = delete;
    change_notices& operator=(const change_notices&) = delete;

    ~change_notices()
    {
        close();
    }

    error_code open()
    {
        // The wait that the event ends also resets it.
        const HANDLE created = ::CreateEventW(nullptr, FALSE, FALSE, nullptr);
        if (!created)
            return windows_error(::GetLastError());
        error_code error;
        event_.assign(created, error);
        if (error) {
            ::CloseHandle(created);
            return error;
        }
        // Without a first call that only says that the subscription begins.
        DWORD status =
            ::NotifyRouteChange2(AF_INET, &changed<MIB_IPFORWARD_ROW2>, created, FALSE, &routes_);
        if (status == NO_ERROR)
            status = ::NotifyUnicastIpAddressChange(AF_INET, &changed<MIB_UNICASTIPADDRESS_ROW>,
                                                    created, FALSE, &addresses_);
        if (status != NO_ERROR) // one of the two would miss changes
            unsubscribe();
        return windows_error(status);
    }

    /// Waits until there may have been a change; completes with (error_code).
    template <class Handler>
    void async_wait(Handler handler)
    {
        event_.async_wait(std::move(handler));
    }

    /// True: the gateway or the local address may be another. The event does not say which.
    [[nodiscard]] bool read() noexcept
    {
        return true;
    }

    void close()
    {
        unsubscribe();
        error_code ignored;
        event_.close(ignored);
    }

private:
    /// Called on a thread of the system's.
    template <class Row>
    static void WINAPI changed(void* event, Row*, MIB_NOTIFICATION_TYPE)
    {
        ::SetEvent(event);
    }

    /// Waits for a call of changed() that is under way: then the event can be closed.
    void unsubscribe() noexcept
    {
        for (HANDLE* subscription : {&routes_, &addresses_})
            if (const HANDLE open = std::exchange(*subscription, nullptr))
                ::CancelMibChangeNotify2(open);
    }

    net::windows::basic_object_handle<Executor> event_;
    HANDLE routes_ = nullptr, addresses_ = nullptr;
};

#endif

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_PLATFORM_CHANGE_NOTICES_HPP
