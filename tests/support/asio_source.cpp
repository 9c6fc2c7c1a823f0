// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// With ASIO_SEPARATE_COMPILATION, Asio's functions are compiled here and nowhere else.

#include <asio/impl/src.hpp>
