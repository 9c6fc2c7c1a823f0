// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Marks what runs once for a network, to be compiled for size where that saves any.

#ifndef NATPMP_DETAIL_COLD_HPP
#define NATPMP_DETAIL_COLD_HPP

#if defined(__GNUC__)
#define NATPMP_COLD __attribute__((cold))
#else
#define NATPMP_COLD
#endif

#endif // NATPMP_DETAIL_COLD_HPP
