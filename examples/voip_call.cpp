// The media ports of a telephone call: two UDP ports in a row, opened at the router for as long as
// the call lasts. SIGINT or SIGTERM hangs up, at any time; nothing is left at the router.

#include "call.hpp"
#include "command_line.hpp"

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/signal_set.hpp>
#include <asio/use_awaitable.hpp>
#include <natpmp/natpmp.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <iostream>
#include <string_view>
#include <system_error>
#include <utility>

namespace {

constexpr std::string_view usage = R"(usage: voip_call [--port PORT] [--gateway ADDRESS[:PORT]]

  --port PORT                look for two free UDP ports from here on (default: 16384)
  --gateway ADDRESS[:PORT]   ask this gateway (default: the default gateway, port 5351)

Exit status: 0 done; 1 no ports are free; 2 bad usage; 3 the router did not confirm the end.
)";

using asio::ip::udp;

/// The sockets for sound and for reports: an even port, and the next (RFC 3550, section 11).
class media_sockets
{
public:
    media_sockets(asio::io_context& context, std::uint16_t first) : rtp_(context), rtcp_(context)
    {
        for (std::uint32_t port = first + first % 2U; port < 65535; port += 2)
            if (open(rtp_, port) && open(rtcp_, port + 1))
                return;
        throw std::system_error(asio::error::address_in_use);
    }

    [[nodiscard]] std::uint16_t rtp_port() const
    {
        return rtp_.local_endpoint().port();
    }

private:
    static bool open(udp::socket& socket, std::uint32_t port)
    {
        asio::error_code error;
        socket.close(error);
        socket.open(udp::v4());
        socket.bind({udp::v4(), static_cast<std::uint16_t>(port)}, error);
        return !error;
    }

    udp::socket rtp_, rtcp_;
};

/// What goes to the other side by SIP: the lines that tell where its media is to be sent (RFC 4566;
/// RFC 3605 for the second port).
void offer(const media_address& media)
{
    std::cout << "offer:\n"
              << "  c=IN IP4 " << media.address << "\n"
              << "  m=audio " << media.rtp << " RTP/AVP 0\n"
              << "  a=rtcp:" << media.rtcp << std::endl;
}

asio::awaitable<void> with_open_ports(natpmp::client& client, std::uint16_t rtp_port)
{
    try {
        co_await keep_media_open(client, rtp_port, offer);
    } catch (const std::system_error& error) {
        if (error.code() != asio::error::operation_aborted) // that is the hanging up
            std::cout << "no ports at the router, the call takes a relay: "
                      << error.code().message() << std::endl;
        throw;
    }
}

asio::awaitable<int> call(asio::io_context& context, std::uint16_t first_port,
                          natpmp::client_options options)
{
    using namespace asio::experimental::awaitable_operators;
    asio::signal_set hang_up(context, SIGINT, SIGTERM);
    media_sockets media(context, first_port);
    natpmp::client client(context, options);
    std::cout << "calling; RTP on UDP port " << media.rtp_port() << std::endl;

    // What comes first cancels the other. The ports do not come to an end, and if they fail, this
    // still waits for the signal.
    auto call_ends =
        with_open_ports(client, media.rtp_port()) || hang_up.async_wait(asio::use_awaitable);
    co_await std::move(call_ends);
    std::cout << "hung up" << std::endl;

    // The ports are being closed already; this waits for the router's answer.
    natpmp::error_code error;
    co_await client.async_shutdown(std::chrono::seconds(2),
                                   asio::redirect_error(asio::use_awaitable, error));
    if (error)
        std::cout << error.message() << std::endl;
    co_return error ? 3 : 0;
}

int run(command_line& line)
{
    natpmp::client_options options;
    std::uint16_t first_port = 16384;
    while (line.next()) {
        if (line.is("--port"))
            first_port = line.port();
        else if (line.is("--gateway"))
            line.gateway(options);
        else
            line.refuse();
    }

    asio::io_context context;
    int status = 0;
    asio::co_spawn(context, call(context, first_port, options),
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
