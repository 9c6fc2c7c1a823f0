// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The least that a program can do at the same gateway: on a connected UDP socket, one request sent,
// one answer read. Once with a socket that blocks; once on Asio, which is what a client has to pay.

#ifndef NATPMP_TESTS_BENCH_BARE_LOOP_HPP
#define NATPMP_TESTS_BENCH_BARE_LOOP_HPP

#include "bench/measure.hpp"

#include <natpmp/detail/core/wire.hpp>

#include "support/asio.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include <sys/socket.h>

namespace bench {

using requests = std::vector<natpmp::detail::packet>;

class bare_loop
{
public:
    explicit bare_loop(const asio::ip::udp::endpoint& gateway) : socket_(context_)
    {
        socket_.open(asio::ip::udp::v4());
        socket_.bind({asio::ip::address_v4::loopback(), 0});
        socket_.connect(gateway);
    }

    /// Sends each request and reads its answer; returns the time for all, in us.
    double ask(const requests& all)
    {
        const int socket = socket_.native_handle(); // of Asio's only until here
        const double before = wall_time();
        for (const auto& each : all) {
            std::array<std::uint8_t, 1100> answer;
            if (::send(socket, each.data.data(), each.size, 0) < 0 ||
                ::recv(socket, answer.data(), answer.size(), 0) < 12) {
                std::perror("the bare loop");
                std::exit(2);
            }
        }
        return wall_time() - before;
    }

private:
    asio::io_context context_;
    asio::ip::udp::socket socket_;
};

class asio_loop
{
public:
    explicit asio_loop(const asio::ip::udp::endpoint& gateway) : socket_(context_)
    {
        socket_.open(asio::ip::udp::v4());
        socket_.non_blocking(true);
        socket_.connect(gateway);
    }

    /// Sends each request and reads its answer; returns the time for all, in us.
    double ask(const requests& all)
    {
        const double before = wall_time();
        send(all, 0);
        context_.restart();
        context_.run();
        return wall_time() - before;
    }

private:
    void send(const requests& all, std::size_t which)
    {
        if (which == all.size())
            return;
        socket_.send(asio::buffer(all[which].data.data(), all[which].size));
        socket_.async_receive(
            asio::buffer(answer_), [this, &all, which](natpmp::error_code error, std::size_t size) {
                if (error || size < 12) {
                    std::fprintf(stderr, "the loop on Asio: %s\n", error.message().c_str());
                    std::exit(2);
                }
                send(all, which + 1);
            });
    }

    asio::io_context context_{1};
    asio::ip::udp::socket socket_;
    std::array<std::uint8_t, 1100> answer_{};
};

/// What a client sends for mappings in a row from this port on. It asks for the address once.
inline requests requests_for(std::uint16_t first_port, std::size_t mappings, bool clean_up,
                             bool address)
{
    requests result;
    for (std::size_t which = 0; which < mappings; ++which) {
        const auto port = static_cast<std::uint16_t>(first_port + which);
        if (clean_up)
            result.push_back(natpmp::detail::encode_map_request(natpmp::protocol::tcp, port, 0, 0));
        result.push_back(
            natpmp::detail::encode_map_request(natpmp::protocol::tcp, port, port, 7200));
        if (std::exchange(address, false))
            result.push_back(natpmp::detail::encode_address_request());
    }
    return result;
}

} // namespace bench

#endif // NATPMP_TESTS_BENCH_BARE_LOOP_HPP
