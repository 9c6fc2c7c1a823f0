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
#include <cstring>
#include <span>
#include <utility>

#if !defined(_WIN32)
#include <sys/types.h>
#include <unistd.h>
#endif

/// Marks what runs once for a network: GCC and Clang compile it for size.
#if defined(__GNUC__)
#define NATPMP_COLD __attribute__((cold))
#else
#define NATPMP_COLD
#endif

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

using raw_bytes = std::span<const std::byte>;

/// Copies a value from some place in bytes, which need no alignment. False if they end before it
/// does.
template <class Value>
[[nodiscard]] bool peek(raw_bytes from, Value& value, std::size_t at = 0) noexcept
{
    if (at > from.size() || from.size() - at < sizeof value)
        return false;
    std::memcpy(&value, from.data() + at, sizeof value);
    return true;
}

#if !defined(_WIN32)

/// What errno says. To be called before anything else that may set it.
[[nodiscard]] inline error_code last_system_error() noexcept
{
    return {errno, net::error::get_system_category()};
}

/// Closes a file descriptor at the end of a scope.
class descriptor_guard
{
public:
    explicit descriptor_guard(int descriptor) noexcept : descriptor_(descriptor)
    {}

    descriptor_guard(const descriptor_guard&) = delete;
    descriptor_guard& operator=(const descriptor_guard&) = delete;

    ~descriptor_guard()
    {
        if (descriptor_ >= 0)
            ::close(descriptor_);
    }

    [[nodiscard]] int get() const noexcept
    {
        return descriptor_;
    }

    /// Gives the descriptor to the caller, who closes it.
    [[nodiscard]] int release() noexcept
    {
        return std::exchange(descriptor_, -1);
    }

private:
    int descriptor_;
};

/// Gives a new descriptor to an Asio object, which closes it. Below 0 there is none: `error` says
/// why.
template <class Object>
error_code assign_descriptor(Object& object, int created, error_code error)
{
    descriptor_guard guard(created); // assign() throws if Asio is out of memory
    if (created >= 0)
        object.assign(created, error);
    if (!error)
        static_cast<void>(guard.release());
    return error;
}

/// Reads the change notices that are there. `receive(buffer)` gives a datagram's size without
/// blocking, which may be more than the buffer holds, or -1 and errno; `concerns(datagram)` tells
/// whether it matters. Returns whether any does; true too if notices were lost.
template <class Receive, class Concerns>
[[nodiscard]] bool drain_notices(Receive receive, Concerns concerns) noexcept
{
    std::array<std::byte, 8192> buffer;
    bool changed = false;
    // While routes change without end the caller gets its turn; the rest ends its next wait.
    constexpr int most_receives = 1000;
    for (int count = 0; count < most_receives; ++count) {
        const ssize_t size = receive(std::span<std::byte>(buffer));
        if (size < 0) {
            if (errno == ENOBUFS) // the socket's buffer was full
                changed = true;
            else if (errno != EINTR)
                break;
            continue;
        }
        const auto length = static_cast<std::size_t>(size);
        changed = changed || length > buffer.size() || concerns(raw_bytes(buffer).first(length));
    }
    return changed;
}

#endif // !_WIN32

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_PLATFORM_SYSTEM_HPP
