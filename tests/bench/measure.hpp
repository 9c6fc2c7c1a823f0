// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Clocks, medians, and limits with their verdict.

#ifndef NATPMP_TESTS_BENCH_MEASURE_HPP
#define NATPMP_TESTS_BENCH_MEASURE_HPP

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <malloc.h>
#include <time.h>

namespace bench {

inline double clock_in_us(clockid_t which) noexcept
{
    timespec value{};
    ::clock_gettime(which, &value);
    return static_cast<double>(value.tv_sec) * 1e6 + static_cast<double>(value.tv_nsec) / 1e3;
}

/// Processor time of this thread, in microseconds.
inline double cpu_time() noexcept
{
    return clock_in_us(CLOCK_THREAD_CPUTIME_ID);
}

/// In microseconds.
inline double wall_time() noexcept
{
    return clock_in_us(CLOCK_MONOTONIC);
}

/// Has malloc keep what it got from the system: the first use of a page costs more than the rest.
inline void keep_freed_memory() noexcept
{
    ::mallopt(M_MMAP_MAX, 0);
    ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

/// The value below which `share` of the values are.
inline double quantile(std::vector<double> values, double share)
{
    std::sort(values.begin(), values.end());
    const double place = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const auto above = std::min(below + 1, values.size() - 1);
    return values[below] + (values[above] - values[below]) * (place - static_cast<double>(below));
}

inline double median(const std::vector<double>& values)
{
    return quantile(values, 0.5);
}

/// What a program was asked for.
struct settings
{
    bool limits = false;    ///< the deterministic limits only, quickly
    bool disturbed = false; ///< with something that must be found
    std::string folder;     ///< for data files; none: there are to be none

    settings(int count, char** values)
    {
        for (int at = 1; at < count; ++at) {
            const std::string_view option = values[at];
            if (option == "--limits")
                limits = true;
            else if (option == "--disturbed")
                disturbed = true;
            else if (option == "--data" && at + 1 < count)
                folder = values[++at];
            else
                throw std::invalid_argument("unknown option " + std::string(option));
        }
    }
};

/// A file of tab-separated columns, if there is a folder for it.
class table
{
public:
    table(const settings& chosen, const std::string& name, std::string_view head)
    {
        if (chosen.folder.empty())
            return;
        file_.open(chosen.folder + '/' + name + ".tsv");
        file_ << "# " << head << '\n';
    }

    template <class... Values>
    void row(const Values&... values)
    {
        if (!file_.is_open())
            return;
        const char* separator = "";
        ((file_ << separator << values, separator = "\t"), ...);
        file_ << '\n';
    }

private:
    std::ofstream file_;
};

/// Prints limits with PASS or MISS, and remembers whether one was missed.
class verdicts
{
public:
    void at_most(const std::string& what, double value, double limit, const char* unit)
    {
        print(value <= limit, what, value, limit, unit);
    }

    void holds(bool kept, const char* what)
    {
        missed_ = missed_ || !kept;
        std::printf("%s  %s\n", kept ? "PASS" : "MISS", what);
    }

    [[nodiscard]] int exit_code() const noexcept
    {
        return missed_ ? 1 : 0;
    }

private:
    void print(bool kept, const std::string& what, double value, double limit, const char* unit)
    {
        missed_ = missed_ || !kept;
        std::printf("%s  %s: %.4g%s%s, limit %.4g\n", kept ? "PASS" : "MISS", what.c_str(), value,
                    *unit ? " " : "", unit, limit);
    }

    bool missed_ = false;
};

} // namespace bench

#endif // NATPMP_TESTS_BENCH_MEASURE_HPP
