// Keeps one TCP port open in a program that has no event loop: the client works in a thread of its
// own, and main() calls it from outside and waits for the results. Ends on SIGINT or SIGTERM.

#include "command_line.hpp"

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <natpmp/natpmp.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <string_view>
#include <system_error>
#include <thread>

namespace {

constexpr std::string_view usage = R"(usage: own_thread [--port PORT] [--gateway ADDRESS[:PORT]]

  --port PORT                the TCP port to open (default: 6881)
  --gateway ADDRESS[:PORT]   ask this gateway (default: the default gateway, port 5351)

Exit status: 0 done; 1 the port could not be opened or not be closed; 2 bad usage.
)";

/// A client in a thread of its own. The public functions block: call them from other threads.
class client_thread
{
public:
    explicit client_thread(const natpmp::client_options& options)
        : client_(context_, options), signals_(context_, SIGINT, SIGTERM)
    {
        signals_.async_wait([this](const asio::error_code& error, int) {
            if (!error)
                stop();
        });
        thread_ =
            std::thread([this] { context_.run(); }); // from now on the client is only used there
    }

    client_thread(const client_thread&) = delete;
    client_thread& operator=(const client_thread&) = delete;

    ~client_thread()
    {
        if (thread_.joinable())
            close();
    }

    /// Opens a TCP port. Throws std::system_error.
    natpmp::mapping open(std::uint16_t port)
    {
        return asio::co_spawn(context_, map(port), asio::use_future).get();
    }

    /// Waits for the next event. Throws std::system_error, with errc::closed after a signal.
    natpmp::event next_event()
    {
        return asio::co_spawn(context_, wait_event(), asio::use_future).get();
    }

    /// Closes what is open, and ends the thread. Afterwards nobody uses the client, so that it can
    /// be destroyed in any thread.
    natpmp::error_code close()
    {
        asio::post(context_, [this] {
            stop();
            work_.reset();
        });
        thread_.join();
        return result_;
    }

private:
    // These run in the thread.

    asio::awaitable<natpmp::mapping> map(std::uint16_t port)
    {
        auto mapping =
            co_await client_.async_map_port(natpmp::protocol::tcp, port, asio::use_awaitable);
        co_return mapping;
    }

    asio::awaitable<natpmp::event> wait_event()
    {
        auto happened = co_await client_.async_wait_event(asio::use_awaitable);
        co_return happened;
    }

    void stop()
    {
        signals_.cancel();
        client_.async_shutdown(std::chrono::seconds(2), [this](const natpmp::error_code& error) {
            if (error)
                result_ = error;
        });
    }

    asio::io_context context_;
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    natpmp::client client_;
    asio::signal_set signals_;
    natpmp::error_code result_;
    std::thread thread_;
};

void print(const natpmp::event& happened)
{
    std::cout << to_string(happened.kind);
    if (happened.about_mapping())
        std::cout << ' ' << happened.mapping.external_address << ':'
                  << happened.mapping.external_port;
    std::cout << std::endl;
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

    client_thread client(options);
    int status = 0;
    try {
        const natpmp::mapping mapping = client.open(port);
        std::cout << "open: " << mapping.external_address << ':' << mapping.external_port
                  << std::endl;
        for (;;)
            print(client.next_event());
    } catch (const std::system_error& error) {
        if (error.code() != natpmp::errc::closed) { // that is the signal
            std::cerr << "error: " << error.code().message() << std::endl;
            status = 1;
        }
    }
    if (const natpmp::error_code error = client.close()) {
        std::cerr << error.message() << std::endl;
        status = 1;
    }
    return status;
}

} // namespace

int main(int count, char** values)
{
    return main_of(count, values, usage, run);
}
