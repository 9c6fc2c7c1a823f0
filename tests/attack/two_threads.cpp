// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Two threads in one client: a debug build says so, and ends.

#include "api/operations.hpp"

#include <string>
#include <thread>

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace two_threads_test {
using namespace api_test;

/// While the observer runs, which is within the client, another thread asks for the status.
void use_by_two_threads()
{
    asio::io_context context;
    client on(context,
              client_options{.gateway = asio::ip::address_v4::loopback(), .announcements = false});
    on.set_observer(
        [&](const auto&) { std::thread([&] { static_cast<void>(on.status()); }).join(); });
    on.async_map_port(protocol::tcp, 6881, ignore{});
    context.run();
}

TEST_CASE("threads: a debug build says in words that two of them use a client")
{
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(ends[1], STDERR_FILENO);
        std::signal(SIGABRT, SIG_DFL); // not Catch2's
        use_by_two_threads();
        ::_exit(0);
    }
    ::close(ends[1]);
    std::string said;
    char piece[256];
    for (ssize_t size; (size = ::read(ends[0], piece, sizeof piece)) > 0;)
        said.append(piece, static_cast<std::size_t>(size));
    ::close(ends[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
    CHECK(said == "natpmp::client is used by two threads at a time; give it a strand (see "
                  "docs/threads.md)\n");
}

} // namespace two_threads_test
