// Opens one TCP port with what Asio 1.31 and newer make simpler: without a completion token an
// operation is deferred, and can be awaited; as_tuple alone gives the error instead of an
// exception; cancel_after limits the time of a call. With an older Asio the program only says so.

#include <natpmp/natpmp.hpp>

#include <iostream>

#if ASIO_VERSION < 103100

int main()
{
    std::cerr << "this example needs Asio 1.31 or newer" << std::endl;
    return 1;
}

#else

#include "command_line.hpp"

#include <asio/as_tuple.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancel_after.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <string_view>

namespace {

using namespace std::chrono_literals;

constexpr std::string_view usage = R"(usage: newer_asio [--port PORT] [--gateway ADDRESS[:PORT]]

  --port PORT                the TCP port to open (default: 6881)
  --gateway ADDRESS[:PORT]   ask this gateway (default: the default gateway, port 5351)

Exit status: 0 done; 1 the port could not be opened or not be closed; 2 bad usage.
)";

asio::awaitable<int> keep_port(natpmp::client_options options, std::uint16_t port)
{
    auto executor = co_await asio::this_coro::executor;
    natpmp::client client(executor, options);
    asio::signal_set signals(executor, SIGINT, SIGTERM); // one that comes early waits

    // After 5 s this is cancelled, and so ends with operation_aborted. map_request::timeout would
    // end it with timed_out, and let a mapping with keep_trying stay wanted.
    auto [failure, mapping] = co_await client.async_map_port(
        natpmp::protocol::tcp, port, asio::cancel_after(5s, asio::as_tuple));
    if (failure) {
        std::cerr << "the port could not be opened: " << failure.message() << std::endl;
        co_return 1;
    }
    std::cout << mapping.external_address << ':' << mapping.external_port << std::endl;

    co_await signals.async_wait();

    auto [error] = co_await client.async_shutdown(2s, asio::as_tuple);
    if (error)
        std::cerr << error.message() << std::endl;
    co_return error ? 1 : 0;
}

int run(command_line& line)
{
    natpmp::client_options options;
    std::uint16_t port = 6881;
    while (line.next()) {
        if (line.is("--port"))
            port = line.port();
        else if (line.is("--gateway"))
            line.gateway(options);
        else
            line.refuse();
    }

    asio::io_context context;
    int status = 0;
    asio::co_spawn(context, keep_port(options, port),
                   [&status](const std::exception_ptr& error, int result) {
                       if (error)
                           std::rethrow_exception(error); // out of run()
                       status = result;
                   });
    context.run();
    return status;
}

} // namespace

int main(int count, char** values)
{
    return main_of(count, values, usage, run);
}

#endif
