// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// A handler that waits for an operation's outcome, and its way back to its own executor.

#ifndef NATPMP_DETAIL_PENDING_HANDLER_HPP
#define NATPMP_DETAIL_PENDING_HANDLER_HPP

#include <natpmp/detail/parking.hpp>

#include <memory>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// What keeps the context of an executor running.
template <class Executor>
using work_on = std::decay_t<decltype(net::prefer(std::declval<const Executor&>(),
                                                  net::execution::outstanding_work.tracked))>;

template <class Executor>
work_on<Executor> make_work(const Executor& executor)
{
    return net::prefer(executor, net::execution::outstanding_work.tracked);
}

/// An operation and its handler, in memory from the handler's associated allocator. `Result` makes
/// of a finished operation the tuple that the handler is called with.
template <class Result, class Executor, class Handler>
class pending_handler final : public pending
{
    using allocator_type = typename std::allocator_traits<
        net::associated_allocator_t<Handler>>::template rebind_alloc<pending_handler>;
    using handler_executor = net::associated_executor_t<Handler, work_on<Executor>>;

public:
    pending_handler(std::shared_ptr<client_base> owner, operation_kind what,
                    const Executor& executor, Handler&& handler)
        : pending(std::move(owner), what),
          lot_(parking::of(executor)),
          executor_(make_work(executor)),
          handler_work_(make_work(net::get_associated_executor(handler, executor_))),
          slot_(net::get_associated_cancellation_slot(handler)),
          handler_(std::move(handler))
    {}

    /// Moves the handler to where it waits, and has its cancellation slot call cancel().
    static pending_handler& park(std::shared_ptr<client_base> owner, operation_kind what,
                                 const Executor& executor, Handler&& handler)
    {
        allocator_type from(net::get_associated_allocator(handler));
        pending_handler* entry = from.allocate(1);
        const auto construct = [&] {
            ::new (static_cast<void*>(entry))
                pending_handler(std::move(owner), what, executor, std::move(handler));
        };
        attempt(construct, [&] {
            from.deallocate(entry, 1);
            return true;
        });
        entry->lot_.add(*entry);
        const auto connect = [&] {
            if (entry->slot_.is_connected())
                entry->slot_.assign([entry](net::cancellation_type type) { entry->cancel(type); });
        };
        attempt(connect, [&] {
            entry->discard();
            return true;
        });
        return *entry;
    }

private:
    /// The first step back: on the client's executor.
    struct departure
    {
        using allocator_type = pending_handler::allocator_type;

        pending_handler* entry; ///< which waits on, so that it is not lost if this is

        [[nodiscard]] allocator_type get_allocator() const noexcept
        {
            return entry->allocator();
        }

        void operator()() const
        {
            entry->depart();
        }
    };

    /// The second step: on the handler's own executor.
    class arrival
    {
    public:
        using executor_type = handler_executor;
        using allocator_type = pending_handler::allocator_type;

        explicit arrival(pending_handler& entry) noexcept : entry_(&entry)
        {}

        arrival(arrival&& other) noexcept
            : entry_(other.entry_), owns_(std::exchange(other.owns_, false))
        {}

        arrival& operator=(arrival&&) = delete;

        ~arrival()
        {
            if (owns_)
                entry_->destroy();
        }

        [[nodiscard]] executor_type get_executor() const noexcept
        {
            return net::get_associated_executor(entry_->handler_, entry_->executor_);
        }

        [[nodiscard]] allocator_type get_allocator() const noexcept
        {
            return entry_->allocator();
        }

        void operator()()
        {
            owns_ = false;
            entry_->arrive();
        }

    private:
        pending_handler* entry_; // also when it was moved from, when Asio asks for the allocator
        bool owns_ = true;
    };

    void resume() override
    {
        if (lot_.down())
            return;
        net::post(executor_, departure{this});
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

    void depart()
    {
        if (!lot_.remove(*this))
            return;
        release();
        // A post would be too much: for a future, whose executor is the system's, it would mean
        // another thread, which outlives the result.
        const auto executor(executor_);
        net::dispatch(executor, arrival(*this));
    }

    void arrive()
    {
        Handler handler(std::move(handler_));
        auto outcome = Result::of(*this);
        free(handler);
        std::apply(std::move(handler), std::move(outcome));
    }

    void destroy() noexcept override
    {
        const Handler handler(std::move(handler_)); // the slot may be gone already, and is left
        free(handler);
    }

    /// The handler, which may own the memory, outlives this.
    void free(const Handler& handler) noexcept
    {
        allocator_type from(net::get_associated_allocator(handler));
        this->~pending_handler();
        from.deallocate(this, 1);
    }

    [[nodiscard]] allocator_type allocator() const noexcept
    {
        return allocator_type(net::get_associated_allocator(handler_));
    }

    parking& lot_;
    work_on<Executor> executor_;
    work_on<handler_executor> handler_work_;
    net::associated_cancellation_slot_t<Handler> slot_;
    Handler handler_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_PENDING_HANDLER_HPP
