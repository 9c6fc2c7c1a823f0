// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Who is inside a client: one thread at a time, checked in debug builds, and one pump.

#ifndef NATPMP_DETAIL_SERIAL_HPP
#define NATPMP_DETAIL_SERIAL_HPP

#include <natpmp/version.hpp>

#include <atomic>
#include <cassert>
#include <thread>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Remembers which thread is inside a client.
struct serial_guard
{
    std::atomic<std::thread::id> owner{};
};

/// The time that a thread spends inside a client; sections of one thread may nest.
class serial_section
{
public:
    explicit serial_section(serial_guard& guard) noexcept
        : guard_(guard), outer_(guard.owner.exchange(std::this_thread::get_id()))
    {
        // The client's executor must be serial: a strand, or a context run by one thread.
        assert(outer_ == std::thread::id{} || outer_ == std::this_thread::get_id());
    }

    serial_section(const serial_section&) = delete;
    serial_section& operator=(const serial_section&) = delete;

    ~serial_section()
    {
        guard_.owner = outer_;
    }

private:
    serial_guard& guard_;
    std::thread::id outer_;
};

/// A flag that is set for the time of a scope, also if that is left by an exception.
class raised_flag
{
public:
    explicit raised_flag(bool& flag) noexcept : flag_(flag)
    {
        flag_ = true;
    }

    raised_flag(const raised_flag&) = delete;
    raised_flag& operator=(const raised_flag&) = delete;

    ~raised_flag()
    {
        flag_ = false;
    }

private:
    bool& flag_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_SERIAL_HPP
