// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// A mapping that ends with a scope.

#ifndef NATPMP_SCOPED_MAPPING_HPP
#define NATPMP_SCOPED_MAPPING_HPP

#include <natpmp/client.hpp>

#include <memory>
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

    /// Guards a mapping that async_map_port of this client gave.
    template <class Executor>
    scoped_mapping(basic_client<Executor>& owner, const natpmp::mapping& mapping)
        : mapping_(mapping), client_(owner.state_)
    {}

    /// Takes over what the other guards.
    scoped_mapping(scoped_mapping&& other) noexcept
        : mapping_(std::move(other.mapping_)), client_(std::move(other.client_))
    {}

    /// Unmaps what it guards, then takes over what the other guards.
    scoped_mapping& operator=(scoped_mapping&& other) noexcept
    {
        if (this == &other)
            return *this;
        scoped_mapping old(std::move(*this));
        mapping_ = other.mapping_;
        client_ = std::move(other.client_);
        return *this;
    }

    /// Unmaps, in the background.
    ~scoped_mapping()
    {
        const auto state = client_.lock();
        if (state && mapping_.external_port != 0)
            state->unmap_quietly({mapping_.protocol, mapping_.internal_port});
    }

    /// The mapping as it was given.
    [[nodiscard]] const natpmp::mapping& get() const noexcept
    {
        return mapping_;
    }

    /// Guards it no longer; the client goes on keeping it.
    natpmp::mapping release() noexcept
    {
        client_.reset();
        return mapping_;
    }

private:
    natpmp::mapping mapping_{};
    std::weak_ptr<detail::client_base> client_;
};

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_SCOPED_MAPPING_HPP
