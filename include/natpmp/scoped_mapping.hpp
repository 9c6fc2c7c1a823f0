// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// A mapping that ends with a scope.

#ifndef NATPMP_SCOPED_MAPPING_HPP
#define NATPMP_SCOPED_MAPPING_HPP

#include <natpmp/client.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {

/// Unmaps a port when it is destroyed, in the background and without telling the outcome. It knows
/// the client weakly: if that is gone or closed, nothing happens.
///
/// Thread safety: as the client; it has to be destroyed on the client's executor.
class [[nodiscard]] scoped_mapping
{
public:
    /// Guards nothing.
    scoped_mapping() noexcept = default;

    /// Guards a mapping that async_map_port of this client gave; nothing if that failed.
    template <class Executor>
    scoped_mapping(basic_client<Executor>& owner, const mapping& made)
        : key_{made.protocol, made.internal_port}
    {
        if (made.external_port != 0)
            client_ = owner.state_;
    }

    /// Takes over what the other guards.
    scoped_mapping(scoped_mapping&& other) noexcept
        : key_(other.key_), client_(std::move(other.client_))
    {}

    /// Unmaps what it guards, then takes over what the other guards.
    scoped_mapping& operator=(scoped_mapping&& other) noexcept
    {
        if (this == &other)
            return *this;
        const scoped_mapping old(std::move(*this));
        key_ = other.key_;
        client_ = std::move(other.client_);
        return *this;
    }

    /// Unmaps, in the background.
    ~scoped_mapping()
    {
        if (const auto state = client_.lock())
            state->unmap_quietly(key_);
    }

    /// The mapping as it is now, as basic_client::mapping_of() tells it: its external port and
    /// address may be others than at first.
    ///
    /// @return Empty while the mapping is lost, if the client is gone or keeps it no longer, and if
    ///         this guards nothing.
    [[nodiscard]] std::optional<mapping> get() const noexcept
    {
        const auto state = client_.lock();
        return state ? state->mapping_of(key_) : std::nullopt;
    }

    /// Guards it no longer; the client goes on keeping it. Returns what get() does before that.
    std::optional<mapping> release() noexcept
    {
        const auto now = get();
        client_.reset();
        return now;
    }

private:
    detail::mapping_key key_;
    std::weak_ptr<detail::client_base> client_; // empty if it guards nothing
};

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_SCOPED_MAPPING_HPP
