// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The library's version and its ABI namespace.

#ifndef NATPMP_VERSION_HPP
#define NATPMP_VERSION_HPP

/// The major version.
#define NATPMP_VERSION_MAJOR 0
/// The minor version.
#define NATPMP_VERSION_MINOR 2
/// The patch version.
#define NATPMP_VERSION_PATCH 0
/// The whole version.
#define NATPMP_VERSION_STRING "0.2.0"

#if defined(NATPMP_USE_BOOST_ASIO)
#define NATPMP_ABI_NAMESPACE v0_2_boost
#else
/// Everything lives in this inline namespace, so that two versions linked into one program are two
/// sets of symbols instead of an ODR violation; so are the flavours for standalone Asio and
/// Boost.Asio.
#define NATPMP_ABI_NAMESPACE v0_2
#endif

#endif // NATPMP_VERSION_HPP
