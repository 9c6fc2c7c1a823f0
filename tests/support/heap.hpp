// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// How much memory the program holds, and memory that is refused. heap.cpp replaces the program's
// operators new and delete, so it goes only into programs that are made for it.

#ifndef NATPMP_TESTS_SUPPORT_HEAP_HPP
#define NATPMP_TESTS_SUPPORT_HEAP_HPP

#include <cstdint>

namespace heap {

/// What operator new gave and operator delete did not take back yet.
std::int64_t live_bytes() noexcept;

/// The same in blocks.
std::int64_t live_blocks() noexcept;

/// From now on, of the allocations made while this thread is exposed, so many are granted, and the
/// next ones refused by std::bad_alloc, so many.
void refuse(std::int64_t granted, std::int64_t refused = 1) noexcept;

/// Refuses nothing any more. Returns how many allocations were refused.
std::int64_t grant_all() noexcept;

/// How many allocations were refused since refuse().
std::int64_t refused() noexcept;

/// While one lives, this thread's allocations may be refused.
class exposed
{
public:
    exposed() noexcept;
    exposed(const exposed&) = delete;
    exposed& operator=(const exposed&) = delete;
    ~exposed();

private:
    bool outer_;
};

} // namespace heap

#endif // NATPMP_TESTS_SUPPORT_HEAP_HPP
