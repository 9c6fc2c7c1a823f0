// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_SUPPORT_CATCH_HPP
#define NATPMP_TESTS_SUPPORT_CATCH_HPP

// Catch2 v3 or v2, whichever there is. Never co_await inside one of its macros.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#endif // NATPMP_TESTS_SUPPORT_CATCH_HPP
