// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A program that leaves the library's code to another of its files.

#include "support/ask_nobody.hpp"

#if defined(NATPMP_PLATFORM_HPP) || defined(NATPMP_DETAIL_CORE_ENGINE_HPP)
#error "what is compiled once must not be included here"
#endif

int main()
{
    return ask_nobody() == natpmp::errc::not_supported ? 0 : 1;
}
