// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What waits to be told to the hook.

#ifndef NATPMP_DETAIL_HOOK_LOG_HPP
#define NATPMP_DETAIL_HOOK_LOG_HPP

#include <natpmp/detail/attempt.hpp>
#include <natpmp/detail/hook.hpp>
#include <natpmp/detail/wire.hpp>

#include <memory>
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
    void add(std::vector<event>& events, const kept_datagram& seen, bytes_view bytes) noexcept
    {
        if (!hook_)
            return;
        collect(events);
        keep_datagram(seen, bytes);
    }

    /// Takes a datagram, then the events that it caused.
    void add_first(std::vector<event>& events, const kept_datagram& seen, bytes_view bytes) noexcept
    {
        if (!hook_)
            return;
        keep_datagram(seen, bytes);
        collect(events);
    }

    /// Calls the hook, which may do anything, even take itself away or destroy the client. Returns
    /// whether it was called.
    bool deliver()
    {
        if (items_.empty() || std::exchange(delivering_, true))
            return false;
        while (hook_ && !items_.empty()) {
            const auto function = hook_;
            const auto items = std::exchange(items_, {});
            for (const hook_item& item : items)
                if (hook_ == function)
                    function->call(item);
        }
        delivering_ = false;
        return true;
    }

private:
    void keep_datagram(const kept_datagram& seen, bytes_view bytes) noexcept
    {
        keep([&] {
            kept_datagram kept = seen;
            kept.bytes.assign(bytes.begin(), bytes.end());
            return kept;
        });
    }

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
