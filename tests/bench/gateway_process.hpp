// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A gateway in a process of its own: a client and a bare loop can ask the same one, and its work is
// in nobody's figures.

#ifndef NATPMP_TESTS_BENCH_GATEWAY_PROCESS_HPP
#define NATPMP_TESTS_BENCH_GATEWAY_PROCESS_HPP

#include <natpmp/options.hpp>
#include <natpmp/testing/fake_gateway.hpp>

#include "support/asio.hpp"

#include <csignal>
#include <cstdint>
#include <system_error>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

class gateway_process
{
public:
    /// Starts it on a port of loopback, any free one by default. Threads must not run yet.
    explicit gateway_process(std::uint16_t port = 0)
    {
        int ends[2];
        if (::pipe(ends) != 0)
            fail();
        child_ = ::fork();
        if (child_ < 0)
            fail();
        if (child_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::close(ends[0]);
            serve(port, ends[1]);
            ::_exit(0);
        }
        ::close(ends[1]);
        const auto size = ::read(ends[0], &port_, sizeof port_);
        ::close(ends[0]);
        if (size != sizeof port_)
            fail();
    }

    gateway_process(const gateway_process&) = delete;
    gateway_process& operator=(const gateway_process&) = delete;

    ~gateway_process()
    {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
    }

    [[nodiscard]] asio::ip::udp::endpoint endpoint() const
    {
        return {asio::ip::address_v4::loopback(), port_};
    }

    /// For a client at this gateway. Announcements are heard on a port of its own.
    [[nodiscard]] natpmp::client_options options() const
    {
        natpmp::client_options result;
        result.gateway = result.local_address = asio::ip::address_v4::loopback();
        result.gateway_port = result.announcement_port = port_;
        return result;
    }

private:
    static void serve(std::uint16_t wanted, int tell)
    {
        asio::io_context context(1);
        natpmp::testing::fake_gateway gateway(context.get_executor(), wanted);
        gateway.model().settings.capacity = 200'000;
        gateway.model().settings.recorded_requests = 0;
        const std::uint16_t port = gateway.endpoint().port();
        if (::write(tell, &port, sizeof port) == sizeof port)
            context.run();
    }

    [[noreturn]] static void fail()
    {
        throw std::system_error(errno, std::generic_category(),
                                "a gateway in a process of its own");
    }

    pid_t child_ = -1;
    std::uint16_t port_ = 0;
};

} // namespace bench

#endif // NATPMP_TESTS_BENCH_GATEWAY_PROCESS_HPP
