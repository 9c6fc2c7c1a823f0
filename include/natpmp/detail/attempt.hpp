// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What to do when something throws, in programs that have exceptions; the others never get there.

#ifndef NATPMP_DETAIL_ATTEMPT_HPP
#define NATPMP_DETAIL_ATTEMPT_HPP

#include <natpmp/version.hpp>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Does `action`. If that throws, `failed()` mends what it can, and says whether to throw on.
template <class Action, class Failed>
void attempt(Action action, Failed failed)
{
#if defined(__cpp_exceptions)
    try {
        action();
    } catch (...) {
        if (failed())
            throw;
    }
#else
    action();
    static_cast<void>(failed);
#endif
}

/// Does both, the second even if the first throws.
template <class First, class Second>
void do_both(First first, Second second)
{
    attempt(first, [&] {
        second();
        return true;
    });
    second();
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ATTEMPT_HPP
