// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// How long mappings take over real sockets, against a bare loop of as many round trips to the same
// gateway. The two take turns, so that what else the machine does meets both.

#include "bench/bare_loop.hpp"
#include "bench/gateway_process.hpp"

#include <natpmp/natpmp.hpp>

#include <cstdio>
#include <cstdlib>
#include <optional>

namespace {

using namespace bench;

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

using client = natpmp::basic_client<asio::any_io_executor, noting_platform>;

/// Mappings of one client, each asked for when the one before it is there, or all at once.
class in_a_row
{
public:
    in_a_row(const natpmp::client_options& options, std::size_t mappings, bool clean_up)
        : client_(std::in_place, noting_platform(context_.get_executor()), options),
          left_(mappings),
          clean_up_(clean_up)
    {}

    /// Returns the time from the first datagram to the last mapping, in us.
    double run(bool at_once = false)
    {
        first_sent = 0;
        for (std::size_t start = at_once ? left_ : 1; start > 0; --start)
            map(!at_once);
        context_.run();
        if (left_ > 0 || end_ == 0) {
            std::fputs("a mapping failed\n", stderr);
            std::exit(2);
        }
        return end_ - first_sent;
    }

    [[nodiscard]] std::uint64_t datagrams() const
    {
        return sent_;
    }

private:
    void map(bool goes_on)
    {
        const natpmp::map_request request{.internal_port = next_++, .clean_up = clean_up_};
        client_->async_map_port(request,
                                [this, goes_on](natpmp::error_code error, natpmp::mapping) {
                                    if (error)
                                        return context_.stop();
                                    if (--left_ > 0)
                                        return goes_on ? map(true) : void();
                                    end_ = wall_time();
                                    sent_ = client_->status().sent;
                                    client_.reset(); // which leaves nothing to wait for
                                });
    }

    asio::io_context context_{1};
    std::optional<client> client_;
    std::uint16_t next_ = first_port;
    std::size_t left_;
    bool clean_up_;
    double end_ = 0;
    std::uint64_t sent_ = 0;
};

/// The times of each round, in us, and their ratios to the bare loop's in the same round.
struct comparison
{
    std::vector<double> bare, on_asio, ours, ratio, asio_ratio;
};

/// `rounds` times: the bare loop, the one on Asio, and a client.
comparison compare(const gateway_process& gateway, const requests& all, std::size_t mappings,
                   bool clean_up, bool at_once, int rounds)
{
    bare_loop bare(gateway.endpoint());
    asio_loop on_asio(gateway.endpoint());
    comparison result;
    for (int round = -1; round < rounds; ++round) {
        const double asked = bare.ask(all), asked_on_asio = on_asio.ask(all);
        in_a_row mapper(gateway.options(), mappings, clean_up);
        const double mapped = mapper.run(at_once);
        if (mapper.datagrams() != all.size()) {
            std::fprintf(stderr, "%zu datagrams were expected\n", all.size());
            std::exit(2);
        }
        if (round < 0) // to warm up
            continue;
        result.bare.push_back(asked);
        result.on_asio.push_back(asked_on_asio);
        result.ours.push_back(mapped);
        result.ratio.push_back(mapped / asked);
        result.asio_ratio.push_back(asked_on_asio / asked);
    }
    return result;
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
        "medians of the rounds; ratios are of one round, so that what slows both is left out\n");
    const auto measure = [&](const std::string& name, std::size_t mappings, bool clean_up,
                             bool at_once, int rounds) {
        const auto asked = requests_for(mappings, clean_up);
        const comparison all = compare(gateway, asked, mappings, clean_up, at_once, rounds);
        std::printf("  %s: %zu round trips, %d rounds\n"
                    "    %.1f us; bare loop %.1f us; bare loop on Asio %.1f us, %.2f times\n",
                    name.c_str(), asked.size(), rounds, median(all.ours), median(all.bare),
                    median(all.on_asio), median(all.asio_ratio));
        verdict.at_most(name + ": times the bare loop", median(all.ratio), 1.3, "");
        data.row('"' + name + '"', asked.size(), median(all.bare), median(all.on_asio),
                 median(all.ours), median(all.asio_ratio), median(all.ratio));
        return all;
    };

    const comparison one = measure("1 mapping", 1, true, false, 2'000);
    table spread(chosen, "latency_spread", "share bare_us asio_us ours_us");
    for (int percent = 1; percent < 100; ++percent) {
        const double share = percent / 100.0;
        spread.row(share, quantile(one.bare, share), quantile(one.on_asio, share),
                   quantile(one.ours, share));
    }
    measure("10,000 mappings, one after another", 10'000, false, false, 9);
    measure("10,000 mappings, all at once", 10'000, false, true, 9);
    measure("10,000 mappings, all at once, with clean-up", 10'000, true, true, 5);
    return 0;
}
