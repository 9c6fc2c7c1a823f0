// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// examples/callbacks.cpp against a gateway on loopback, and what all command lines share.

#include "examples/program.hpp"

namespace callbacks_test {
using namespace examples_test;

TEST_CASE("callbacks: a port is opened, renewed and closed")
{
    world in;
    auto& settings = in.gateway.model().settings;
    settings.min_lifetime = settings.max_lifetime = 2s;
    program example(in, "callbacks", {"--port", "7001", "--gateway", program::gateway_of(in)});
    REQUIRE(example.prints("renewed 203.0.113.7:7001"));
    CHECK(requests(in) ==
          lines{"delete tcp 7001", "map tcp 7001 7001 7200", "address", "map tcp 7001 7001 7200"});
    example.signal(SIGTERM);
    CHECK(example.end() == 0);
    CHECK(example.printed() == lines{"mapped 203.0.113.7:7001", "renewed 203.0.113.7:7001",
                                     "unmapped 203.0.113.7:7001"});
    CHECK(in.mapped() == 0);
}

TEST_CASE("callbacks: it ends by itself when the gateway refuses")
{
    world in;
    in.faults().refuse_maps = 4;
    program example(in, "callbacks", {"--gateway", program::gateway_of(in)});
    CHECK(example.end() == 1);
    CHECK(example.printed().size() == 1);
    CHECK(example.printed().at(0).starts_with("the port could not be opened: "));
}

TEST_CASE("callbacks: a signal while the port is being opened")
{
    world in;
    in.faults().delay = 300ms;
    program example(in, "callbacks", {"--gateway", program::gateway_of(in)});
    REQUIRE(in.run_until([&] { return requests(in).size() == 2; }));
    CHECK(in.mapped() == 1);
    example.signal(SIGINT);
    CHECK(example.end() == 0);
    CHECK(in.mapped() == 0);
    CHECK(in.wire().back() == "delete tcp 6881");
}

TEST_CASE("examples: a command line that makes no sense is exit status 2, and nothing is sent")
{
    const auto each = GENERATE(lines{"--port"}, lines{"--port", "0"}, lines{"--port", "65536"},
                               lines{"--port", "80x"}, lines{"--gateway", "1.2.3"},
                               lines{"--gateway", "127.0.0.1:"}, lines{"--gateway", "0.0.0.0"},
                               lines{"--what"}, lines{"6881"});
    world in;
    lines arguments{"--gateway", program::gateway_of(in)};
    arguments.insert(arguments.end(), each.begin(), each.end());
    for (const char* name :
         {"callbacks", "own_thread", "torrent_session", "voip_call", "vpn_port_keeper"}) {
        program example(in, name, arguments);
        CHECK(example.end() == 2);
        CHECK(example.printed().at(0).starts_with("error: "));
    }
    CHECK(in.wire().empty());
}

TEST_CASE("examples: --help prints the usage")
{
    world in;
    for (const std::string name : {"callbacks", "own_thread", "torrent_session", "voip_call",
                                   "vpn_port_keeper", "map_port"}) {
        program example(in, name, {"--help"});
        CHECK(example.end() == 0);
        CHECK(example.printed().at(0).starts_with("usage: " + name));
    }
}

} // namespace callbacks_test
