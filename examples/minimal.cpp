// Opens TCP port 6881 at the router, waits for Ctrl-C, and closes it again.

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/use_awaitable.hpp>
#include <natpmp/natpmp.hpp>

#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>

asio::awaitable<void> run()
{
    auto executor = co_await asio::this_coro::executor;
    natpmp::client client(executor);
    auto mapping = co_await client.async_map_port(natpmp::protocol::tcp, 6881);
    std::cout << mapping.external_address << ':' << mapping.external_port << std::endl;
    asio::signal_set signals(executor, SIGINT, SIGTERM);
    co_await signals.async_wait(asio::use_awaitable);
    co_await client.async_shutdown(std::chrono::seconds(2));
}

int main()
{
    asio::io_context context;
    asio::co_spawn(context, run(), [](const std::exception_ptr& error) {
        if (error)
            std::rethrow_exception(error); // out of context.run()
    });
    try {
        context.run();
    } catch (const std::exception& error) {
        std::cerr << error.what() << std::endl;
        return 1;
    }
}
