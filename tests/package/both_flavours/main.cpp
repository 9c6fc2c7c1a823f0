// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The same request by both flavours in one program: nobody listens, and each is told so in its own
// kind of error.

#include <natpmp/natpmp.hpp>

#include <asio/io_context.hpp>

#include <iostream>

bool boost_part(unsigned short port);

static_assert(std::is_same_v<natpmp::error_code, std::error_code>);

int main()
{
    asio::io_context context;
    natpmp::client_options options;
    options.gateway = asio::ip::address_v4::loopback();
    options.announcements = false;
    {
        asio::ip::udp::socket closed(context, {asio::ip::address_v4::loopback(), 0});
        options.gateway_port = closed.local_endpoint().port();
    }
    natpmp::client client(context.get_executor(), options);
    natpmp::error_code answer;
    client.async_map_port(natpmp::protocol::tcp, 6881,
                          [&](natpmp::error_code error, natpmp::mapping) { answer = error; });
    context.run();
    if (answer != natpmp::errc::not_supported ||
        !boost_part(static_cast<unsigned short>(options.gateway_port.value())))
        return 1;
    std::cout << NATPMP_VERSION_STRING << '\n';
}
