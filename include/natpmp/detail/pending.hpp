// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// An operation of a client, with a handler of any type that waits for its outcome.

#ifndef NATPMP_DETAIL_PENDING_HPP
#define NATPMP_DETAIL_PENDING_HPP

#include <natpmp/detail/attempt.hpp>
#include <natpmp/detail/client_base.hpp>
#include <natpmp/detail/operation.hpp>

#include <memory>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// An operation with the handler that waits for it.
class pending : public operation
{
public:
    /// Starts it. If that throws, nothing is started, and this is destroyed with the handler.
    void start()
    {
        const auto client = owner_;
        bool finished = false;
        finished_ = &finished;
        const auto begin = [&] { client ? client->start(*this) : refuse(); };
        attempt(begin, [&] {
            if (finished)
                return false; // its outcome is on the way
            finished_ = nullptr;
            discard();
            return true;
        });
        if (!finished)
            finished_ = nullptr;
    }

    void cancel(net::cancellation_type type)
    {
        constexpr auto none = net::cancellation_type::none;
        constexpr auto prompt = net::cancellation_type::terminal | net::cancellation_type::partial;
        const auto client = owner_; // this may go meanwhile
        if (client && type != none)
            client->cancel(*this, (type & prompt) == none);
    }

    /// Hands the outcome to the handler, later. If that throws it can be done again.
    void finish()
    {
        resume();
        tell_start();
    }

    /// Hands the outcome to the handler at once, if that has no other executor than the client's,
    /// on which this is.
    void complete()
    {
        tell_start();
        depart();
    }

protected:
    pending(std::shared_ptr<client_base> owner, operation_kind what)
        : operation(what), owner_(std::move(owner))
    {}

    ~pending()
    {
        if (owner_) // the handler was destroyed without being called
            owner_->withdraw(*this);
    }

    /// The client has nothing more to do with it.
    void release() noexcept
    {
        owner_.reset();
    }

private:
    friend class parking;

    void tell_start() noexcept
    {
        if (finished_)
            *std::exchange(finished_, nullptr) = true;
    }

    /// The client was moved from.
    void refuse()
    {
        error = errc::closed;
        finish();
    }

    /// Has the client's executor call depart(), later. If that throws it waits on. Does nothing
    /// while the context goes down.
    virtual void resume() = 0;

    /// Brings the handler to its own executor. Does nothing while the context goes down.
    virtual void depart() = 0;

    /// Destroys this and the handler, which is not called. Does nothing while the context goes
    /// down.
    virtual void discard() noexcept = 0;

    /// Destroys this and the handler, which is not called.
    virtual void destroy() noexcept = 0;

    std::shared_ptr<client_base> owner_;
    bool* finished_ = nullptr;
    pending* previous_ = nullptr; ///< in the list of its context
    pending* next_ = nullptr;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_PENDING_HPP
