// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Sends back whatever arrives on a port, over TCP and UDP: host A's listener
// in the gateway tests.

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/udp.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <utility>

using asio::ip::tcp;
using asio::ip::udp;

asio::awaitable<void> serve(tcp::socket socket)
{
    std::array<char, 2048> data;
    try {
        for (;;) {
            std::size_t size =
                co_await socket.async_read_some(asio::buffer(data), asio::use_awaitable);
            co_await asio::async_write(socket, asio::buffer(data, size), asio::use_awaitable);
        }
    } catch (const std::exception&) {
        // The peer has left.
    }
}

asio::awaitable<void> listen(tcp::acceptor acceptor)
{
    auto executor = co_await asio::this_coro::executor;
    for (;;) {
        tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
        asio::co_spawn(executor, serve(std::move(socket)), asio::detached);
    }
}

asio::awaitable<void> listen(udp::socket socket)
{
    std::array<char, 2048> data;
    udp::endpoint sender;
    for (;;) {
        std::size_t size =
            co_await socket.async_receive_from(asio::buffer(data), sender, asio::use_awaitable);
        co_await socket.async_send_to(asio::buffer(data, size), sender, asio::use_awaitable);
    }
}

int main(int argc, char* argv[])
{
    const int port = argc == 2 ? std::atoi(argv[1]) : 0;
    if (port < 1 || port > 65535) {
        std::cerr << "usage: echo_server PORT\n";
        return 2;
    }
    try {
        const auto number = static_cast<std::uint16_t>(port);
        asio::io_context context;
        tcp::acceptor acceptor(context, {tcp::v4(), number});
        udp::socket socket(context, {udp::v4(), number});
        asio::co_spawn(context, listen(std::move(acceptor)), asio::detached);
        asio::co_spawn(context, listen(std::move(socket)), asio::detached);
        context.run();
    } catch (const std::exception& error) {
        std::cerr << "echo_server: " << error.what() << '\n';
        return 1;
    }
}
