// Counts what is allocated. A program of its own, so that nobody else's operators are replaced.

#include "heap.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIM_ADDRESS_SANITIZER
#endif
#endif

#if defined(SIM_ADDRESS_SANITIZER) || defined(__SANITIZE_ADDRESS__)

// The sanitizer has operators of its own, and counts.
#include <sanitizer/allocator_interface.h>

std::int64_t sim::live_heap_bytes() noexcept
{
    return static_cast<std::int64_t>(__sanitizer_get_current_allocated_bytes());
}

#else

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::int64_t> live_bytes{0};

constexpr std::size_t header = alignof(std::max_align_t);

} // namespace

namespace sim {

std::int64_t live_heap_bytes() noexcept
{
    return live_bytes;
}

} // namespace sim

void* operator new(std::size_t size)
{
    void* block = std::malloc(size + header);
    if (!block)
        throw std::bad_alloc{};
    *static_cast<std::size_t*>(block) = size;
    live_bytes += static_cast<std::int64_t>(size);
    return static_cast<char*>(block) + header;
}

void operator delete(void* given) noexcept
{
    if (!given)
        return;
    void* block = static_cast<char*>(given) - header;
    live_bytes -= static_cast<std::int64_t>(*static_cast<std::size_t*>(block));
    std::free(block);
}

void operator delete(void* given, std::size_t) noexcept
{
    operator delete(given);
}

#endif
