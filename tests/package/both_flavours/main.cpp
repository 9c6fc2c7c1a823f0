// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The same request by both flavours in one program: each is told so in its own kind of error.

#include "../../support/ask_nobody.hpp"

#include <iostream>

bool boost_part();

static_assert(std::is_same_v<natpmp::error_code, std::error_code>);

int main()
{
    if (ask_nobody() != natpmp::errc::not_supported || !boost_part())
        return 1;
    std::cout << NATPMP_VERSION_STRING << '\n';
}
