// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// A loop that waits, tells what came, and waits again, whatever happens meanwhile.

#ifndef NATPMP_DETAIL_LOOP_HPP
#define NATPMP_DETAIL_LOOP_HPP

#include <natpmp/detail/epoch.hpp>
#include <natpmp/detail/handler_memory.hpp>
#include <natpmp/detail/wire.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// What a client's loops tell, and what their handlers keep alive.
class loop_owner : public std::enable_shared_from_this<loop_owner>
{
public:
    /// There may be something to read, or the alarm's time has come: a turn is due.
    virtual void turn() = 0;

    /// A datagram of the gateway's, what ICMP says instead, or that the socket is of no use.
    virtual void received(error_code error, bytes_view bytes, const arrival_span& arrived) = 0;

    /// An announcement, or that its socket is of no use.
    virtual void heard(error_code error, const net::ip::udp::endpoint& source, bytes_view bytes,
                       const arrival_span& arrived) = 0;

    /// The host's network changed.
    virtual void changed() = 0;

protected:
    ~loop_owner() = default;
};

/// One loop. All but its handlers' ends happens on the client's executor.
class loop
{
public:
    loop(const loop&) = delete;
    loop& operator=(const loop&) = delete;

    [[nodiscard]] bool active() const noexcept
    {
        return active_;
    }

    /// Begins to wait; a wait from before comes to nothing.
    void start()
    {
        stop();
        wait(handler(*this));
        active_ = true;
    }

    void stop() noexcept
    {
        ++session_;
        active_ = false;
    }

    /// Waits again if a handler was lost, as happens when there is no memory to bring it to where
    /// it is to be called.
    void revive()
    {
        if (active_ && handlers_ == 0)
            wait(handler(*this));
    }

protected:
    explicit loop(loop_owner& owner) noexcept : owner_(owner)
    {}

    ~loop() = default;

    [[nodiscard]] loop_owner& owner() const noexcept
    {
        return owner_;
    }

    /// What Asio calls, in memory of the loop's own.
    class handler
    {
    public:
        using allocator_type = handler_allocator<void*>;

        explicit handler(loop& waits)
            : owner_(waits.owner_.shared_from_this()), loop_(&waits), session_(waits.session_)
        {
            ++loop_->handlers_;
        }

        handler(const handler& other) noexcept
            : owner_(other.owner_),
              loop_(other.loop_),
              session_(other.session_),
              counts_(other.counts_)
        {
            if (counts_)
                ++loop_->handlers_;
        }

        handler(handler&& other) noexcept
            : owner_(std::move(other.owner_)),
              loop_(other.loop_),
              session_(other.session_),
              counts_(std::exchange(other.counts_, false))
        {}

        handler& operator=(const handler&) = delete;

        ~handler()
        {
            if (counts_)
                --loop_->handlers_;
        }

        [[nodiscard]] allocator_type get_allocator() const noexcept
        {
            return allocator_type(loop_->memory_);
        }

        void operator()(error_code error, std::size_t size = 0) const
        {
            loop_->called(session_, error, size);
        }

    private:
        std::shared_ptr<loop_owner> owner_;
        loop* loop_; // also when it was moved from, when Asio asks for the allocator
        unsigned session_;
        bool counts_ = true;
    };

private:
    /// Has Asio call the handler, once.
    virtual void wait(handler to_call) = 0;

    /// Tells the owner what came. Returns whether to wait again.
    virtual bool ready(error_code error, std::size_t size) = 0;

    void called(unsigned session, error_code error, std::size_t size)
    {
        if (session != session_)
            return;
        bool goes_on = true;
        do_both([&] { goes_on = ready(error, size); },
                [&] {
                    if (session != session_)
                        return;
                    if (goes_on)
                        wait(handler(*this));
                    else
                        stop();
                });
    }

    loop_owner& owner_;
    handler_memory memory_;
    std::atomic<unsigned> handlers_{0}; // they end on any of Asio's threads
    unsigned session_ = 0;
    bool active_ = false;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_LOOP_HPP
