// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Linux: errors and file descriptors of system calls.

#ifndef NATPMP_DETAIL_SYSTEM_LINUX_HPP
#define NATPMP_DETAIL_SYSTEM_LINUX_HPP

#include <natpmp/detail/asio.hpp>

#if defined(__linux__)

#include <cerrno>
#include <utility>

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

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // defined(__linux__)

#endif // NATPMP_DETAIL_SYSTEM_LINUX_HPP
