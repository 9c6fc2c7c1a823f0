// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What the library's cost is compared with: Asio's narrow headers and one awaited datagram.

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <asio/use_awaitable.hpp>

#include <array>

asio::awaitable<void> run(asio::io_context& context)
{
    asio::ip::udp::socket socket(context, {asio::ip::udp::v4(), 0});
    std::array<char, 64> buffer{};
    asio::ip::udp::endpoint sender;
    co_await socket.async_receive_from(asio::buffer(buffer), sender, asio::use_awaitable);
}

int main()
{
    asio::io_context context;
    asio::co_spawn(context, run(context), asio::detached);
    context.run();
}
