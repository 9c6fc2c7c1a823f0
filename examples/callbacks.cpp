// Keeps one TCP port open with plain callbacks: no coroutine anywhere. Ends on SIGINT or SIGTERM.

#include "command_line.hpp"

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <natpmp/natpmp.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <string_view>

namespace {

constexpr std::string_view usage = R"(usage: callbacks [--port PORT] [--gateway ADDRESS[:PORT]]

  --port PORT                the TCP port to open (default: 6881)
  --gateway ADDRESS[:PORT]   ask this gateway (default: the default gateway, port 5351)

Exit status: 0 done; 1 the port could not be opened or not be closed; 2 bad usage.
)";

class open_port
{
public:
    open_port(asio::io_context& context, const natpmp::client_options& options)
        : client_(context, options), signals_(context, SIGINT, SIGTERM)
    {}

    void start(std::uint16_t port)
    {
        signals_.async_wait([this](const asio::error_code& error, int) {
            if (!error)
                stop();
        });
        client_.async_map_port(
            natpmp::protocol::tcp, port,
            [this](const natpmp::error_code& error, const natpmp::mapping&) { mapped(error); });
    }

    [[nodiscard]] int status() const
    {
        return status_;
    }

private:
    void mapped(const natpmp::error_code& error)
    {
        if (error == natpmp::errc::closed)
            return; // stop() was faster
        if (error) {
            std::cerr << "the port could not be opened: " << error.message() << std::endl;
            status_ = 1;
            signals_.cancel(); // so that run() returns
            return;
        }
        wait();
    }

    void wait()
    {
        client_.async_wait_event(
            [this](const natpmp::error_code& error, const natpmp::event& happened) {
                if (error)
                    return; // closed, and everything has been told
                std::cout << to_string(happened.kind);
                if (happened.about_mapping())
                    std::cout << ' ' << happened.mapping.external_address << ':'
                              << happened.mapping.external_port;
                std::cout << std::endl;
                wait();
            });
    }

    void stop()
    {
        client_.async_shutdown(std::chrono::seconds(2), [this](const natpmp::error_code& error) {
            if (error) {
                std::cerr << error.message() << std::endl;
                status_ = 1;
            }
        });
    }

    natpmp::client client_;
    asio::signal_set signals_;
    int status_ = 0;
};

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
    open_port opened(context, options);
    opened.start(port);
    context.run();
    return opened.status();
}

} // namespace

int main(int count, char** values)
{
    return main_of(count, values, usage, run);
}
