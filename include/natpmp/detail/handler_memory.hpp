// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What is done about memory that may be refused: loops that wait again take none.

#ifndef NATPMP_DETAIL_HANDLER_MEMORY_HPP
#define NATPMP_DETAIL_HANDLER_MEMORY_HPP

#include <natpmp/detail/attempt.hpp>
#include <natpmp/error.hpp>

#include <atomic>
#include <cstddef>
#include <new>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Memory for the operation that one loop waits for. It must live as long as the loop's handlers.
class handler_memory
{
public:
    /// This memory, or some from the heap if it is too small or an operation has it still.
    [[nodiscard]] void* take(std::size_t size)
    {
        const bool here = size <= sizeof bytes_ && !taken_.exchange(true);
        return here ? bytes_ : ::operator new(size);
    }

    void give_back(void* memory) noexcept
    {
        if (memory == bytes_)
            taken_ = false;
        else
            ::operator delete(memory);
    }

private:
    std::atomic<bool> taken_{false}; // Asio gives back on any of its threads
    alignas(std::max_align_t) std::byte bytes_[384];
};

template <class Type>
class handler_allocator
{
public:
    using value_type = Type;

    explicit handler_allocator(handler_memory& memory) noexcept : memory_(&memory)
    {}

    template <class Other>
    handler_allocator(const handler_allocator<Other>& other) noexcept : memory_(other.memory_)
    {}

    [[nodiscard]] Type* allocate(std::size_t count)
    {
        return static_cast<Type*>(memory_->take(count * sizeof(Type)));
    }

    void deallocate(Type* memory, std::size_t) noexcept
    {
        memory_->give_back(memory);
    }

    template <class Other>
    bool operator==(const handler_allocator<Other>& other) const noexcept
    {
        return memory_ == other.memory_;
    }

private:
    template <class>
    friend class handler_allocator;

    handler_memory* memory_;
};

/// The error of a function that asks the system for something, and may lack memory for it.
template <class Function>
error_code or_no_memory(Function ask)
{
    error_code error = net::error::no_memory;
    attempt([&] { error = ask(); }, [] { return false; });
    return error;
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_HANDLER_MEMORY_HPP
