// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The client's hold on its state: moved with the client, and ended with it.

#ifndef NATPMP_DETAIL_CLIENT_OWNER_HPP
#define NATPMP_DETAIL_CLIENT_OWNER_HPP

#include <natpmp/detail/client_state.hpp>

#include <memory>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Owns a client_state; none after it was moved from.
template <class Platform>
class client_owner
{
public:
    using state_type = client_state<Platform>;
    using executor_type = typename Platform::executor_type;

    client_owner(const client_options& options, const Platform& world)
        : executor_(world.get_executor()), state_(std::make_shared<state_type>(options, world))
    {}

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

    [[nodiscard]] const executor_type& executor() const noexcept
    {
        return executor_;
    }

    [[nodiscard]] const std::shared_ptr<state_type>& state() const noexcept
    {
        return state_;
    }

private:
    void abandon() noexcept
    {
        if (const auto state = std::exchange(state_, nullptr))
            state->abandon();
    }

    executor_type executor_; // a client that was moved from still has one
    std::shared_ptr<state_type> state_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CLIENT_OWNER_HPP
