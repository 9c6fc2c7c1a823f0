// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// A mapping that ends with a scope.

#ifndef NATPMP_SCOPED_MAPPING_HPP
#define NATPMP_SCOPED_MAPPING_HPP

#include <natpmp/client.hpp>

#include <functional>
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
    template <class Executor, class Platform>
    scoped_mapping(basic_client<Executor, Platform>& owner, const natpmp::mapping& mapping)
        : mapping_(mapping),
          unmap_([state = std::weak_ptr(owner.owner_.state())](const natpmp::mapping& gone) {
              const auto alive = state.lock();
              const detail::mapping_key key{gone.protocol, gone.internal_port};
              if (alive)
                  alive->command(
                      [key](detail::engine& core, time_point now) { core.give_up(key, now); });
          })
    {}

    scoped_mapping(scoped_mapping&& other) noexcept
        : mapping_(other.mapping_), unmap_(std::exchange(other.unmap_, nullptr))
    {}

    scoped_mapping& operator=(scoped_mapping&& other) noexcept
    {
        if (this == &other)
            return *this;
        scoped_mapping old(std::move(*this));
        mapping_ = other.mapping_;
        unmap_ = std::exchange(other.unmap_, nullptr);
        return *this;
    }

    /// Unmaps, in the background.
    ~scoped_mapping()
    {
        if (unmap_)
            unmap_(mapping_);
    }

    /// The mapping as it was given.
    [[nodiscard]] const natpmp::mapping& get() const noexcept
    {
        return mapping_;
    }

    /// Guards it no longer; the client goes on keeping it.
    natpmp::mapping release() noexcept
    {
        unmap_ = nullptr;
        return mapping_;
    }

private:
    natpmp::mapping mapping_{};
    std::function<void(const natpmp::mapping&)> unmap_;
};

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_SCOPED_MAPPING_HPP
