// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// An application that blocks its loop, step by step as the command line says. Callbacks, because
// Asio 1.22 has no coroutines with Clang.

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <natpmp/natpmp.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace {

constexpr std::string_view usage =
    R"(usage: blocking_client [--gateway ADDRESS[:PORT]] [--local ADDRESS] STEP...

  map PORT    ask for a TCP mapping; what comes of it is printed: granted PORT, or failed PORT: why
  sent N      run the loop until N datagrams have been sent, by the client's own count
  run MS      run the loop for so many milliseconds
  block MS    do something else meanwhile
  status      print the client's counters

At the end it is gone without a word: what the gateway has stays there.
)";

class program
{
public:
    explicit program(const natpmp::client_options& options) : client_(context_, options)
    {
        client_.set_observer([](const auto& item) { print(item); });
    }

    void do_step(const std::string& step, const std::string& value)
    {
        const auto number = std::stoul(value);
        const std::chrono::milliseconds time(number);
        if (step == "map")
            map(static_cast<std::uint16_t>(number));
        else if (step == "sent")
            run_until_sent(number);
        else if (step == "run")
            run_until(std::chrono::steady_clock::now() + time);
        else if (step == "block")
            std::this_thread::sleep_for(time);
        else
            throw std::invalid_argument("unknown step " + step);
    }

    void print_status() const
    {
        const natpmp::status status = client_.status();
        std::cout << "status: sent " << status.sent << ", retransmitted " << status.retransmitted
                  << ", received " << status.received << ", resets " << status.resets << ", up "
                  << status.up << std::endl;
    }

private:
    static void print(const natpmp::event& news)
    {
        std::cout << "event " << to_string(news.kind) << ' ' << news.mapping.internal_port
                  << std::endl;
    }

    static void print(const natpmp::datagram&)
    {}

    void map(std::uint16_t port)
    {
        client_.async_map_port(
            natpmp::protocol::tcp, port,
            [port](const natpmp::error_code& error, const natpmp::mapping& mapping) {
                if (error)
                    std::cout << "failed " << port << ": " << error.message() << std::endl;
                else
                    std::cout << "granted " << port << " at " << mapping.external_port << std::endl;
            });
    }

    void run_until(std::chrono::steady_clock::time_point end)
    {
        context_.restart();
        context_.run_until(end);
    }

    void run_until_sent(std::uint64_t least)
    {
        context_.restart();
        while (client_.status().sent < least && context_.run_one() > 0) {
        }
    }

    asio::io_context context_;
    natpmp::client client_;
};

void set_gateway(natpmp::client_options& options, const std::string& text)
{
    const auto colon = text.find(':');
    options.gateway = asio::ip::make_address_v4(text.substr(0, colon));
    if (colon != std::string::npos)
        options.gateway_port = std::stoi(text.substr(colon + 1));
}

} // namespace

int main(int count, char* values[])
{
    natpmp::client_options options;
    int at = 1;
    try {
        for (; at + 1 < count && std::string_view(values[at]).starts_with("--"); at += 2)
            if (std::string_view(values[at]) == "--gateway")
                set_gateway(options, values[at + 1]);
            else if (std::string_view(values[at]) == "--local")
                options.local_address = asio::ip::make_address_v4(values[at + 1]);
            else
                throw std::invalid_argument(values[at]);
        if (at >= count)
            throw std::invalid_argument("no step given");
        program steps(options);
        while (at < count) {
            const std::string step = values[at++];
            if (step == "status")
                steps.print_status();
            else if (at < count)
                steps.do_step(step, values[at++]);
            else
                throw std::invalid_argument(step + " needs a value");
        }
    } catch (const std::exception& error) {
        std::cerr << "error: " << error.what() << "\n\n" << usage;
        return 2;
    }
}
