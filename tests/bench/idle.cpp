// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// That a client with a mapping sleeps until the renewal: the kernel says how often its process ran.
// The process is watched from outside, so that watching does not wake it. With --disturbed it has a
// timer of its own, which must be found.

#include "bench/gateway_process.hpp"
#include "bench/measure.hpp"

#include <natpmp/natpmp.hpp>

// clang-format off
#include NATPMP_ASIO_HEADER(steady_timer.hpp)
// clang-format on

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <thread>

namespace {

using namespace bench;
using namespace std::chrono_literals;

[[noreturn]] void give_up(const char* why)
{
    std::fprintf(stderr, "%s\n", why);
    std::exit(2);
}

/// The process that is watched: it keeps a mapping, waits for events as applications do, and writes
/// a byte for each.
class watched
{
public:
    watched(const natpmp::client_options& options, std::chrono::seconds lifetime, int tell)
        : client_(context_, options), tell_(tell)
    {
        const natpmp::map_request request{.internal_port = 6881, .lifetime = lifetime};
        client_.async_map_port(request, [](natpmp::error_code error, natpmp::mapping) {
            if (error)
                give_up("the mapping failed");
        });
        await_event();
    }

    [[noreturn]] void run(bool disturbed)
    {
        if (disturbed)
            tick();
        context_.run();
        ::_exit(2); // it is to be killed
    }

private:
    void await_event()
    {
        client_.async_wait_event([this](natpmp::error_code error, const natpmp::event& news) {
            const auto kind = static_cast<std::uint8_t>(news.kind);
            if (error || ::write(tell_, &kind, 1) != 1)
                give_up("no event");
            await_event();
        });
    }

    void tick()
    {
        timer_.expires_after(500ms);
        timer_.async_wait([this](natpmp::error_code) { tick(); });
    }

    asio::io_context context_{1};
    natpmp::client client_;
    asio::steady_timer timer_{context_};
    int tell_;
};

/// What the kernel counts of a process.
struct counts
{
    std::uint64_t switches = 0; ///< how often its thread went to sleep, or had to stop
    std::uint64_t turns = 0;    ///< how often it got the processor
    unsigned threads = 0;
};

counts counts_of(pid_t process)
{
    const std::string folder = "/proc/" + std::to_string(process);
    counts result;
    std::ifstream status(folder + "/status");
    for (std::string line; std::getline(status, line);) {
        std::istringstream words(line);
        std::string name;
        std::uint64_t value = 0;
        words >> name >> value;
        if (name == "voluntary_ctxt_switches:" || name == "nonvoluntary_ctxt_switches:")
            result.switches += value;
        if (name == "Threads:")
            result.threads = static_cast<unsigned>(value);
    }
    std::ifstream times(folder + "/schedstat");
    std::uint64_t ignored = 0;
    times >> ignored >> ignored >> result.turns;
    if (result.switches == 0 || result.threads == 0)
        give_up("/proc does not tell how often a process runs");
    return result;
}

void await(int events, natpmp::event_kind kind)
{
    std::uint8_t told = 0;
    do {
        if (::read(events, &told, 1) != 1)
            give_up("the client ended");
    } while (told != static_cast<std::uint8_t>(kind));
}

double real_time()
{
    return clock_in_us(CLOCK_REALTIME) / 1e6;
}

} // namespace

int main(int count, char** values)
{
    const settings chosen(count, values);
    const auto lifetime = chosen.limits ? 6s : 24s, quiet = chosen.limits ? 2s : 10s;
    const gateway_process gateway;
    int ends[2];
    if (::pipe(ends) != 0)
        give_up("no pipe");
    const pid_t child = ::fork();
    if (child < 0)
        give_up("no process");
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::close(ends[0]);
        watched(gateway.options(), lifetime, ends[1]).run(chosen.disturbed);
    }
    ::close(ends[1]);
    await(ends[0], natpmp::event_kind::mapped);
    std::this_thread::sleep_for(400ms); // it has told, and goes to sleep

    const double from = real_time();
    const counts before = counts_of(child);
    std::this_thread::sleep_for(quiet);
    const counts after = counts_of(child);
    const double to = real_time();
    await(ends[0], natpmp::event_kind::renewed);
    const counts renewed = counts_of(child);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);

    std::printf("a client with a mapping, nothing due: process %d from %.3f to %.3f\n", child, from,
                to);
    verdicts verdict;
    verdict.at_most("context switches in " + std::to_string(quiet.count()) + " s",
                    static_cast<double>(after.switches - before.switches), 0, "");
    verdict.at_most("turns at the processor", static_cast<double>(after.turns - before.turns), 0,
                    "");
    verdict.at_most("threads", after.threads, 1, "");
    verdict.holds(renewed.switches > after.switches,
                  "the renewal that follows is seen by the same");
    return verdict.exit_code();
}
