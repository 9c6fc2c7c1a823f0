// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#include "support/heap.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

namespace {

std::atomic<std::int64_t> bytes{0}, blocks{0}, to_grant{0}, to_refuse{0}, were_refused{0};

thread_local bool is_exposed = false;

constexpr std::size_t header = alignof(std::max_align_t);

bool refuses() noexcept
{
    if (!is_exposed || to_refuse <= 0 || to_grant-- > 0)
        return false;
    --to_refuse;
    ++were_refused;
    return true;
}

} // namespace

namespace heap {

std::int64_t live_bytes() noexcept
{
    return bytes;
}

std::int64_t live_blocks() noexcept
{
    return blocks;
}

void refuse(std::int64_t granted, std::int64_t refused) noexcept
{
    to_grant = granted;
    to_refuse = refused;
    were_refused = 0;
}

std::int64_t grant_all() noexcept
{
    to_refuse = 0;
    return were_refused;
}

std::int64_t refused() noexcept
{
    return were_refused;
}

exposed::exposed() noexcept : outer_(std::exchange(is_exposed, true))
{}

exposed::~exposed()
{
    is_exposed = outer_;
}

} // namespace heap

void* operator new(std::size_t size)
{
    void* block = refuses() ? nullptr : std::malloc(size + header);
    if (!block)
        throw std::bad_alloc{};
    *static_cast<std::size_t*>(block) = size;
    bytes += static_cast<std::int64_t>(size);
    ++blocks;
    return static_cast<char*>(block) + header;
}

void* operator new(std::size_t size, const std::nothrow_t&) noexcept
{
    try {
        return operator new(size);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void operator delete(void* given) noexcept
{
    if (!given)
        return;
    void* block = static_cast<char*>(given) - header;
    bytes -= static_cast<std::int64_t>(*static_cast<std::size_t*>(block));
    --blocks;
    std::free(block);
}

void operator delete(void* given, std::size_t) noexcept
{
    operator delete(given);
}

void operator delete(void* given, const std::nothrow_t&) noexcept
{
    operator delete(given);
}
