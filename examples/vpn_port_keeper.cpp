// Keeps the port that a VPN forwards to this host, such as ProtonVPN's, and runs a command with the
// port's number at first and whenever it changes. The VPN's gateway chooses the port and releases
// it after 60 seconds without a renewal. Not for Windows.

#include "command_line.hpp"

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/use_awaitable.hpp>
#include <natpmp/natpmp.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>

extern char** environ; // NOLINT: some systems do not declare it

namespace {

constexpr std::string_view usage =
    R"(usage: vpn_port_keeper [--gateway ADDRESS[:PORT]] [-- COMMAND [ARGUMENT]...]

Keeps the port that a VPN forwards, for TCP and UDP, until SIGINT or SIGTERM.

  --gateway ADDRESS[:PORT]   the VPN's gateway (default: 10.2.0.1, which is ProtonVPN's)
  -- COMMAND [ARGUMENT]...   run this, without a shell, with the port as one more argument, for each
                             new port; if it fails, again at the next renewal

Exit status: 0 done; 1 an error; 2 bad usage.
)";

using words = std::vector<std::string>;

/// Runs a command to its end; its exit status, or -1 if it could not be run or a signal ended it.
asio::awaitable<int> run_command(words command)
{
    auto executor = co_await asio::this_coro::executor;
    asio::signal_set child_ended(executor, SIGCHLD); // before there is a child
    std::vector<char*> pointers;
    for (std::string& word : command)
        pointers.push_back(word.data());
    pointers.push_back(nullptr);

    pid_t child = 0;
    if (::posix_spawnp(&child, pointers[0], nullptr, nullptr, pointers.data(), environ) != 0)
        co_return -1;
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0)
        co_await child_ended.async_wait(asio::use_awaitable);
    co_return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// The port that both protocols have, or 0 if they have none, or two for a moment.
std::uint16_t forwarded_port(const std::vector<natpmp::mapping>& mappings)
{
    const bool agree =
        mappings.size() == 2 && mappings[0].external_port == mappings[1].external_port;
    return agree ? mappings[0].external_port : std::uint16_t{0};
}

void print(const natpmp::event& happened)
{
    if (happened.kind == natpmp::event_kind::renewed)
        return;
    std::cout << "gateway: " << to_string(happened.kind);
    if (happened.about_mapping())
        std::cout << ' ' << to_string(happened.mapping.protocol) << ' '
                  << happened.mapping.external_port;
    if (happened.error)
        std::cout << ": " << happened.error.message();
    std::cout << std::endl;
}

asio::awaitable<void> keep_port(natpmp::client& client, const words& command)
{
    natpmp::map_request request;
    request.gateway_assigns_port = true;
    request.lifetime = std::chrono::seconds(60);
    request.keep_trying = true; // the VPN may refuse for a moment, or be down
    co_await client.async_map_port_pair(request, asio::use_awaitable);

    std::uint16_t told = 0;
    bool failed = false, renewed = false;
    for (;;) {
        const std::uint16_t port = forwarded_port(client.mappings());
        if (port != 0 && (port != told || (failed && renewed))) {
            told = port;
            std::cout << "forwarded port: " << port << std::endl;
            words with_port = command;
            with_port.push_back(std::to_string(port));
            int status = 0;
            if (!command.empty())
                status = co_await run_command(with_port); // renewals go on meanwhile
            failed = status != 0;
            if (failed)
                std::cout << "the command failed: " << status << std::endl;
        }
        // What happened while the command ran is still to be read: no change gets lost.
        natpmp::event happened = co_await client.async_wait_event(asio::use_awaitable);
        renewed = happened.kind == natpmp::event_kind::renewed &&
                  happened.mapping.protocol == natpmp::protocol::tcp; // once for the two
    }
}

asio::awaitable<void> keep_until_signal(natpmp::client_options options, const words& command)
{
    using namespace asio::experimental::awaitable_operators;
    auto executor = co_await asio::this_coro::executor;
    asio::signal_set stop(executor, SIGINT, SIGTERM);
    natpmp::client client(executor, options);
    client.set_observer(print);
    auto either = keep_port(client, command) || stop.async_wait(asio::use_awaitable);
    co_await std::move(either);
    // No shutdown: a port that the gateway assigned is not deleted, it expires.
}

int run(command_line& line)
{
    natpmp::client_options options;
    options.gateway = asio::ip::make_address("10.2.0.1");
    words command;
    while (line.next()) {
        if (line.is("--gateway"))
            line.gateway(options);
        else if (line.is("--"))
            command = line.rest();
        else
            line.refuse();
    }

    asio::io_context context;
    asio::co_spawn(context, keep_until_signal(options, command),
                   [](const std::exception_ptr& error) {
                       if (error)
                           std::rethrow_exception(error); // out of run()
                   });
    context.run();
    return 0;
}

} // namespace

int main(int count, char** values)
{
    return main_of(count, values, usage, run);
}
