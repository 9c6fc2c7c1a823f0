// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// examples/own_thread.cpp against a gateway on loopback.

#include "examples/program.hpp"

namespace own_thread_test {
using namespace examples_test;

TEST_CASE("own_thread: a port is opened, renewed and closed")
{
    world in;
    auto& settings = in.gateway.model().settings;
    settings.min_lifetime = settings.max_lifetime = 2s;
    program example(in, "own_thread", {"--port", "7001", "--gateway", program::gateway_of(in)});
    REQUIRE(example.prints("renewed 203.0.113.7:7001"));
    CHECK(requests(in) ==
          lines{"delete tcp 7001", "map tcp 7001 7001 7200", "address", "map tcp 7001 7001 7200"});
    example.signal(SIGTERM);
    CHECK(example.end() == 0);
    CHECK(example.printed() == lines{"open: 203.0.113.7:7001", "mapped 203.0.113.7:7001",
                                     "renewed 203.0.113.7:7001", "unmapped 203.0.113.7:7001"});
    CHECK(in.mapped() == 0);
}

TEST_CASE("own_thread: it ends by itself when the gateway refuses")
{
    world in;
    in.faults().refuse_maps = 4;
    program example(in, "own_thread", {"--gateway", program::gateway_of(in)});
    CHECK(example.end() == 1);
    CHECK(example.printed().size() == 1);
    CHECK(example.printed().at(0).starts_with("error: "));
}

TEST_CASE("own_thread: a signal while the port is being opened")
{
    world in;
    in.faults().delay = 300ms;
    program example(in, "own_thread", {"--gateway", program::gateway_of(in)});
    REQUIRE(in.run_until([&] { return requests(in).size() == 2; }));
    CHECK(in.mapped() == 1);
    example.signal(SIGINT);
    CHECK(example.end() == 0);
    CHECK(in.mapped() == 0);
    CHECK(in.wire().back() == "delete tcp 6881");
}

TEST_CASE("own_thread: a delete that is not answered is an error")
{
    world in;
    program example(in, "own_thread", {"--gateway", program::gateway_of(in)});
    REQUIRE(example.prints("mapped 203.0.113.7:6881"));
    in.faults().drop = true;
    example.signal(SIGINT);
    CHECK(example.end() == 1);
}

} // namespace own_thread_test
