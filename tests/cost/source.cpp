// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The library, compiled once for all of a program's files.

#include <natpmp/src.hpp>
