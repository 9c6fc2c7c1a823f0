// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Whether the layout that the unit tests take for macOS' is the one in its headers.

#include "unit/gateway_routing_formats.hpp"

#include <natpmp/natpmp.hpp>

static_assert(natpmp::detail::system_routing_format == gateway_routing_test::macos);

int main()
{
    natpmp::error_code error;
    return natpmp::default_gateway(error).address.is_v4() ? 0 : 1;
}
