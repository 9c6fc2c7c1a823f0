// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The library's code, for all files of the program.

#include <natpmp/src.hpp>
