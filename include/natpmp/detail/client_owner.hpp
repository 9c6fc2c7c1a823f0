// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The client's hold on its state: moved with the client, and ended with it.

#ifndef NATPMP_DETAIL_CLIENT_OWNER_HPP
#define NATPMP_DETAIL_CLIENT_OWNER_HPP

#include <natpmp/detail/parking.hpp>

#include <memory>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Owns the state of a client; none after it was moved from.
template <class Executor>
class client_owner
{
public:
    client_owner(const Executor& executor, std::shared_ptr<client_base> state)
        : executor_(executor), state_(std::move(state))
    {
        parking::of(executor_); // a service that is made while the context goes down is not told so
    }

    client_owner(client_owner&& other) noexcept
        : executor_(other.executor_), state_(std::move(other.state_))
    {}

    client_owner& operator=(client_owner&& other) noexcept
    {
        if (this != &other) {
            abandon();
            executor_ = other.executor_;
            state_ = std::move(other.state_);
        }
        return *this;
    }

    ~client_owner()
    {
        abandon();
    }

    [[nodiscard]] const Executor& executor() const noexcept
    {
        return executor_;
    }

    [[nodiscard]] const std::shared_ptr<client_base>& state() const noexcept
    {
        return state_;
    }

private:
    void abandon() noexcept
    {
        if (const auto state = std::exchange(state_, nullptr))
            state->abandon();
    }

    Executor executor_; // a client that was moved from still has one
    std::shared_ptr<client_base> state_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CLIENT_OWNER_HPP
