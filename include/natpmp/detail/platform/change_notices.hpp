// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Notices from the host that routes, addresses or interfaces changed.

#ifndef NATPMP_DETAIL_PLATFORM_CHANGE_NOTICES_HPP
#define NATPMP_DETAIL_PLATFORM_CHANGE_NOTICES_HPP

#include <natpmp/detail/platform/system.hpp>
#include <natpmp/gateway.hpp>

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

/// Reads the notices that are there, without blocking. Returns whether any may concern the default
/// gateway or a local address; true too if notices were lost.
[[nodiscard]] inline bool drain_change_notices(int descriptor) noexcept
{
    std::array<std::byte, 8192> buffer; // what does not fit is cut off, and concerns
    bool changed = false;
    // While routes go on changing the caller gets its turn; the rest ends its next wait.
    for (int count = 0; count < 1000; ++count) {
        const auto size = ::recv(descriptor, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (size < 0 && errno != ENOBUFS)
            break;
        // ENOBUFS: the socket's buffer was full, and notices were dropped.
        changed = changed || size < 0 ||
                  concerns_gateway(raw_bytes(buffer).first(static_cast<std::size_t>(size)));
    }
    return changed;
}

/// Notices by a socket of the kernel's: netlink on Linux, PF_ROUTE on macOS and the BSDs. Where
/// there is neither, open() says so, and a change is found when a request fails.
template <class Executor>
class change_notices : public readable_descriptor<net::posix::basic_stream_descriptor<Executor>>
{
public:
    using readable_descriptor<net::posix::basic_stream_descriptor<Executor>>::readable_descriptor;

    /// Subscribes to the notices.
    error_code open()
    {
        return this->assign(open_change_notices());
    }

    /// Reads what is there, if anything; true if the gateway or local address may be another.
    [[nodiscard]] bool read()
    {
        return drain_change_notices(this->native_handle());
    }
};

#else

/// Notices by the IP Helper API, which sets an event when an IPv4 route changes. A new address of
/// the host brings one too: Windows has a route to each (192.168.1.7/32, on-link).
template <class Executor>
class change_notices : public net::windows::basic_object_handle<Executor>
{
public:
    using net::windows::basic_object_handle<Executor>::basic_object_handle;

    ~change_notices()
    {
        close();
    }

    /// Subscribes to the notices.
    error_code open()
    {
        // The wait that the event ends also resets it.
        const HANDLE created = ::CreateEventW(nullptr, FALSE, FALSE, nullptr);
        if (!created)
            return last_system_error();
        this->assign(created);
        // FALSE: without a first call that only says that the subscription begins.
        const auto status = ::NotifyRouteChange2(AF_INET, &changed, created, FALSE, &routes_);
        if (status != NO_ERROR)
            close();
        return windows_error(status);
    }

    /// True: the gateway or the local address may be another. The event does not say which.
    [[nodiscard]] bool read() noexcept
    {
        return true;
    }

    /// Ends a pending wait, with operation_aborted.
    void close()
    {
        // Waits for a call of changed() that is under way: then the event can be closed.
        if (const HANDLE subscription = std::exchange(routes_, nullptr))
            ::CancelMibChangeNotify2(subscription);
        error_code ignored;
        net::windows::basic_object_handle<Executor>::close(ignored);
    }

private:
    /// Called on a thread of the system's, so it may only set the event.
    static void WINAPI changed(void* event, MIB_IPFORWARD_ROW2*, MIB_NOTIFICATION_TYPE)
    {
        ::SetEvent(event);
    }

    HANDLE routes_ = nullptr;
};

#endif

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_PLATFORM_CHANGE_NOTICES_HPP
