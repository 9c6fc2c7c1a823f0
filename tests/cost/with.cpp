// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The library's header and one call.

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <natpmp/natpmp.hpp>

asio::awaitable<void> run(asio::io_context& context)
{
    natpmp::client client(context.get_executor());
    co_await client.async_map_port(natpmp::protocol::tcp, 6881);
}

int main()
{
    asio::io_context context;
    asio::co_spawn(context, run(context), asio::detached);
    context.run();
}
