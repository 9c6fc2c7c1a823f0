// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What waits to be told to the hook.

#ifndef NATPMP_DETAIL_HOOK_LOG_HPP
#define NATPMP_DETAIL_HOOK_LOG_HPP

#include <natpmp/detail/attempt.hpp>
#include <natpmp/detail/hook.hpp>

#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// What is to be told to the hook, in order, and the hook. Without memory for an item, the hook
/// misses it; what the client does goes on.
class hook_log
{
public:
    [[nodiscard]] bool on() const noexcept
    {
        return hook_ != nullptr;
    }

    void set_hook(std::shared_ptr<hook> function)
    {
        hook_ = std::move(function);
        items_.clear();
    }

    /// Takes events.
    void collect(std::vector<event>& events) noexcept
    {
        for (const event& news : events)
            keep([&] { return hook_item(news); });
        events.clear();
    }

    /// Takes events, then a datagram.
    void add(std::vector<event>& events, datagram::fate what, ignore_reason reason,
             const net::ip::udp::endpoint& peer, std::span<const std::uint8_t> bytes) noexcept
    {
        if (!hook_)
            return;
        collect(events);
        keep([&] { return kept_datagram{what, reason, peer, {bytes.begin(), bytes.end()}}; });
    }

    /// Takes a datagram, then the events that it caused.
    void add_first(std::vector<event>& events, datagram::fate what, ignore_reason reason,
                   const net::ip::udp::endpoint& peer, std::span<const std::uint8_t> bytes) noexcept
    {
        if (!hook_)
            return;
        keep([&] { return kept_datagram{what, reason, peer, {bytes.begin(), bytes.end()}}; });
        collect(events);
    }

    /// Calls the hook, which may do anything, even take itself away or destroy the client.
    void deliver()
    {
        if (std::exchange(delivering_, true))
            return;
        while (hook_ && !items_.empty()) {
            const auto function = hook_;
            const auto items = std::exchange(items_, {});
            for (const hook_item& item : items)
                if (hook_ == function)
                    function->call(item);
        }
        delivering_ = false;
    }

private:
    template <class Make>
    void keep(Make make) noexcept
    {
        attempt([&] { items_.emplace_back(make()); }, [] { return false; });
    }

    std::shared_ptr<hook> hook_;
    std::vector<hook_item> items_;
    bool delivering_ = false;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_HOOK_LOG_HPP
