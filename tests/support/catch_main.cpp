// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Catch2 v2's main, built once. v3 brings its own.
#define CATCH_CONFIG_MAIN
// A crash is better reported by a sanitizer or a debugger; CTest names the test case.
#define CATCH_CONFIG_NO_POSIX_SIGNALS
#include <catch2/catch.hpp>
