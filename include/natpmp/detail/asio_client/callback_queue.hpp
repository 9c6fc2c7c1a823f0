// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Events and datagrams that wait for the application's callback until a turn is over.

#ifndef NATPMP_DETAIL_ASIO_CLIENT_CALLBACK_QUEUE_HPP
#define NATPMP_DETAIL_ASIO_CLIENT_CALLBACK_QUEUE_HPP

#include <natpmp/detail/asio_client/client_base.hpp>
#include <natpmp/detail/core/wire.hpp>

#include <memory>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// The application's callbacks, and what they are to be told, in order.
class callback_queue
{
public:
    [[nodiscard]] bool active() const noexcept
    {
        return functions_ != nullptr;
    }

    void set(std::shared_ptr<const callbacks> functions)
    {
        functions_ = std::move(functions);
        items_.clear();
    }

    void add(std::span<const event> events)
    {
        items_.insert(items_.end(), events.begin(), events.end());
    }

    /// Adds a datagram, whose bytes are copied.
    void add(const datagram& seen)
    {
        if (functions_ && functions_->on_datagram)
            items_.emplace_back(kept_datagram{seen, {seen.bytes.begin(), seen.bytes.end()}});
    }

    /// Calls the callbacks, which may do anything, also replace themselves or destroy the client.
    void deliver()
    {
        while (functions_ && !items_.empty()) {
            const auto functions = functions_;
            const auto items = std::exchange(items_, {});
            for (const item& each : items)
                if (functions_ == functions)
                    call(*functions, each);
        }
    }

private:
    struct kept_datagram
    {
        datagram seen;
        std::vector<std::uint8_t> bytes;
    };

    using item = std::variant<event, kept_datagram>;

    static void call(const callbacks& functions, const item& each)
    {
        if (const auto* happened = std::get_if<event>(&each))
            return functions.on_event(*happened);
        const auto& kept = std::get<kept_datagram>(each);
        datagram seen = kept.seen;
        seen.bytes = kept.bytes;
        functions.on_datagram(seen);
    }

    std::shared_ptr<const callbacks> functions_;
    std::vector<item> items_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ASIO_CLIENT_CALLBACK_QUEUE_HPP
