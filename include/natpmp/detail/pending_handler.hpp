// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// A handler that waits for an operation's outcome, and its way back to its own executor.

#ifndef NATPMP_DETAIL_PENDING_HANDLER_HPP
#define NATPMP_DETAIL_PENDING_HANDLER_HPP

#include <natpmp/detail/parking.hpp>

#include <memory>
#include <new>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// An executor that keeps its context running.
template <class Executor>
using work_on = std::decay_t<decltype(net::prefer(std::declval<const Executor&>(),
                                                  net::execution::outstanding_work.tracked))>;

/// Keeps the context of a handler's executor running.
template <class Executor>
class outstanding_work
{
public:
    explicit outstanding_work(const Executor& executor)
        : executor_(net::prefer(executor, net::execution::outstanding_work.tracked))
    {}

    [[nodiscard]] const work_on<Executor>& get_executor() const noexcept
    {
        return executor_;
    }

private:
    work_on<Executor> executor_;
};

/// The same for executors of the Networking TS.
template <class Executor>
    requires(!net::execution::is_executor<Executor>::value)
class outstanding_work<Executor> : public net::executor_work_guard<Executor>
{
    using net::executor_work_guard<Executor>::executor_work_guard;
};

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
          executor_(net::prefer(executor, net::execution::outstanding_work.tracked)),
          handler_work_(net::get_associated_executor(handler, *executor_)),
          slot_(net::get_associated_cancellation_slot(handler)),
          handler_(std::move(handler))
    {}

    /// Moves the handler to where it waits, and has its cancellation slot call cancel(). Null if
    /// the context goes down, and the handler with it.
    static pending_handler* park(std::shared_ptr<client_base> owner, operation_kind what,
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
        if (!entry->lot_.add(*entry)) {
            entry->destroy();
            return nullptr;
        }
        const auto connect = [&] {
            if (entry->slot_.is_connected())
                entry->slot_.template emplace<canceller>(*entry);
        };
        attempt(connect, [&] {
            entry->discard();
            return true;
        });
        return entry;
    }

private:
    /// What is in the slot. It and the entry may go in any order, while a context goes down.
    class canceller
    {
    public:
        explicit canceller(pending_handler& entry) noexcept : entry_(&entry)
        {
            entry_->canceller_ = this;
        }

        canceller(const canceller&) = delete;
        canceller& operator=(const canceller&) = delete;

        ~canceller()
        {
            if (entry_)
                entry_->canceller_ = nullptr;
        }

        void operator()(net::cancellation_type type)
        {
            if (entry_)
                entry_->cancel(type);
        }

        void part() noexcept
        {
            entry_ = nullptr;
        }

    private:
        pending_handler* entry_;
    };

    /// A step on the handler's way home; lost, it takes the entry with it.
    class step
    {
    public:
        using allocator_type = pending_handler::allocator_type;

        explicit step(pending_handler& entry) noexcept : entry_(&entry)
        {}

        step(step&& other) noexcept : entry_(other.entry_), owns_(std::exchange(other.owns_, false))
        {}

        step& operator=(step&&) = delete;

        ~step()
        {
            if (!owns_)
                return;
            if (entry_->on_its_way_)
                entry_->destroy();
            else
                entry_->posted_ = false; // it waits on
        }

        [[nodiscard]] allocator_type get_allocator() const noexcept
        {
            return allocator_type(net::get_associated_allocator(entry_->handler_));
        }

    protected:
        [[nodiscard]] const pending_handler& entry() const noexcept
        {
            return *entry_;
        }

        pending_handler& take() noexcept
        {
            owns_ = false;
            return *entry_;
        }

    private:
        pending_handler* entry_; // also when it was moved from, when Asio asks for the allocator
        bool owns_ = true;
    };

    /// The first one, on the client's executor.
    struct departure : step
    {
        using step::step;

        void operator()()
        {
            this->take().go_home();
        }
    };

    /// The second one, on the handler's own executor.
    struct arrival : step
    {
        using executor_type = std::decay_t<
            decltype(std::declval<const outstanding_work<handler_executor>&>().get_executor())>;
        using step::step;

        [[nodiscard]] executor_type get_executor() const noexcept
        {
            return this->entry().handler_work_.get_executor();
        }

        void operator()()
        {
            this->take().arrive();
        }
    };

    void resume() override
    {
        if (lot_.down())
            return;
        posted_ = true;
        // A strand may keep what it then has no memory to run: it is on its way all the same.
        attempt([&] { net::post(*executor_, departure(*this)); }, [&] { return !posted_; });
        if (posted_)
            leave();
    }

    void depart() override
    {
        if (!lot_.down()) {
            leave();
            go_home();
        }
    }

    /// It waits no longer, and cannot be cancelled.
    void leave()
    {
        on_its_way_ = lot_.remove(*this);
        if (canceller_)
            slot_.clear();
    }

    void go_home()
    {
        release();
        // A post would be too much: for a future, whose executor is the system's, it would mean
        // another thread, which outlives the result.
        const auto executor(std::move(*executor_));
        executor_.reset();
        net::dispatch(executor, arrival(*this));
    }

    void arrive()
    {
        Handler handler(std::move(handler_));
        auto outcome = Result::of(*this);
        free(handler);
        std::apply(std::move(handler), std::move(outcome));
    }

    void discard() noexcept override
    {
        if (!lot_.remove(*this))
            return;
        if (canceller_)
            slot_.clear();
        destroy();
    }

    void destroy() noexcept override
    {
        if (canceller_)
            canceller_->part(); // the slot is left: it may be in use by who destroys this
        const Handler handler(std::move(handler_));
        free(handler);
    }

    /// The handler, which may own the memory, outlives this.
    void free(const Handler& handler) noexcept
    {
        allocator_type from(net::get_associated_allocator(handler));
        this->~pending_handler();
        from.deallocate(this, 1);
    }

    parking& lot_;
    std::optional<work_on<Executor>> executor_; ///< the client's, until the handler has left it
    outstanding_work<handler_executor> handler_work_;
    net::associated_cancellation_slot_t<Handler> slot_;
    canceller* canceller_ = nullptr; ///< in the slot
    bool posted_ = false, on_its_way_ = false;
    Handler handler_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_PENDING_HANDLER_HPP
