// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#include <natpmp/natpmp.hpp>

#include <boost/asio/io_context.hpp>

static_assert(std::is_same_v<natpmp::error_code, boost::system::error_code>);

bool boost_part(unsigned short port)
{
    boost::asio::io_context context;
    natpmp::client_options options;
    options.gateway = boost::asio::ip::address_v4::loopback();
    options.announcements = false;
    options.gateway_port = port;
    natpmp::client client(context.get_executor(), options);
    boost::system::error_code answer;
    client.async_map_port(natpmp::protocol::udp, 6881,
                          [&](natpmp::error_code error, natpmp::mapping) { answer = error; });
    context.run();
    return answer == natpmp::errc::not_supported;
}
