// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Bytes from the kernel, and values in them.

#ifndef NATPMP_DETAIL_RAW_BYTES_HPP
#define NATPMP_DETAIL_RAW_BYTES_HPP

#include <natpmp/version.hpp>

#include <cstddef>
#include <cstring>
#include <span>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

using raw_bytes = std::span<const std::byte>;

/// Copies a value from the front of some bytes, which need no alignment. False if they are too few.
template <class Value>
[[nodiscard]] bool peek(raw_bytes from, Value& value) noexcept
{
    if (from.size() < sizeof value)
        return false;
    std::memcpy(&value, from.data(), sizeof value);
    return true;
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_RAW_BYTES_HPP
