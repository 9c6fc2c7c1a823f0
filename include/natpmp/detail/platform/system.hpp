// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What the headers of this folder share: bytes from the kernel, and file descriptors.

#ifndef NATPMP_DETAIL_PLATFORM_SYSTEM_HPP
#define NATPMP_DETAIL_PLATFORM_SYSTEM_HPP

#include <natpmp/detail/asio.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#if !defined(_WIN32)
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Bytes as a kernel wrote them: lengths and types in the host's byte order, addresses in the
/// network's.
using raw_bytes = std::span<const std::byte>;

/// Copies a value from a place in bytes that need no alignment. False if they end before it does.
template <class Value>
[[nodiscard]] bool peek(raw_bytes from, Value& value, std::size_t at = 0) noexcept
{
    if (at > from.size() || from.size() - at < sizeof value)
        return false;
    std::memcpy(&value, from.data() + at, sizeof value);
    return true;
}

/// An error of the system's by its number: an errno, or a Windows error code.
[[nodiscard]] inline error_code system_error_code(int number) noexcept
{
    return {number, net::error::get_system_category()};
}

/// The number of the error that a socket gets which is bound to another host's address.
#if defined(_WIN32)
constexpr int address_not_available = WSAEADDRNOTAVAIL;
#else
constexpr int address_not_available = EADDRNOTAVAIL;
#endif

/// The system's last error: errno, or on Windows GetLastError(), which is WSAGetLastError() too. To
/// be called before anything else that may set it.
[[nodiscard]] inline error_code last_system_error() noexcept
{
#if defined(_WIN32)
    return system_error_code(static_cast<int>(::GetLastError()));
#else
    return system_error_code(errno);
#endif
}

#if !defined(_WIN32)

/// Closes a file descriptor at the end of a scope. Whoever takes it away leaves -1 behind.
struct descriptor_guard
{
    explicit descriptor_guard(int created) noexcept : descriptor(created)
    {}

    descriptor_guard(const descriptor_guard&) = delete;
    descriptor_guard& operator=(const descriptor_guard&) = delete;

    ~descriptor_guard()
    {
        if (descriptor >= 0)
            ::close(descriptor);
    }

    /// Below 0: none.
    int descriptor;
};

/// Opens a socket that the programs which this one starts do not get. -1 and errno on failure.
[[nodiscard]] inline int open_socket(int family, int type, int protocol) noexcept
{
#if defined(SOCK_CLOEXEC)
    return ::socket(family, type | SOCK_CLOEXEC, protocol);
#else
    // macOS sets it in a second step: a program that another thread starts between the two gets it.
    const int created = ::socket(family, type, protocol);
    if (created >= 0)
        ::fcntl(created, F_SETFD, FD_CLOEXEC);
    return created;
#endif
}

/// Waits for a descriptor that Asio has no class for, such as a netlink socket or a timerfd.
/// `Stream` is Asio's basic_stream_descriptor, which waits for any.
template <class Stream>
class readable_descriptor : public Stream
{
public:
    using Stream::Stream;

    /// Waits until there may be something to read; completes with (error_code).
    template <class Handler>
    void async_wait(Handler handler)
    {
        Stream::async_wait(Stream::wait_read, std::move(handler));
    }

    /// Ends a pending wait, with operation_aborted.
    void close()
    {
        error_code ignored;
        Stream::close(ignored);
    }

protected:
    /// Takes a descriptor that was just made. Below 0 there is none: errno says why.
    error_code assign(int created)
    {
        error_code error = created < 0 ? last_system_error() : error_code{};
        if (!error)
            Stream::assign(created, error);
        if (error && created >= 0)
            ::close(created);
        return error;
    }
};

#endif // !_WIN32

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_PLATFORM_SYSTEM_HPP
