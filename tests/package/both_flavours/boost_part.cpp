// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#include "../../support/ask_nobody.hpp"

static_assert(std::is_same_v<natpmp::error_code, boost::system::error_code>);

bool boost_part()
{
    return ask_nobody() == natpmp::errc::not_supported;
}
