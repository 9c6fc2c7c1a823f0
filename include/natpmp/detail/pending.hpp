// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// An operation of a client, with the handler that waits for its outcome.

#ifndef NATPMP_DETAIL_PENDING_HPP
#define NATPMP_DETAIL_PENDING_HPP

#include <natpmp/detail/client_base.hpp>
#include <natpmp/detail/operation.hpp>
#include <natpmp/detail/parking.hpp>

#include <memory>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// An operation with the handler that waits for it.
struct pending : operation
{
    pending(std::shared_ptr<client_base> state, operation_kind what)
        : operation(what), owner(std::move(state))
    {}

    ~pending()
    {
        if (owner) // the handler was destroyed without being called
            owner->withdraw(*this);
    }

    /// Hands the outcome to the handler, on whose executor this is destroyed, perhaps at once. If
    /// that throws it can be done again.
    void finish()
    {
        auto released = std::move(owner);
        parked* const waiting = std::exchange(place, nullptr);
        if (!waiting) // the context goes down with the handler
            return;
        attempt([&] { waiting->resume(); },
                [&] {
                    owner = std::move(released);
                    place = waiting;
                    return true;
                });
    }

    std::shared_ptr<client_base> owner;
    parked* place = nullptr;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_PENDING_HPP
