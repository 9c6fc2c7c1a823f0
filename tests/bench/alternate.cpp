// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// alternate ROUNDS NAME COMMAND NAME COMMAND ...: runs the commands in turn, and prints for each
// the medians of its wall time and its processor time. A command is split at blanks.

#include "bench/gateway_process.hpp"
#include "bench/measure.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <sstream>

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

struct contender
{
    std::string name;
    std::vector<std::string> words;
    std::vector<double> wall, cpu; // ms
};

[[noreturn]] void give_up(const contender& which, const char* why)
{
    std::fprintf(stderr, "%s: %s\n", which.name.c_str(), why);
    std::exit(2);
}

/// Without the program's output.
void run(contender& which, bool counts)
{
    std::vector<char*> arguments;
    for (std::string& word : which.words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t quiet;
    ::posix_spawn_file_actions_init(&quiet);
    ::posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);

    const double began = bench::wall_time();
    pid_t child = 0;
    const int error =
        ::posix_spawnp(&child, arguments[0], &quiet, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&quiet);
    if (error != 0)
        give_up(which, std::strerror(error));
    int status = 0;
    rusage used{};
    while (::wait4(child, &status, 0, &used) < 0)
        if (errno != EINTR)
            give_up(which, "it is not there");
    const double wall = bench::wall_time() - began;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        give_up(which, "it failed");
    if (!counts)
        return;
    const auto in_ms = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
    };
    which.wall.push_back(wall / 1e3);
    which.cpu.push_back(in_ms(used.ru_utime) + in_ms(used.ru_stime));
}

} // namespace

int main(int count, char** values)
{
    if (count < 6 || count % 2 != 0) {
        std::fputs("usage: alternate GATEWAY ROUNDS SECONDS NAME COMMAND...\n", stderr);
        return 2;
    }
    std::optional<bench::gateway_process> gateway;
    if (values[1] != std::string("none"))
        gateway.emplace(static_cast<std::uint16_t>(std::atoi(values[1])));
    const int rounds = std::atoi(values[2]);
    const double end = bench::wall_time() + std::atof(values[3]) * 1e6;
    std::vector<contender> all;
    for (int at = 4; at < count; at += 2) {
        contender& each = all.emplace_back();
        each.name = values[at];
        std::istringstream words{std::string(values[at + 1])};
        for (std::string word; words >> word;)
            each.words.push_back(word);
    }
    for (int round = -1; round < rounds && (round < 3 || bench::wall_time() < end); ++round)
        for (contender& each : all)
            run(each, round >= 0); // the first round is not counted
    for (const contender& each : all)
        std::printf("%s\t%.2f\t%.2f\t%zu\n", each.name.c_str(), bench::median(each.wall),
                    bench::median(each.cpu), each.wall.size());
}
