// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A program without RTTI, or without exceptions: asks where nobody listens, and is told so.

#include <natpmp/natpmp.hpp>

#include <asio/io_context.hpp>

#include <cstdlib>

#if defined(ASIO_NO_EXCEPTIONS)
// What Asio has such programs define.
template <class Exception>
void asio::detail::throw_exception(const Exception&
#if defined(ASIO_SOURCE_LOCATION_PARAM)
                                       ASIO_SOURCE_LOCATION_PARAM
#endif
)
{
    std::abort();
}
#endif

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
    context.run_for(std::chrono::seconds(20));
    return answer == natpmp::errc::not_supported ? 0 : 1;
}
