// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Whether the gateway lost its state, by its seconds since the start of the epoch.

#ifndef NATPMP_DETAIL_EPOCH_HPP
#define NATPMP_DETAIL_EPOCH_HPP

#include <natpmp/detail/time.hpp>

#include <cstdint>
#include <optional>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// The rule of RFC 6886, section 3.6 (E-2): the value must be at least the last one, plus 7/8 of
/// the time since, less 2 seconds.
class epoch_tracker
{
public:
    /// Takes the value of a packet, which becomes the new baseline (E-3). Returns whether the
    /// gateway lost its state since the last one; never for a gateway's first packet (E-4).
    bool update(std::uint32_t value, time_point now) noexcept
    {
        const duration received = std::chrono::seconds{value};
        const bool reset =
            value_ && received < duration{*value_} + (now - at_) * 7 / 8 - duration{2s};
        value_ = std::chrono::seconds{value};
        at_ = now;
        return reset;
    }

    /// Forgets the baseline: another gateway.
    void forget() noexcept
    {
        value_.reset();
    }

private:
    std::optional<std::chrono::seconds> value_;
    time_point at_{};
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_EPOCH_HPP
