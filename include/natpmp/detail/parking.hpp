// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Where completion handlers wait: in a service of their execution context, not in a client, so
/// that a coroutine that owns the client goes down with the context.

#ifndef NATPMP_DETAIL_PARKING_HPP
#define NATPMP_DETAIL_PARKING_HPP

#include <natpmp/detail/pending.hpp>

#include <mutex>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// The operations whose handlers wait in one execution context.
class parking : public net::execution_context::service
{
public:
    static inline net::execution_context::id id;

    explicit parking(net::execution_context& context) : net::execution_context::service(context)
    {}

    /// Of the context that an executor belongs to.
    template <class Executor>
    static parking& of(const Executor& executor)
    {
        return net::use_service<parking>(net::query(executor, net::execution::context));
    }

    /// Takes an entry in; false if the context goes down.
    [[nodiscard]] bool add(pending& entry)
    {
        const std::lock_guard lock(mutex_);
        if (down_)
            return false;
        entry.next_ = front_;
        if (front_)
            front_->previous_ = &entry;
        front_ = &entry;
        return true;
    }

    /// Whether what is left here is destroyed with the context.
    [[nodiscard]] bool down() const
    {
        const std::lock_guard lock(mutex_);
        return down_;
    }

    /// Takes an entry out; false if it is left to be destroyed with the context.
    bool remove(pending& entry)
    {
        const std::lock_guard lock(mutex_);
        if (down_)
            return false;
        unlink(entry);
        return true;
    }

private:
    void unlink(pending& entry) noexcept
    {
        (entry.previous_ ? entry.previous_->next_ : front_) = entry.next_;
        if (entry.next_)
            entry.next_->previous_ = entry.previous_;
        entry.previous_ = entry.next_ = nullptr;
    }

    void shutdown() noexcept override
    {
        {
            const std::lock_guard lock(mutex_);
            down_ = true;
        }
        while (pending* entry = front_) {
            unlink(*entry);
            entry->destroy();
        }
    }

    mutable std::mutex mutex_;
    pending* front_ = nullptr;
    bool down_ = false;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_PARKING_HPP
