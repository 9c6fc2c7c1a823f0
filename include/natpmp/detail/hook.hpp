// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The application's hook: a function of any type that is told events and datagrams.

#ifndef NATPMP_DETAIL_HOOK_HPP
#define NATPMP_DETAIL_HOOK_HPP

#include <natpmp/event.hpp>

#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// A datagram that is kept until the engine's actions are done.
struct kept_datagram
{
    datagram::fate what;
    ignore_reason reason;
    net::ip::udp::endpoint peer;
    error_code error{};
    std::vector<std::uint8_t> bytes{};
};

using hook_item = std::variant<event, kept_datagram>;

/// A function of the application, of any type.
class hook
{
public:
    hook() = default;
    hook(const hook&) = delete;
    hook& operator=(const hook&) = delete;
    virtual ~hook() = default;
    virtual void call(const hook_item& item) = 0;
};

template <class Function>
class hook_of final : public hook
{
public:
    explicit hook_of(Function function) : function_(std::move(function))
    {}

    void call(const hook_item& item) override
    {
        if (const auto* news = std::get_if<event>(&item)) {
            function_(*news);
        } else if constexpr (std::is_invocable_v<Function&, const datagram&>) {
            const auto& kept = std::get<kept_datagram>(item);
            function_(datagram{kept.what, kept.reason, kept.peer, kept.bytes, kept.error});
        }
    }

private:
    Function function_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_HOOK_HPP
