// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The system refuses to send, as a packet filter (EPERM), a full queue (ENOBUFS) or a missing route
// makes it do. That is as good as a lost datagram: the schedule of section 3.1 goes on.

#include "attack/stepped_world.hpp"

#include <algorithm>

namespace send_errors_test {
using namespace attack_test;

/// When the system refused, in milliseconds since the first time.
std::vector<std::int64_t> refusals(const stepped_world& in)
{
    std::vector<std::int64_t> result;
    for (const time_point when : in.state.refused)
        result.push_back((when - in.state.refused.front()) / 1ms);
    return result;
}

using times = std::vector<std::int64_t>;

const map_request without_clean_up{.internal_port = 6881, .clean_up = false};

TEST_CASE("send errors: the schedule goes on, and the first datagram that goes out is answered")
{
    const int error = GENERATE(EPERM, ENOBUFS, ENETUNREACH, EHOSTUNREACH, ENETDOWN, EAGAIN, ENOMEM);
    CAPTURE(error);
    stepped_world in;
    natpmp::client on(in.platform(), in.options());
    in.state.send_error = error;
    report got;
    on.async_map_port(without_clean_up, reporter(got));
    in.run_for(3s);
    CHECK(got.calls == 0);
    CHECK(refusals(in) == times{0, 250, 750, 1750});
    CHECK(in.wire().empty());
    CHECK(on.status().sent == 0);
    CHECK(on.status().not_sent == 4);
    CHECK(on.status().retransmitted == 0);
    CHECK(on.status().last_error.value() == error);

    in.state.send_error = 0;
    const time_point start = in.state.refused.front();
    REQUIRE(in.run_until([&] { return got.calls > 0; }));
    CHECK(got.succeeded());
    CHECK(in.wire() == lines{"map tcp 6881 6881 7200", "address"});
    CHECK(in.gateway.model.requests.front().when - start == 3750ms);
}

TEST_CASE("send errors: nine transmissions, then the operation fails, and the next one works")
{
    stepped_world in;
    natpmp::client on(in.platform(), in.options());
    in.state.send_error = EPERM;
    report got;
    on.async_map_port(without_clean_up, reporter(got));
    REQUIRE(in.run_until([&] { return got.calls > 0; }));
    CHECK(got.error == errc::gateway_silent);
    CHECK(refusals(in) == times{0, 250, 750, 1750, 3750, 7750, 15750, 31750, 63750});
    CHECK(in.state.now - in.state.refused.front() == 127750ms);

    in.state.send_error = 0;
    in.run_for(10s); // the error of the gateway is kept so long
    report again;
    on.async_map_port(without_clean_up, reporter(again));
    REQUIRE(in.run_until([&] { return again.calls > 0; }));
    CHECK(again.succeeded());
}

TEST_CASE("send errors: a renewal that cannot be sent is tried until the lease ends, and after it")
{
    stepped_world in;
    natpmp::client on(in.platform(), in.options());
    std::vector<event_kind> news;
    on.set_observer([&](const natpmp::event& each) { news.push_back(each.kind); });
    on.async_map_port(without_clean_up, ignore{});
    in.run_for(1s);
    REQUIRE(on.mappings().size() == 1);

    in.gateway.model.requests.clear();
    in.state.send_error = ENOBUFS;
    const bool for_long = GENERATE(false, true);
    in.run_for(for_long ? 3h : 1h + 30min);
    CHECK(in.wire().empty());
    CHECK(on.mappings().size() == (for_long ? 0 : 1));
    REQUIRE(in.state.refused.size() > 9);
    const times all = refusals(in), first(all.begin(), all.begin() + 9);
    CHECK(first == times{0, 250, 750, 1750, 3750, 7750, 15750, 31750, 63750});

    in.state.send_error = 0;
    in.run_for(30min);
    CHECK(on.mappings().size() == 1);
    const lines asked = in.wire();
    CHECK(std::count(asked.begin(), asked.end(), "map tcp 6881 6881 7200") == 1);
    using enum event_kind;
    CHECK(news == (for_long ? std::vector{mapped, no_response, renewal_failing, lost, restored}
                            : std::vector{mapped, no_response, renewal_failing, renewed}));
}

TEST_CASE("send errors: deletes at shutdown are tried in all rounds, and the failure is told")
{
    stepped_world in;
    natpmp::client on(in.platform(), in.options());
    on.async_map_port(without_clean_up, ignore{});
    in.run_for(1s);
    in.state.send_error = EPERM;
    report left;
    on.async_shutdown(5s, reporter(left));
    REQUIRE(in.run_until([&] { return left.calls > 0; }));
    CHECK(left.error == errc::shutdown_incomplete);
    CHECK(refusals(in) == times{0, 250, 750});
    in.settle();
    CHECK(in.context.stopped());
}

TEST_CASE("send errors: ICMP to an earlier request does not answer the next (T-5)")
{
    stepped_world in;
    natpmp::client on(in.platform(), in.options());
    in.state.late_refusals = 1;
    report got;
    on.async_map_port(without_clean_up, reporter(got));
    in.settle();
    CHECK(got.succeeded());
    CHECK(in.times() == times{0, 0}); // the map and the address request, at once
}

TEST_CASE("send errors: ICMP to a request, told at its next datagram, answers it (T-5)")
{
    stepped_world in;
    natpmp::client on(in.platform(), in.options());
    in.gateway.model.faults.drop = true;
    report got;
    on.async_map_port(without_clean_up, reporter(got));
    in.run_for(100ms);
    in.state.late_refusals = 1;
    in.run_for(150ms);
    CHECK(got.error == errc::not_supported);
    CHECK(in.times() == times{0}); // it is not sent again
}

} // namespace send_errors_test
