// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// From a completion token to an operation of the engine, and back to the handler.

#ifndef NATPMP_DETAIL_ASIO_CLIENT_ASYNC_OPERATION_HPP
#define NATPMP_DETAIL_ASIO_CLIENT_ASYNC_OPERATION_HPP

#include <natpmp/detail/asio_client/client_base.hpp>
#include <natpmp/detail/core/operation.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <tuple>
#include <type_traits>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// An operation that waits, with its handler. It is in the list of its execution context's
/// operation_service from its start until it completes.
class async_operation : public operation
{
public:
    /// Calls the handler on its associated executor, and destroys this. Has to be called on the
    /// client's executor: the handler may run before this returns.
    virtual void complete() = 0;

protected:
    async_operation(std::shared_ptr<client_base> client, const operation_request& what)
        : operation(what), client_(std::move(client))
    {}

    ~async_operation()
    {
        if (client_)
            client_->withdraw(*this);
    }

    /// The client has let go of it.
    void release_client() noexcept
    {
        client_.reset();
    }

private:
    friend class operation_service;

    /// Destroys this and the handler, which is not called.
    virtual void destroy() noexcept = 0;

    std::shared_ptr<client_base> client_;
    async_operation* previous_ = nullptr; ///< in the list of the service
    async_operation* next_ = nullptr;
};

/// The pending operations of an execution context, which go down with it. If the client's state
/// held them, a coroutine that owns its client would own itself through its handler, and leak when
/// its context is destroyed.
class operation_service : public net::execution_context::service
{
public:
    static inline net::execution_context::id id;

    explicit operation_service(net::execution_context& context)
        : net::execution_context::service(context)
    {}

    /// The one of the context that an executor belongs to.
    template <class Executor>
    static operation_service& of(const Executor& executor)
    {
        return net::use_service<operation_service>(net::query(executor, net::execution::context));
    }

    /// Takes an operation in; false if the context goes down.
    [[nodiscard]] bool add(async_operation& op)
    {
        const std::lock_guard lock(mutex_);
        if (shut_down_)
            return false;
        op.next_ = front_;
        if (front_)
            front_->previous_ = &op;
        front_ = &op;
        return true;
    }

    /// Takes an operation out; false if it is left to be destroyed with the context.
    [[nodiscard]] bool remove(async_operation& op)
    {
        const std::lock_guard lock(mutex_);
        if (!shut_down_)
            unlink(op);
        return !shut_down_;
    }

private:
    void unlink(async_operation& op) noexcept
    {
        (op.previous_ ? op.previous_->next_ : front_) = op.next_;
        if (op.next_)
            op.next_->previous_ = op.previous_;
        op.previous_ = op.next_ = nullptr;
    }

    void shutdown() noexcept override
    {
        {
            const std::lock_guard lock(mutex_);
            shut_down_ = true;
        }
        while (async_operation* op = front_) {
            unlink(*op);
            op->destroy();
        }
    }

    std::mutex mutex_; ///< clients of one context may run on different threads
    async_operation* front_ = nullptr;
    bool shut_down_ = false;
};

/// The operation for one type of handler, in memory from the handler's associated allocator.
/// `Result` makes of a finished operation the tuple that the handler is called with.
template <class Result, class Executor, class Handler>
class handler_operation final : public async_operation
{
    using allocator_type = typename std::allocator_traits<
        net::associated_allocator_t<Handler>>::template rebind_alloc<handler_operation>;
    using handler_executor = net::associated_executor_t<Handler, Executor>;
    using work_guard = net::executor_work_guard<handler_executor>;

public:
    handler_operation(const std::shared_ptr<client_base>& client, const operation_request& what,
                      const Executor& executor, Handler&& handler)
        : async_operation(client, what),
          executor_(executor),
          work_(net::get_associated_executor(handler, executor)),
          handler_(std::move(handler))
    {}

    /// Starts an operation with this handler. If that throws, nothing is started.
    static void start(const std::shared_ptr<client_base>& client, const Executor& executor,
                      Handler&& handler, const operation_request& what)
    {
        if (!client) { // it was moved from
            operation closed(what);
            closed.error = errc::closed;
            work_guard work(net::get_associated_executor(handler, executor));
            return net::post(executor,
                             completion{std::move(handler), Result::of(closed), std::move(work)});
        }
        auto slot = net::get_associated_cancellation_slot(handler);
        pending op(client, executor, std::move(handler), what);
        if (!op.list())
            return;
        op->number = client->next_number();
        if (slot.is_connected())
            slot.template emplace<canceller>(client, op->number);
        client->start(*op);
        op.release();
    }

    void complete() override
    {
        if (!operation_service::of(executor_).remove(*this))
            return; // it is destroyed with the context
        release_client();
        const Executor executor(executor_);
        completion call{std::move(handler_), Result::of(*this), std::move(work_)};
        free(call.handler); // the handler may own what its allocator gives
        net::dispatch(executor, std::move(call));
    }

private:
    /// Owns an operation until it is under way.
    class pending
    {
    public:
        pending(const std::shared_ptr<client_base>& client, const Executor& executor,
                Handler&& handler, const operation_request& what)
        {
            allocator_type allocator(net::get_associated_allocator(handler));
            const auto free = [&](handler_operation* memory) { allocator.deallocate(memory, 1); };
            std::unique_ptr<handler_operation, decltype(free)> memory(allocator.allocate(1), free);
            std::construct_at(memory.get(), client, what, executor, std::move(handler));
            op_ = memory.release();
        }

        pending(const pending&) = delete;
        pending& operator=(const pending&) = delete;

        ~pending()
        {
            if (op_ && (!is_listed_ || operation_service::of(op_->executor_).remove(*op_)))
                op_->destroy();
        }

        /// Gives it to the service; false if the context goes down.
        bool list()
        {
            is_listed_ = operation_service::of(op_->executor_).add(*op_);
            return is_listed_;
        }

        void release() noexcept
        {
            op_ = nullptr;
        }

        handler_operation* operator->() const noexcept
        {
            return op_;
        }

        handler_operation& operator*() const noexcept
        {
            return *op_;
        }

    private:
        handler_operation* op_ = nullptr;
        bool is_listed_ = false;
    };

    /// What is in the handler's cancellation slot. It may outlive the operation, and the client.
    class canceller
    {
    public:
        canceller(const std::shared_ptr<client_base>& client, std::uint64_t number) noexcept
            : client_(client), number_(number)
        {}

        void operator()(net::cancellation_type type) const
        {
            if (const auto client = client_.lock())
                client->cancel(number_, type);
        }

    private:
        std::weak_ptr<client_base> client_;
        std::uint64_t number_;
    };

    /// The call of the handler, as a function object for the handler's executor.
    struct completion
    {
        using executor_type = handler_executor;
        using allocator_type = net::associated_allocator_t<Handler>;

        [[nodiscard]] executor_type get_executor() const noexcept
        {
            return executor_;
        }

        [[nodiscard]] allocator_type get_allocator() const noexcept
        {
            return net::get_associated_allocator(handler);
        }

        void operator()()
        {
            Handler called(std::move(handler));
            auto values(std::move(result));
            work.reset();
            std::apply(std::move(called), std::move(values));
        }

        Handler handler;
        decltype(Result::of(std::declval<const operation&>())) result;
        work_guard work;
        executor_type executor_ = work.get_executor();
    };

    void destroy() noexcept override
    {
        const Handler handler(std::move(handler_));
        free(handler);
    }

    void free(const Handler& handler) noexcept
    {
        allocator_type allocator(net::get_associated_allocator(handler));
        std::destroy_at(this);
        allocator.deallocate(this, 1);
    }

    Executor executor_; ///< the client's
    work_guard work_;   ///< keeps the handler's context running
    Handler handler_;
};

/// What a handler is called with: the error, and a value of the operation's.
template <class Value>
struct value_result
{
    using signature = void(error_code, Value);

    static std::tuple<error_code, Value> with(const operation& op, const Value& value)
    {
        return {op.error, op.error ? Value{} : value};
    }
};

struct map_result : value_result<mapping>
{
    static auto of(const operation& op)
    {
        return with(op, op.mappings[0]);
    }
};

struct map_pair_result : value_result<mapping_pair>
{
    static auto of(const operation& op)
    {
        return with(op, {.tcp = op.mappings[0], .udp = op.mappings[1]});
    }
};

struct address_result : value_result<net::ip::address>
{
    static auto of(const operation& op)
    {
        return with(op, op.address);
    }
};

struct event_result : value_result<event>
{
    static auto of(const operation& op)
    {
        return with(op, op.happened);
    }
};

struct no_result
{
    using signature = void(error_code);

    static std::tuple<error_code> of(const operation& op)
    {
        return {op.error};
    }
};

/// Starts an operation when Asio gives it a handler.
template <class Result, class Executor>
class initiation
{
public:
    using executor_type = Executor;

    initiation(std::shared_ptr<client_base> client, const Executor& executor)
        : client_(std::move(client)), executor_(executor)
    {}

    [[nodiscard]] executor_type get_executor() const noexcept
    {
        return executor_;
    }

    template <class Handler>
    void operator()(Handler&& handler, const operation_request& what) const
    {
        using handler_type = std::decay_t<Handler>;
        handler_type copy(std::forward<Handler>(handler));
        handler_operation<Result, Executor, handler_type>::start(client_, executor_,
                                                                 std::move(copy), what);
    }

private:
    std::shared_ptr<client_base> client_;
    Executor executor_;
};

/// Initiates an operation with any completion token.
template <class Result, class Executor, class Token>
auto initiate(const std::shared_ptr<client_base>& client, const Executor& executor,
              const operation_request& what, Token&& token)
{
    return net::async_initiate<Token, typename Result::signature>(
        initiation<Result, Executor>(client, executor), token, what);
}

/// A limit of any unit, cut to what the engine can count.
template <class Rep, class Period>
duration clamp_limit(std::chrono::duration<Rep, Period> limit)
{
    constexpr std::chrono::duration<double> most = 24h;
    const auto seconds = std::chrono::duration<double>(limit);
    return std::chrono::duration_cast<duration>(
        std::clamp(seconds, std::chrono::duration<double>{0}, most));
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ASIO_CLIENT_ASYNC_OPERATION_HPP
