// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// How long mappings take over real sockets, against a bare loop of as many round trips to the same
// gateway. The two take turns, so that what else the machine does meets both.

#include "bench/bare_loop.hpp"
#include "bench/gateway_process.hpp"

#include <natpmp/natpmp.hpp>

#include <cstdio>
#include <cstdlib>

namespace {

using namespace bench;

[[noreturn]] void give_up(const char* why)
{
    std::fprintf(stderr, "%s\n", why);
    std::exit(2);
}

/// When the last client sent its first datagram, in us; 0: not yet.
double first_sent = 0;

/// A request socket that notes when it first sends.
template <class Executor>
class noting_socket : public natpmp::detail::request_socket<Executor>
{
public:
    using natpmp::detail::request_socket<Executor>::request_socket;

    natpmp::error_code send(natpmp::detail::bytes_view bytes)
    {
        if (first_sent == 0)
            first_sent = wall_time();
        return natpmp::detail::request_socket<Executor>::send(bytes);
    }
};

/// The real world, with that socket.
class noting_platform : public natpmp::asio_platform<asio::any_io_executor>
{
public:
    using asio_platform::asio_platform;
    using request_socket_type = noting_socket<asio::any_io_executor>;
};

using natpmp::client;

/// What is asked for: mappings of one client, in parts between which the others have their turn.
struct job
{
    const char* name;
    std::size_t parts, mappings; ///< mappings: of each part
    bool at_once, clean_up;
    int rounds;

    [[nodiscard]] std::uint16_t first_port(std::size_t part) const
    {
        return static_cast<std::uint16_t>(20'000 + part * mappings);
    }
};

/// A client at a job.
class mapper
{
public:
    mapper(const natpmp::client_options& options, const job& what)
        : client_(noting_platform(context_.get_executor()), options),
          what_(what),
          next_(what.first_port(0))
    {}

    /// Does the next part; returns the time from its first datagram to its last mapping, in us.
    double run()
    {
        first_sent = 0;
        left_ = what_.mappings;
        for (std::size_t start = what_.at_once ? left_ : 1; start > 0; --start)
            map();
        context_.restart();
        context_.run();
        if (left_ > 0)
            give_up("a mapping failed");
        return end_ - first_sent;
    }

    [[nodiscard]] std::uint64_t datagrams() const
    {
        return client_.status().sent;
    }

private:
    void map()
    {
        const natpmp::map_request request{.internal_port = next_++, .clean_up = what_.clean_up};
        client_.async_map_port(request, [this](natpmp::error_code error, natpmp::mapping) {
            if (!error && --left_ > 0)
                return what_.at_once ? void() : map();
            end_ = wall_time();
            context_.stop();
        });
    }

    asio::io_context context_{1};
    client client_;
    const job& what_;
    std::uint16_t next_;
    std::size_t left_ = 0;
    double end_ = 0;
};

/// Times of whole rounds, in us, and the ratios of their parts to the bare loop's same part.
struct comparison
{
    std::vector<double> bare, on_asio, ours, asio_ratio, ratio;
    std::size_t round_trips = 0; ///< of a round
};

/// One client: part by part the bare loop, the one on Asio, and then it.
comparison compare_once(const gateway_process& gateway, const job& what)
{
    bare_loop bare(gateway.endpoint());
    asio_loop on_asio(gateway.endpoint());
    mapper ours(gateway.options(), what);
    comparison result{{0}, {0}, {0}, {}, {}};
    for (std::size_t part = 0; part < what.parts; ++part) {
        const auto asked =
            requests_for(what.first_port(part), what.mappings, what.clean_up, part == 0);
        const double by_bare = bare.ask(asked), by_asio = on_asio.ask(asked), by_us = ours.run();
        result.bare[0] += by_bare;
        result.on_asio[0] += by_asio;
        result.ours[0] += by_us;
        result.asio_ratio.push_back(by_asio / by_bare);
        result.ratio.push_back(by_us / by_bare);
        result.round_trips += asked.size();
    }
    if (ours.datagrams() != result.round_trips)
        give_up("the client did not send what was expected");
    return result;
}

comparison compare(const gateway_process& gateway, const job& what)
{
    compare_once(gateway, what); // to warm up
    comparison all;
    for (int round = 0; round < what.rounds; ++round) {
        const comparison once = compare_once(gateway, what);
        for (const auto list : {&comparison::bare, &comparison::on_asio, &comparison::ours,
                                &comparison::asio_ratio, &comparison::ratio})
            (all.*list).insert((all.*list).end(), (once.*list).begin(), (once.*list).end());
        all.round_trips = once.round_trips;
    }
    return all;
}

} // namespace

int main(int count, char** values)
{
    const settings chosen(count, values);
    const gateway_process gateway;
    verdicts verdict;
    table data(chosen, "latency", "what round_trips bare_us asio_us ours_us asio_ratio ratio");
    std::printf(
        "time from the first datagram to mapped, against as many round trips of a bare loop\n"
        "medians of the rounds; ratios are those of parts of a round, which took turns\n");
    const auto measure = [&](const job& what) {
        const comparison all = compare(gateway, what);
        std::printf("  %s: %zu round trips, %d rounds of %zu parts\n"
                    "    %.1f us; bare loop %.1f us; bare loop on Asio %.1f us, %.2f times\n",
                    what.name, all.round_trips, what.rounds, what.parts, median(all.ours),
                    median(all.bare), median(all.on_asio), median(all.asio_ratio));
        verdict.at_most(std::string(what.name) + ": times the bare loop", median(all.ratio), 1.3,
                        "");
        data.row('"' + std::string(what.name) + '"', all.round_trips, median(all.bare),
                 median(all.on_asio), median(all.ours), median(all.asio_ratio), median(all.ratio));
        return all;
    };

    const comparison one = measure({"1 mapping", 1, 1, false, true, 3'000});
    table spread(chosen, "latency_spread", "share bare_us asio_us ours_us");
    for (int percent = 1; percent < 100; ++percent) {
        const double share = percent / 100.0;
        spread.row(share, quantile(one.bare, share), quantile(one.on_asio, share),
                   quantile(one.ours, share));
    }
    measure({"10,000 mappings, one after another", 20, 500, false, false, 5});
    measure({"10,000 mappings, all at once", 20, 500, true, false, 5});
    measure({"10,000 mappings, all at once, with clean-up", 20, 500, true, true, 3});
    return 0;
}
