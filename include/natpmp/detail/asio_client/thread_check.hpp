// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The debug check that a client is used by one thread at a time.

#ifndef NATPMP_DETAIL_ASIO_CLIENT_THREAD_CHECK_HPP
#define NATPMP_DETAIL_ASIO_CLIENT_THREAD_CHECK_HPP

#include <natpmp/version.hpp>

#include <atomic>
#include <cassert>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Which thread is inside a client, by the address of a variable of its own; null: none.
using inside_thread = std::atomic<const void*>;

[[nodiscard]] inline const void* this_thread() noexcept
{
    static thread_local const char variable = 0;
    return &variable;
}

/// The time that a thread spends inside a client; such times of one thread may nest. Does nothing
/// where NDEBUG is defined.
class thread_check
{
public:
#if defined(NDEBUG)
    explicit thread_check(inside_thread&) noexcept
    {}
#else
    explicit thread_check(inside_thread& inside) noexcept
        : inside_(inside), outer_(inside.exchange(this_thread()))
    {
        // The client's executor must be serial: a strand, or a context run by one thread.
        assert(outer_ == nullptr || outer_ == this_thread());
    }

    ~thread_check()
    {
        inside_ = outer_;
    }

private:
    inside_thread& inside_;
    const void* outer_;

public:
#endif
    thread_check(const thread_check&) = delete;
    thread_check& operator=(const thread_check&) = delete;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ASIO_CLIENT_THREAD_CHECK_HPP
