// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// ICMP errors other than port unreachable, as a gateway's firewall sends them (firewalld: host
// administratively prohibited, which Linux reports as EHOSTUNREACH). They are no answer.

#include "attack/stepped_world.hpp"

namespace receive_errors_test {
using namespace attack_test;

const map_request patient{.internal_port = 6881, .clean_up = false, .keep_trying = true};

TEST_CASE("receive errors: an ICMP error for each datagram undoes no pause (T-5)")
{
    const int error = GENERATE(EHOSTUNREACH, ENETUNREACH, EACCES, ENOPROTOOPT);
    CAPTURE(error);
    stepped_world in;
    natpmp::client on(in.platform(), in.options());
    in.state.receive_error = error;
    report got;
    on.async_map_port(patient, reporter(got));
    in.run_for(3000s);
    CHECK(got.calls == 0);
    // As for silence: nine transmissions at each attempt, after 30 s, 60 s, 2 min, 4 min, 8 min ...
    CHECK(in.state.rejected.size() == 72);
    CHECK(on.status().gateway.address == localhost);

    in.state.receive_error = 0;
    REQUIRE(in.run_until([&] { return got.calls > 0; }, 10min));
    CHECK(got.succeeded());
}

TEST_CASE("receive errors: an operation fails by silence, not by the system's error (T-3)")
{
    stepped_world in;
    natpmp::client on(in.platform(), in.options());
    in.state.receive_error = EHOSTUNREACH;
    for (int count = 0; count < 3; ++count) {
        report got;
        on.async_map_port(map_request{.internal_port = 6881, .clean_up = false}, reporter(got));
        REQUIRE(in.run_until([&] { return got.calls > 0; }));
        CHECK(got.error == errc::gateway_silent);
        CHECK(got.error == natpmp::condition::unreachable);
        in.run_for(11s); // the gateway's error is kept for 10 s
    }
    CHECK(in.state.rejected.size() == 27);
}

TEST_CASE("receive errors: a socket that only reports errors is given up, and opened again later")
{
    stepped_world in;
    natpmp::client on(in.platform(), in.options());
    report got;
    on.async_map_port(patient, reporter(got));
    REQUIRE(in.run_until([&] { return got.calls > 0; }));
    error_code lost;
    on.set_observer([&](const natpmp::event& happened) {
        if (happened.kind == natpmp::event_kind::gateway_lost)
            lost = happened.error;
    });
    in.state.receive_error = EBADF;
    in.state.unreported = 1'000'000'000;
    in.run_for(1h);
    CHECK(lost.value() == EBADF);
    CHECK(1'000'000'000 - in.state.unreported < 100 * 17); // it does not spin
    in.state.receive_error = in.state.unreported = 0;
    in.run_for(1h);
    CHECK(on.mappings().size() == 1);
}

} // namespace receive_errors_test
