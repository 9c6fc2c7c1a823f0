// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Counts at two levels. operator new knows what was asked for. malloc also sees what Asio takes for
// its handlers, by aligned_alloc. Needs the GNU C library, whose malloc can be wrapped.

#include "bench/heap.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>

#include <malloc.h>

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
}

namespace {

std::atomic<std::uint64_t> allocations{0};
std::atomic<std::int64_t> requested{0}, usable{0};

// What operator new adds to each block to remember its size. A multiple of malloc's step, so that
// malloc gives exactly so much more.
constexpr std::size_t header = alignof(std::max_align_t);

void* taken(void* block) noexcept
{
    if (block) {
        allocations.fetch_add(1, std::memory_order_relaxed);
        usable.fetch_add(static_cast<std::int64_t>(malloc_usable_size(block)),
                         std::memory_order_relaxed);
    }
    return block;
}

void given_back(void* block) noexcept
{
    if (block)
        usable.fetch_sub(static_cast<std::int64_t>(malloc_usable_size(block)),
                         std::memory_order_relaxed);
}

} // namespace

extern "C" {

void* malloc(std::size_t size)
{
    return taken(__libc_malloc(size));
}

void* calloc(std::size_t count, std::size_t size)
{
    return taken(__libc_calloc(count, size));
}

void* realloc(void* block, std::size_t size)
{
    given_back(block);
    return taken(__libc_realloc(block, size));
}

void* memalign(std::size_t alignment, std::size_t size)
{
    return taken(__libc_memalign(alignment, size));
}

void* aligned_alloc(std::size_t alignment, std::size_t size)
{
    return taken(__libc_memalign(alignment, size));
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size)
{
    *block = taken(__libc_memalign(alignment, size));
    return *block ? 0 : ENOMEM;
}

void free(void* block)
{
    given_back(block);
    __libc_free(block);
}

} // extern "C"

void* operator new(std::size_t size)
{
    void* block = std::malloc(size + header);
    if (!block)
        throw std::bad_alloc{};
    *static_cast<std::size_t*>(block) = size;
    requested += static_cast<std::int64_t>(size);
    usable -= static_cast<std::int64_t>(header);
    return static_cast<char*>(block) + header;
}

void operator delete(void* given) noexcept
{
    if (!given)
        return;
    void* block = static_cast<char*>(given) - header;
    requested -= static_cast<std::int64_t>(*static_cast<std::size_t*>(block));
    usable += static_cast<std::int64_t>(header);
    std::free(block);
}

void operator delete(void* given, std::size_t) noexcept
{
    operator delete(given);
}

namespace bench {

heap_use heap() noexcept
{
    return {allocations, requested, usable};
}

void check_heap_counts()
{
    const heap_use before = heap();
    void* volatile by_new = ::operator new(100);
    void* volatile aligned = std::aligned_alloc(32, 320);
    const heap_use held = heap();
    ::operator delete(by_new);
    std::free(aligned);
    const heap_use after = heap();
    const bool counted = held.allocations == before.allocations + 2 &&
                         held.requested == before.requested + 100 &&
                         held.usable >= before.usable + 420 && after.usable == before.usable &&
                         after.requested == before.requested;
    if (!counted) {
        std::fputs("the heap is not counted\n", stderr);
        std::exit(2);
    }
}

} // namespace bench
