// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The platform's timer.

#ifndef NATPMP_DETAIL_TIMER_HPP
#define NATPMP_DETAIL_TIMER_HPP

#include <natpmp/detail/timer_linux.hpp>
#include <natpmp/detail/timer_portable.hpp>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

#if defined(__linux__)
template <class Executor>
using platform_timer = boot_timer<Executor>;
#else
template <class Executor>
using platform_timer = portable_timer<Executor>;
#endif

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_TIMER_HPP
