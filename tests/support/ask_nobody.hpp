// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A whole exchange in little code, in either flavour: asks where nobody listens, and says what
// comes of it, errc::not_supported.

#pragma once

#include <natpmp/natpmp.hpp>

// clang-format off
#include NATPMP_ASIO_HEADER(io_context.hpp)
// clang-format on

static natpmp::error_code ask_nobody()
{
    using natpmp::net::ip::address_v4;
    natpmp::net::io_context context;
    natpmp::client_options options;
    options.gateway = address_v4::loopback();
    options.announcements = false;
    {
        natpmp::net::ip::udp::socket closed(context, {address_v4::loopback(), 0});
        options.gateway_port = closed.local_endpoint().port();
    }
    natpmp::client client(context.get_executor(), options);
    natpmp::error_code answer;
    client.async_map_port(natpmp::protocol::tcp, 6881,
                          [&](natpmp::error_code error, natpmp::mapping) { answer = error; });
    context.run_for(std::chrono::seconds(20));
    return answer;
}
