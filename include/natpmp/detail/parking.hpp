// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Where completion handlers wait: in a service of their execution context, not in a client, so
/// that a coroutine that owns the client goes down with the context.

#ifndef NATPMP_DETAIL_PARKING_HPP
#define NATPMP_DETAIL_PARKING_HPP

#include <natpmp/detail/asio.hpp>
#include <natpmp/detail/attempt.hpp>

#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

class parking;

/// A handler that waits. It is in the list of its service from park() to resume().
class parked
{
public:
    /// Posts the handler by way of the client's executor; the memory is freed before it is called.
    /// If that throws it waits on. Does nothing while the context goes down.
    virtual void resume() = 0;

    /// Destroys the handler, which is not called. Does nothing while the context goes down.
    virtual void discard() noexcept = 0;

    /// Keeps a pointer to this, which becomes null when the context goes down.
    void show_at(parked*& place) noexcept
    {
        place_ = &place;
        place = this;
    }

protected:
    ~parked() = default;

    void hide() noexcept
    {
        if (place_)
            *place_ = nullptr;
    }

    virtual void destroy() noexcept = 0;

private:
    friend class parking;
    parked* previous_ = nullptr;
    parked* next_ = nullptr;
    parked** place_ = nullptr;
};

/// The handlers that wait in one execution context.
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

    void add(parked& entry)
    {
        const std::lock_guard lock(mutex_);
        entry.next_ = front_;
        if (front_)
            front_->previous_ = &entry;
        front_ = &entry;
    }

    /// Whether what is left here is destroyed with the context.
    [[nodiscard]] bool down() const
    {
        const std::lock_guard lock(mutex_);
        return down_;
    }

    /// Takes an entry out; false if it is left to be destroyed with the context.
    bool remove(parked& entry)
    {
        const std::lock_guard lock(mutex_);
        if (down_)
            return false;
        unlink(entry);
        return true;
    }

private:
    void unlink(parked& entry) noexcept
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
        while (parked* entry = front_) {
            unlink(*entry);
            entry->destroy();
        }
    }

    mutable std::mutex mutex_;
    parked* front_ = nullptr;
    bool down_ = false;
};

/// A parked handler of any type, in memory from its associated allocator.
template <class Executor, class Handler>
class parked_handler final : public parked
{
    using executor_type = net::associated_executor_t<Handler, Executor>;
    using work_type = std::decay_t<decltype(net::prefer(std::declval<const executor_type&>(),
                                                        net::execution::outstanding_work.tracked))>;
    using slot_type = net::associated_cancellation_slot_t<Handler>;
    using allocator_type = typename std::allocator_traits<
        net::associated_allocator_t<Handler>>::template rebind_alloc<parked_handler>;

public:
    parked_handler(const Executor& executor, Handler&& handler)
        : executor_(executor),
          lot_(parking::of(executor)),
          work_(net::prefer(net::get_associated_executor(handler, executor),
                            net::execution::outstanding_work.tracked)),
          slot_(net::get_associated_cancellation_slot(handler)),
          handler_(std::move(handler))
    {}

    /// Moves the handler into the parking of an executor, which is the handler's unless it has its
    /// own; `cancel(type)` is called when its slot asks for it.
    template <class Cancel>
    static parked& park(const Executor& executor, Handler&& handler, Cancel cancel)
    {
        allocator_type allocator(net::get_associated_allocator(handler));
        parked_handler* entry = allocator.allocate(1);
        const auto construct = [&] {
            ::new (static_cast<void*>(entry)) parked_handler(executor, std::move(handler));
        };
        attempt(construct, [&] {
            allocator.deallocate(entry, 1);
            return true;
        });
        entry->lot_.add(*entry);
        const auto connect = [&] {
            if (entry->slot_.is_connected())
                entry->slot_.assign(cancel);
        };
        attempt(connect, [&] {
            entry->discard();
            return true;
        });
        return *entry;
    }

    void resume() override
    {
        if (lot_.down())
            return;
        // The handler itself would be lost if there were no memory to post it.
        net::post(executor_,
                  departure{this, allocator_type(net::get_associated_allocator(handler_))});
        if (slot_.is_connected())
            slot_.clear();
    }

    void discard() noexcept override
    {
        if (!lot_.remove(*this))
            return;
        if (slot_.is_connected())
            slot_.clear();
        destroy();
    }

private:
    /// Calls the handler from the client's executor.
    struct departure
    {
        using allocator_type = parked_handler::allocator_type;

        parked_handler* entry;
        allocator_type allocator;

        [[nodiscard]] allocator_type get_allocator() const noexcept
        {
            return allocator;
        }

        void operator()() const
        {
            entry->depart();
        }
    };

    void depart()
    {
        if (!lot_.remove(*this))
            return;
        Handler handler(std::move(handler_));
        const Executor executor(std::move(executor_));
        const work_type work(std::move(work_));
        deallocate(handler);
        // From there it is dispatched to its associated executor. For a future that is the system's
        // executor, to which a post would mean another thread, which outlives the result.
        net::dispatch(executor, std::move(handler));
    }

    void destroy() noexcept override
    {
        hide(); // the slot may be gone already, and is left alone
        const Handler handler(std::move(handler_));
        deallocate(handler);
    }

    void deallocate(const Handler& handler) noexcept
    {
        allocator_type allocator(net::get_associated_allocator(handler));
        this->~parked_handler();
        allocator.deallocate(this, 1);
    }

    Executor executor_;
    parking& lot_;
    work_type work_; ///< keeps the context of the handler's executor running
    slot_type slot_;
    Handler handler_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_PARKING_HPP
