// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What the program holds on its heap, and how often it asked for memory.

#ifndef NATPMP_TESTS_BENCH_HEAP_HPP
#define NATPMP_TESTS_BENCH_HEAP_HPP

#include <cstdint>

namespace bench {

struct heap_use
{
    std::uint64_t allocations =
        0;                      ///< since the start: calls of malloc and its kin, new's among them
    std::int64_t requested = 0; ///< held now: bytes as operator new was asked for them
    std::int64_t usable = 0;    ///< held now: bytes as malloc gave them
};

[[nodiscard]] heap_use heap() noexcept;

/// Exits if what operator new and aligned_alloc give is not counted.
void check_heap_counts();

} // namespace bench

#endif // NATPMP_TESTS_BENCH_HEAP_HPP
