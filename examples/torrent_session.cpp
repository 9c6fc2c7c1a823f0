// The network side of a torrent client: it listens on one port for TCP and UDP, opens that port at
// the router, and tells the tracker where peers reach it, again whenever that changes. Ends on
// SIGINT or SIGTERM.

#include "command_line.hpp"

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/udp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/signal_set.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <natpmp/natpmp.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <string_view>
#include <utility>

namespace {

constexpr std::string_view usage =
    R"(usage: torrent_session [--port PORT] [--gateway ADDRESS[:PORT]]

  --port PORT                the port for TCP and UDP (default: 6881)
  --gateway ADDRESS[:PORT]   ask this gateway (default: the default gateway, port 5351)

Exit status: 0 done; 1 the port is taken; 2 bad usage; 3 the router did not confirm the end.
)";

using asio::ip::tcp;
using asio::ip::udp;

/// Tells other peers where to find us. A real one is asked over HTTP.
class tracker
{
public:
    void announce(const natpmp::mapping& reached)
    {
        std::cout << "tracker: peers reach us at ";
        if (reached.external_address.is_unspecified())
            std::cout << "the address that you see, port " << reached.external_port;
        else
            std::cout << reached.external_address << ':' << reached.external_port;
        std::cout << std::endl;
    }

    void leave()
    {
        std::cout << "tracker: we are gone" << std::endl;
    }
};

void print(const natpmp::event& news)
{
    if (news.kind == natpmp::event_kind::renewed)
        return;
    std::cout << "router: " << to_string(news.kind);
    if (news.about_mapping())
        std::cout << ' ' << to_string(news.mapping.protocol) << ' ' << news.mapping.external_port;
    if (news.error)
        std::cout << ": " << news.error.message();
    std::cout << std::endl;
}

class session
{
public:
    /// The port is bound before it is opened at the router: a second copy of this program fails
    /// here, before it can disturb the first.
    session(asio::io_context& context, std::uint16_t port, const natpmp::client_options& options)
        : acceptor_(context, {tcp::v4(), port}),
          socket_(context, {udp::v4(), port}),
          signals_(context, SIGINT, SIGTERM),
          client_(context, options)
    {
        client_.set_observer(print);
    }

    void start()
    {
        spawn(accept_peers());
        spawn(answer_pings());
        spawn(keep_announced());
        spawn(end_on_signal());
    }

    [[nodiscard]] int status() const
    {
        return status_;
    }

private:
    void spawn(asio::awaitable<void> task)
    {
        asio::co_spawn(client_.get_executor(), std::move(task),
                       [](const std::exception_ptr& error) {
                           if (error)
                               std::rethrow_exception(error); // out of run()
                       });
    }

    /// Opens the port, and tells the tracker where it leads, at first and after each change.
    asio::awaitable<void> keep_announced()
    {
        natpmp::map_request request;
        request.internal_port = socket_.local_endpoint().port();
        request.keep_trying = true; // a torrent works without, but not as well
        natpmp::error_code error;
        co_await client_.async_map_port_pair(request,
                                             asio::redirect_error(asio::use_awaitable, error));
        while (!error) {
            natpmp::event news =
                co_await client_.async_wait_event(asio::redirect_error(asio::use_awaitable, error));
            bool is_endpoint = news.kind == natpmp::event_kind::mapped ||
                               news.kind == natpmp::event_kind::endpoint_changed;
            // The tracker hears of one port; the peers use it for both protocols.
            if (!error && is_endpoint && news.mapping.protocol == natpmp::protocol::tcp)
                announce(news.mapping);
        }
    } // closed: the session ends

    void announce(const natpmp::mapping& now)
    {
        tracker_.announce(now);
        if (!natpmp::publicly_routable(now.external_address))
            std::cout << "warning: " << to_string(natpmp::classify(now.external_address))
                      << " address: is there another router in front of this one?" << std::endl;
    }

    asio::awaitable<void> accept_peers()
    {
        for (;;) {
            asio::error_code error;
            tcp::socket peer(acceptor_.get_executor());
            co_await acceptor_.async_accept(peer, asio::redirect_error(asio::use_awaitable, error));
            if (error)
                co_return; // the acceptor was closed
            std::string_view greeting = "hello, peer\n";
            co_await asio::async_write(peer, asio::buffer(greeting),
                                       asio::redirect_error(asio::use_awaitable, error));
        }
    }

    asio::awaitable<void> answer_pings()
    {
        std::array<char, 1500> ping{};
        for (;;) {
            asio::error_code error;
            udp::endpoint peer;
            std::size_t size = co_await socket_.async_receive_from(
                asio::buffer(ping), peer, asio::redirect_error(asio::use_awaitable, error));
            if (error == asio::error::operation_aborted)
                co_return; // the socket was closed
            if (!error)
                socket_.send_to(asio::buffer(ping, size), peer, 0, error); // or it is lost
        }
    }

    /// What peers are told and what they use ends before the port does.
    asio::awaitable<void> end_on_signal()
    {
        co_await signals_.async_wait(asio::use_awaitable);
        tracker_.leave();
        acceptor_.close();
        socket_.close();
        natpmp::error_code error;
        co_await client_.async_shutdown(std::chrono::seconds(2),
                                        asio::redirect_error(asio::use_awaitable, error));
        if (error)
            status_ = 3; // print() told it, and the port is open until its lifetime ends
    }

    tcp::acceptor acceptor_;
    udp::socket socket_;
    asio::signal_set signals_;
    natpmp::client client_;
    tracker tracker_;
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
    session torrent(context, port, options);
    torrent.start();
    context.run();
    return torrent.status();
}

} // namespace

int main(int count, char** values)
{
    return main_of(count, values, usage, run);
}
