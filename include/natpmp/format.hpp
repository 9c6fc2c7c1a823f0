// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// std::formatter for what operator<< writes: std::format("{}", mapping). natpmp.hpp does not
/// include it, since `<format>` is large and GCC has it from version 13 only.

#ifndef NATPMP_FORMAT_HPP
#define NATPMP_FORMAT_HPP

#include <natpmp/address.hpp>
#include <natpmp/event.hpp>
#include <natpmp/types.hpp>

#include <version>

#if !defined(__cpp_lib_format)
#error "natpmp/format.hpp needs <format>, which is not there; to_string() gives the text"
#endif

#include <format>
#include <string_view>

namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail {

/// Formats as to_string() says, with the fill, alignment, width and precision of a string.
template <class Type>
struct text_formatter : std::formatter<std::string_view, char>
{
    template <class Context>
    auto format(const Type& value, Context& context) const
    {
        return std::formatter<std::string_view, char>::format(to_string(value), context);
    }
};

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

/// As operator<<; takes what a string's format takes.
template <>
struct std::formatter<natpmp::protocol, char> : natpmp::detail::text_formatter<natpmp::protocol>
{};

/// As operator<<; takes what a string's format takes.
template <>
struct std::formatter<natpmp::mapping, char> : natpmp::detail::text_formatter<natpmp::mapping>
{};

/// As operator<<; takes what a string's format takes.
template <>
struct std::formatter<natpmp::mapping_pair, char>
    : natpmp::detail::text_formatter<natpmp::mapping_pair>
{};

/// As operator<<; takes what a string's format takes.
template <>
struct std::formatter<natpmp::gateway, char> : natpmp::detail::text_formatter<natpmp::gateway>
{};

/// As operator<<; takes what a string's format takes.
template <>
struct std::formatter<natpmp::address_kind, char>
    : natpmp::detail::text_formatter<natpmp::address_kind>
{};

/// As operator<<; takes what a string's format takes.
template <>
struct std::formatter<natpmp::event_kind, char> : natpmp::detail::text_formatter<natpmp::event_kind>
{};

/// As operator<<; takes what a string's format takes.
template <>
struct std::formatter<natpmp::event, char> : natpmp::detail::text_formatter<natpmp::event>
{};

/// As operator<<; takes what a string's format takes.
template <>
struct std::formatter<natpmp::ignore_reason, char>
    : natpmp::detail::text_formatter<natpmp::ignore_reason>
{};

/// As operator<<; takes what a string's format takes.
template <>
struct std::formatter<natpmp::datagram::fate, char>
    : natpmp::detail::text_formatter<natpmp::datagram::fate>
{};

#endif // NATPMP_FORMAT_HPP
