// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// From a completion token to an operation of the engine, and back to the handler.

#ifndef NATPMP_DETAIL_ASIO_CLIENT_ASYNC_OPERATION_HPP
#define NATPMP_DETAIL_ASIO_CLIENT_ASYNC_OPERATION_HPP

#include <natpmp/detail/asio_client/client_base.hpp>
#include <natpmp/detail/core/operation.hpp>

#include <list>
#include <memory>
#include <mutex>
#include <tuple>
#include <type_traits>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Owns the pending operations of an execution context, and destroys them with it. If the client's
/// state owned them, a coroutine that owns its client would own itself through its handler: it
/// would leak when its context is destroyed.
class operation_service : public net::execution_context::service
{
public:
    static inline net::execution_context::id id;

    explicit operation_service(net::execution_context& context)
        : net::execution_context::service(context)
    {}

    /// The service of the context that an executor belongs to.
    template <class Executor>
    static operation_service& of(const Executor& executor)
    {
        return net::use_service<operation_service>(net::query(executor, net::execution::context));
    }

    /// Takes an operation over; false if the context is being destroyed.
    [[nodiscard]] bool add(async_operation& op);

    /// Lets go of an operation; false if it is not there any more: the context is being destroyed,
    /// and the operation with it.
    bool remove(async_operation& op) noexcept;

private:
    void shutdown() noexcept override;

    // Clients of one context may run on different threads, each on its own strand.
    std::mutex mutex_;
    std::list<async_operation*> pending_;
    bool shut_down_ = false;
};

/// A pending operation and its handler. The engine and the service hold it by pointer until it
/// completes or is destroyed.
class async_operation : public operation
{
public:
    /// Calls the handler on its associated executor, and destroys this. The caller is on the
    /// client's executor; if that is the handler's too, the handler runs before this returns.
    virtual void complete() = 0;

    /// Destroys this and the handler, which is not called.
    virtual void destroy() noexcept = 0;

protected:
    async_operation(operation_service& service, std::shared_ptr<client_base> client,
                    const operation_request& what)
        : operation(what), service_(service), client_(std::move(client))
    {}

    ~async_operation()
    {
        service_.remove(*this);
        if (client_)
            client_->withdraw(*this);
    }

    operation_service& service_;
    // Keeps the client's state for the engine to be told of an end without completion. Null once
    // the operation completes, and if the client was moved from.
    std::shared_ptr<client_base> client_;

private:
    friend operation_service;

    std::list<async_operation*>::iterator place_{};
    bool listed_ = false; ///< set by operation_service::add(), cleared by remove()
};

inline bool operation_service::add(async_operation& op)
{
    const std::lock_guard lock(mutex_);
    if (!shut_down_)
        op.place_ = pending_.insert(pending_.end(), &op);
    return op.listed_ = !shut_down_;
}

inline bool operation_service::remove(async_operation& op) noexcept
{
    const std::lock_guard lock(mutex_);
    const bool there = std::exchange(op.listed_, false) && !shut_down_;
    if (there)
        pending_.erase(op.place_);
    return there;
}

inline void operation_service::shutdown() noexcept
{
    std::unique_lock lock(mutex_);
    shut_down_ = true;
    const auto pending = std::exchange(pending_, {});
    // A handler may own a client, and the destructor of that withdraws other operations.
    lock.unlock();
    for (async_operation* op : pending)
        op->destroy();
}

/// A handler, and what it is called with: a function object with the associated executor and
/// allocator of the handler, whose signature is void(error_code, Values...).
template <class Executor, class Handler, class... Values>
struct completion
{
    using executor_type = net::associated_executor_t<Handler, Executor>;
    using allocator_type = net::associated_allocator_t<Handler>;

    /// Of the handler's context, whose run() does not return before the handler is called.
    net::executor_work_guard<executor_type> work;
    Handler handler;
    std::tuple<error_code, Values...> values{};

    [[nodiscard]] executor_type get_executor() const noexcept
    {
        return work.get_executor();
    }

    [[nodiscard]] allocator_type get_allocator() const noexcept
    {
        return net::get_associated_allocator(handler);
    }

    void operator()()
    {
        work.reset();
        std::apply(std::move(handler), std::move(values));
    }
};

/// The operation for one type of handler, in memory from the handler's associated allocator.
template <class Executor, class Handler, class... Values>
class handler_operation final : public async_operation
{
public:
    /// Allocates an operation, which the caller owns: it ends by destroy() or complete().
    static async_operation* make(const std::shared_ptr<client_base>& client,
                                 const operation_request& what, const Executor& executor,
                                 Handler&& handler)
    {
        allocator_type allocator(net::get_associated_allocator(handler));
        const auto free = [&](handler_operation* memory) { allocator.deallocate(memory, 1); };
        std::unique_ptr<handler_operation, decltype(free)> memory(allocator.allocate(1), free);
        std::construct_at(memory.get(), client, what, executor, std::move(handler));
        return memory.release();
    }

    handler_operation(const std::shared_ptr<client_base>& client, const operation_request& what,
                      const Executor& executor, Handler&& handler)
        : async_operation(operation_service::of(executor), client, what),
          call_{net::make_work_guard(net::get_associated_executor(handler, executor)),
                std::move(handler)}
    {}

    /// The operation's memory is freed first, as by Asio: an operation that the handler starts may
    /// have it.
    void complete() override
    {
        if (!service_.remove(*this))
            return;
        client_.reset();
        call_.values = {error, (error ? Values{} : this->template value<Values>())...};
        call_type call(std::move(call_));
        free(call);
        net::dispatch(std::move(call));
    }

    /// The handler may own what its allocator allocates from, so it goes last.
    void destroy() noexcept override
    {
        const call_type call(std::move(call_));
        free(call);
    }

private:
    using call_type = completion<Executor, Handler, Values...>;
    using allocator_type = typename std::allocator_traits<
        net::associated_allocator_t<Handler>>::template rebind_alloc<handler_operation>;

    /// Destroys this, from which the call was moved.
    void free(const call_type& call) noexcept
    {
        allocator_type allocator(call.get_allocator());
        std::destroy_at(this);
        allocator.deallocate(this, 1);
    }

    call_type call_;
};

struct destroy_operation
{
    void operator()(async_operation* op) const noexcept
    {
        op->destroy();
    }
};

using owned_operation = std::unique_ptr<async_operation, destroy_operation>;

/// What a cancellation slot calls, perhaps after the end of the operation and the client.
struct cancel_operation
{
    std::weak_ptr<client_base> client;
    std::uint64_t number;

    void operator()(net::cancellation_type type) const
    {
        if (const auto alive = client.lock())
            alive->cancel(number, type);
    }
};

/// Starts an operation; without a client, which was moved from, it only completes. If this throws,
/// nothing is started: client->start() is the last that may. One instance serves all handlers.
template <class Executor, class Slot>
void launch(const std::shared_ptr<client_base>& client, const Executor& executor,
            owned_operation op, Slot slot)
{
    if (!operation_service::of(executor).add(*op))
        return; // the context is being destroyed: the handler is, too
    if (client) {
        op->number = ++client->last_number;
        if (slot.is_connected())
            slot.assign(cancel_operation{client, op->number});
        client->start(*op);
    } else {
        // The handler must not be called from within the initiating function.
        op->error = errc::closed;
        net::post(executor, [moved_from = op.get()] { moved_from->complete(); });
    }
    [[maybe_unused]] const async_operation* owned_by_service = op.release();
}

/// Starts an operation once Asio has made a handler of the completion token. It is no lambda, since
/// adapters such as asio::cancel_after() ask an initiation for its executor.
template <class Executor, class... Values>
struct initiation
{
    using executor_type = Executor;

    [[nodiscard]] executor_type get_executor() const noexcept
    {
        return executor;
    }

    template <class Handler>
    void operator()(Handler&& given, const operation_request& what) const
    {
        using handler_type = std::decay_t<Handler>;
        handler_type handler(std::forward<Handler>(given));
        auto slot = net::get_associated_cancellation_slot(handler);
        owned_operation op(handler_operation<Executor, handler_type, Values...>::make(
            client, what, executor, std::move(handler)));
        launch(client, executor, std::move(op), std::move(slot));
    }

    // Null: the client was moved from.
    std::shared_ptr<client_base> client;
    Executor executor;
};

/// Initiates an operation with any completion token for void(error_code, Values...).
template <class... Values, class Executor, class Token>
auto initiate(const std::shared_ptr<client_base>& client, const Executor& executor,
              const operation_request& what, Token&& token)
{
    return net::async_initiate<Token, void(error_code, Values...)>(
        initiation<Executor, Values...>{client, executor}, token, what);
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ASIO_CLIENT_ASYNC_OPERATION_HPP
