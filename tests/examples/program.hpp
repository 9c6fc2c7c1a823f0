// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_EXAMPLES_PROGRAM_HPP
#define NATPMP_TESTS_EXAMPLES_PROGRAM_HPP

#include "api/world.hpp"

#include <asio/ip/tcp.hpp>
#include <asio/ip/udp.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read_until.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace examples_test {

using namespace api_test;

/// A running example. What it prints, on either stream, is read line by line while the world runs.
/// EXAMPLES names the directory of the programs.
class program
{
public:
    program(world& in, const std::string& name, std::vector<std::string> arguments = {})
        : world_(in), output_(in.context)
    {
        const char* const directory = std::getenv("EXAMPLES");
        if (!directory)
            throw std::runtime_error("EXAMPLES does not name the directory of the examples");
        arguments.insert(arguments.begin(), std::string(directory) + '/' + name);
        const auto [input, type] = pipe();
        const auto [listen, output] = pipe();
        input_ = type;
        output_.assign(listen);
        start(arguments, input, output);
        ::close(input);
        ::close(output);
        read();
    }

    program(const program&) = delete;
    program& operator=(const program&) = delete;

    ~program()
    {
        if (child_ > 0) {
            ::kill(child_, SIGKILL);
            ::waitpid(child_, nullptr, 0);
        }
        ::close(input_);
        output_.close();
        world_.settle(); // the reading ends before this does
    }

    /// The argument that leads to the world's gateway.
    static std::string gateway_of(const world& in)
    {
        return "127.0.0.1:" + std::to_string(in.gateway.endpoint().port());
    }

    [[nodiscard]] const lines& printed() const
    {
        return printed_;
    }

    /// How often it has printed this line.
    [[nodiscard]] std::ptrdiff_t count(const std::string& line) const
    {
        return std::count(printed_.begin(), printed_.end(), line);
    }

    /// Runs the world until the line has been printed so many times in all.
    bool prints(const std::string& line, std::ptrdiff_t times = 1)
    {
        return world_.run_until([&] { return count(line) >= times || ended_; }) &&
               count(line) >= times;
    }

    void signal(int number) const
    {
        ::kill(child_, number);
    }

    /// Writes to its standard input.
    void types(const std::string& text) const
    {
        if (::write(input_, text.data(), text.size()) < 0)
            throw std::system_error(errno, std::generic_category(), "write");
    }

    /// Runs the world until the program has ended and all that it printed is read; its exit status,
    /// or -1 if a signal ended it.
    int end()
    {
        if (!world_.run_until([&] { return ended_; }))
            throw std::runtime_error("the program does not end");
        return exit_status();
    }

    /// Runs the world until the program has ended, though what it started goes on.
    int end_before_its_children()
    {
        siginfo_t found{};
        for (int tries = 0; tries < 500 && found.si_pid == 0; ++tries) {
            world_.run_for(10ms);
            ::waitid(P_PID, static_cast<id_t>(child_), &found, WEXITED | WNOHANG | WNOWAIT);
        }
        if (found.si_pid == 0 || ended_)
            throw std::runtime_error("the program does not end before its children");
        return exit_status();
    }

private:
    /// The end to read from, and the end to write to.
    static std::pair<int, int> pipe()
    {
        int ends[2];
        if (::pipe(ends) != 0)
            throw std::system_error(errno, std::generic_category(), "pipe");
        for (const int end : ends)
            ::fcntl(end, F_SETFD, FD_CLOEXEC);
        return {ends[0], ends[1]};
    }

    int exit_status()
    {
        int status = 0;
        ::waitpid(child_, &status, 0);
        child_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    void start(std::vector<std::string>& words, int input, int output)
    {
        std::vector<char*> pointers;
        for (std::string& word : words)
            pointers.push_back(word.data());
        pointers.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
        const int error =
            ::posix_spawn(&child_, pointers[0], &actions, nullptr, pointers.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        if (error != 0)
            throw std::system_error(error, std::generic_category(), pointers[0]);
    }

    void read()
    {
        asio::async_read_until(output_, asio::dynamic_buffer(text_), '\n',
                               [this](const asio::error_code& error, std::size_t size) {
                                   if (error) { // the end of it
                                       ended_ = true;
                                       return;
                                   }
                                   printed_.push_back(text_.substr(0, size - 1));
                                   text_.erase(0, size);
                                   read();
                               });
    }

    world& world_;
    asio::posix::stream_descriptor output_;
    std::string text_;
    lines printed_;
    int input_ = -1;
    pid_t child_ = 0;
    bool ended_ = false;
};

/// What reached the gateway, a line for all transmissions of a request: on a busy machine a process
/// may be late, and a request is sent again.
inline lines requests(world& in)
{
    lines result = in.wire();
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
}

/// A port that is free for TCP and for UDP, and so is the next one for UDP.
inline std::uint16_t free_port(world& in)
{
    using asio::ip::tcp;
    using asio::ip::udp;
    for (std::uint16_t port = 20000; port < 32000; port = static_cast<std::uint16_t>(port + 2)) {
        try {
            const tcp::acceptor acceptor(in.context, {tcp::v4(), port}, false);
            const udp::socket first(in.context, {udp::v4(), port});
            const udp::socket second(in.context, {udp::v4(), static_cast<std::uint16_t>(port + 1)});
            return port;
        } catch (const std::system_error&) {
            continue; // another program has one of them
        }
    }
    throw std::runtime_error("no port is free");
}

} // namespace examples_test

#endif // NATPMP_TESTS_EXAMPLES_PROGRAM_HPP
