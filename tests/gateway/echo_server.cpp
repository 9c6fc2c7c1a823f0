// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Sends back whatever arrives on a port, over TCP and UDP: host A's listener in the gateway tests.
// Callbacks, because Asio 1.22 has no coroutines with Clang.

#include <asio/buffer.hpp>
#include <asio/error_code.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/udp.hpp>
#include <asio/write.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <utility>

using asio::ip::tcp;
using asio::ip::udp;

/// One TCP connection; it lives as long as its pending operation.
class connection : public std::enable_shared_from_this<connection>
{
public:
    explicit connection(tcp::socket socket) : socket_(std::move(socket))
    {}

    void read()
    {
        socket_.async_read_some(asio::buffer(data_), [self = shared_from_this()](
                                                         asio::error_code error, std::size_t size) {
            if (!error)
                self->write(size);
        });
    }

private:
    void write(std::size_t size)
    {
        asio::async_write(socket_, asio::buffer(data_, size),
                          [self = shared_from_this()](asio::error_code error, std::size_t) {
                              if (!error)
                                  self->read();
                          });
    }

    tcp::socket socket_;
    std::array<char, 2048> data_{};
};

class echo_server
{
public:
    echo_server(asio::io_context& context, std::uint16_t port)
        : acceptor_(context, {tcp::v4(), port}), socket_(context, {udp::v4(), port})
    {
        accept();
        receive();
    }

private:
    void accept()
    {
        acceptor_.async_accept([this](asio::error_code error, tcp::socket socket) {
            if (!error)
                std::make_shared<connection>(std::move(socket))->read();
            accept();
        });
    }

    void receive()
    {
        socket_.async_receive_from(
            asio::buffer(data_), sender_, [this](asio::error_code error, std::size_t size) {
                if (!error)
                    socket_.send_to(asio::buffer(data_, size), sender_, 0, error);
                receive();
            });
    }

    tcp::acceptor acceptor_;
    udp::socket socket_;
    udp::endpoint sender_;
    std::array<char, 2048> data_{};
};

int main(int argc, char* argv[])
{
    const int port = argc == 2 ? std::atoi(argv[1]) : 0;
    if (port < 1 || port > 65535) {
        std::cerr << "usage: echo_server PORT\n";
        return 2;
    }
    try {
        asio::io_context context;
        const echo_server server(context, static_cast<std::uint16_t>(port));
        context.run();
    } catch (const std::exception& error) {
        std::cerr << "echo_server: " << error.what() << '\n';
        return 1;
    }
}
