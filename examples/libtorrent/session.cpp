// A libtorrent session whose port this library keeps open, in the place of libtorrent's own UPnP
// and NAT-PMP. Compiles with the standalone flavour of the library and with that of Boost. Ends on
// SIGINT or SIGTERM.
//
// libtorrent runs on a thread of its own, the client on the main one, so neither has to know the
// other's io_context, nor the other's Asio: libtorrent of Debian 12 is built with Boost 1.74, whose
// Asio is too old for the client, which uses standalone Asio there. Their headers cannot be
// included in one file, hence torrents.cpp.

#include "../command_line.hpp"
#include "torrents.hpp"

#include <natpmp/natpmp.hpp>

#if defined(NATPMP_USE_BOOST_ASIO)
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#else
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/signal_set.hpp>
#include <asio/use_awaitable.hpp>
#endif

#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace {

namespace asio = natpmp::net;

constexpr std::string_view usage =
    R"(usage: libtorrent_session [--port PORT] [--lifetime S] [--gateway ADDRESS[:PORT]] MAGNET-URI

  --port PORT                the port for TCP and uTP (default: 6881)
  --lifetime S               ask for so many seconds at a time (default: 7200)
  --gateway ADDRESS[:PORT]   ask this gateway (default: the default gateway, port 5351)

Exit status: 0 done; 1 no port is free; 2 bad usage; 3 the router did not confirm the end.
)";

void print(const natpmp::event& news)
{
    if (news.kind == natpmp::event_kind::renewed)
        return;
    std::cout << "router: " << to_string(news.kind);
    if (news.about_mapping())
        std::cout << ' ' << to_string(news.mapping.protocol) << ' ' << news.mapping.internal_port
                  << " -> " << news.mapping.external_port;
    if (news.error)
        std::cout << ": " << news.error.message();
    std::cout << std::endl;
}

/// Keeps the session's port open at the router.
class port_keeper
{
public:
    port_keeper(asio::io_context& context, torrents& its, const natpmp::client_options& options,
                std::chrono::seconds lifetime)
        : torrents_(its), signals_(context, SIGINT, SIGTERM), client_(context, options)
    {
        request_.lifetime = lifetime;
        request_.keep_trying = true; // a torrent works without, but not as well
        client_.set_observer(print);
    }

    void start()
    {
        spawn(keep_open());
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

    asio::awaitable<void> keep_open()
    {
        told_ = torrents_.port();
        natpmp::error_code error;
        co_await map(error);
        while (!error) {
            const std::uint16_t external = external_port();
            if (external != 0 && external != told_) {
                if (torrents::announces_any_port())
                    tell(external);
                else if (++moves_ <= 5)
                    co_await move_to(external, error);
                else
                    co_return give_up();
            }
            // If the port changed meanwhile, an event is waiting, so the loop looks again.
            if (!error)
                co_await client_.async_wait_event(asio::redirect_error(asio::use_awaitable, error));
        }
    } // closed: the session ends

    asio::awaitable<void> map(natpmp::error_code& error)
    {
        request_.internal_port = torrents_.port();
        co_await client_.async_map_port_pair(request_,
                                             asio::redirect_error(asio::use_awaitable, error));
    }

    /// Listens on the port that the router has given, which it then can give again: nobody has it
    /// for another port of this host any more.
    asio::awaitable<void> move_to(std::uint16_t external, natpmp::error_code& error)
    {
        co_await unmap(natpmp::protocol::tcp, error);
        if (error != natpmp::errc::closed)
            co_await unmap(natpmp::protocol::udp, error);
        if (error == natpmp::errc::closed)
            co_return; // the session ends
        tell(external);
        co_await map(error);
    }

    /// What the router does not delete expires.
    asio::awaitable<void> unmap(natpmp::protocol protocol, natpmp::error_code& error)
    {
        co_await client_.async_unmap_port(protocol, request_.internal_port,
                                          asio::redirect_error(asio::use_awaitable, error));
    }

    void give_up()
    {
        std::cout << "warning: the router gives ports of its own choice, which takes libtorrent "
                     "2.0.11 or newer"
                  << std::endl;
    }

    /// That of TCP; the tracker hears of one port, and the peers use it for both protocols.
    [[nodiscard]] std::uint16_t external_port() const
    {
        const auto now = client_.mapping_of(natpmp::protocol::tcp, request_.internal_port);
        return now ? now->external_port : 0;
    }

    void tell(std::uint16_t external)
    {
        torrents_.reached_at(external);
        told_ = external;
        std::cout << "tracker: peers reach us at port " << external << std::endl;
    }

    asio::awaitable<void> end_on_signal()
    {
        co_await signals_.async_wait(asio::use_awaitable);
        torrents_.end();
        natpmp::error_code error;
        co_await client_.async_shutdown(std::chrono::seconds(2),
                                        asio::redirect_error(asio::use_awaitable, error));
        if (error)
            status_ = 3; // print() told it, and the port is open until its lifetime ends
    }

    torrents& torrents_;
    asio::signal_set signals_;
    natpmp::client client_;
    natpmp::map_request request_;
    std::uint16_t told_ = 0;
    int moves_ = 0;
    int status_ = 0;
};

int run(command_line& line)
{
    natpmp::client_options options;
    std::uint16_t port = 6881;
    std::chrono::seconds lifetime(7200);
    std::string magnet;
    while (line.next()) {
        if (line.is("--port"))
            port = line.port();
        else if (line.is("--lifetime"))
            lifetime = std::chrono::seconds(line.number(1, 86400));
        else if (line.is("--gateway"))
            line.gateway(options);
        else if (magnet.empty() && line.text().starts_with("magnet:"))
            magnet = line.text();
        else
            line.refuse();
    }
    if (magnet.empty())
        throw usage_error("there is no magnet URI");

    torrents all(port, magnet);
    if (all.port() == 0)
        throw std::runtime_error("no port is free");
    std::cout << "libtorrent " << torrents::version() << " listens on port " << all.port()
              << std::endl;
    asio::io_context context(1);
    port_keeper keeper(context, all, options, lifetime);
    keeper.start();
    context.run();
    return keeper.status();
}

} // namespace

int main(int count, char** values)
{
    return main_of(count, values, usage, run);
}
