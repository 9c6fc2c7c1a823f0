// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// POSIX: what the sources of routes and notices share about file descriptors.

#ifndef NATPMP_DETAIL_DESCRIPTOR_HPP
#define NATPMP_DETAIL_DESCRIPTOR_HPP

#if !defined(_WIN32)

#include <natpmp/detail/asio.hpp>
#include <natpmp/detail/raw_bytes.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <span>
#include <utility>

#include <sys/types.h>
#include <unistd.h>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

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

    /// Gives the descriptor to the caller, who closes it.
    [[nodiscard]] int release() noexcept
    {
        return std::exchange(descriptor_, -1);
    }

private:
    int descriptor_;
};

/// Reads the change notices that are there. `receive(buffer)` gives a datagram's size without
/// blocking, which may be more than the buffer holds, or -1 and errno; `concerns(datagram)` tells
/// whether it matters. Returns whether any does; true too if notices were lost.
template <class Receive, class Concerns>
[[nodiscard]] bool drain_notices(Receive receive, Concerns concerns) noexcept
{
    std::array<std::byte, 8192> buffer;
    bool changed = false;
    // In a storm the caller gets its turn; what is left wakes its next wait.
    constexpr int most_receives = 1000;
    for (int count = 0; count < most_receives; ++count) {
        const ssize_t size = receive(std::span<std::byte>(buffer));
        if (size < 0) {
            if (errno == ENOBUFS)
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

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // !_WIN32

#endif // NATPMP_DETAIL_DESCRIPTOR_HPP
