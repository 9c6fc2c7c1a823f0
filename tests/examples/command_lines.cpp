// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What the command lines of the examples share.

#include "examples/program.hpp"

namespace command_lines_test {
using namespace examples_test;

/// All that take a port and a gateway, but for newer_asio, which only does with a newer Asio.
std::string each_name()
{
    return GENERATE(as<std::string>{}, "callbacks", "own_thread", "torrent_session", "voip_call",
                    "vpn_port_keeper", "map_port");
}

TEST_CASE("examples: a command line that makes no sense is exit status 2, and nothing is sent")
{
    const std::string name = each_name();
    const auto each = GENERATE(lines{"--port"}, lines{"--port", "0"}, lines{"--port", "65536"},
                               lines{"--port", "80x"}, lines{"--gateway", "1.2.3"},
                               lines{"--gateway", "127.0.0.1:"}, lines{"--gateway", "0.0.0.0"},
                               lines{"--what"}, lines{"6881"});
    CAPTURE(name, each);
    world in;
    lines arguments{"--gateway", program::gateway_of(in)};
    arguments.insert(arguments.end(), each.begin(), each.end());
    program example(in, name, arguments);
    CHECK(example.end() == 2);
    CHECK(example.printed().at(0).starts_with("error: "));
    CHECK(in.wire().empty());
}

TEST_CASE("examples: --help prints the usage")
{
    const std::string name = each_name();
    world in;
    program example(in, name, {"--help"});
    CHECK(example.end() == 0);
    CHECK(example.printed().at(0).starts_with("usage: " + name));
}

} // namespace command_lines_test
