// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The examples that keep one TCP port open until a signal comes, against a gateway on loopback.

#include "examples/program.hpp"

#include <algorithm>

namespace one_port_test {
using namespace examples_test;

/// What differs between them.
struct one_port
{
    const char* name;
    lines first;         ///< printed before the events
    const char* failure; ///< what the line of a failure starts with
};

one_port each_example()
{
    return GENERATE(one_port{"callbacks", {}, "the port could not be opened: "},
                    one_port{"own_thread", {"open: 203.0.113.7:7001"}, "error: "});
}

TEST_CASE("examples with one port: it is opened, renewed and closed")
{
    const one_port its = each_example();
    CAPTURE(its.name);
    world in;
    auto& settings = in.gateway.model().settings;
    settings.min_lifetime = settings.max_lifetime = 2s;
    program example(in, its.name, {"--port", "7001", "--gateway", program::gateway_of(in)});
    REQUIRE(example.prints("renewed 203.0.113.7:7001"));
    CHECK(requests(in) ==
          lines{"delete tcp 7001", "map tcp 7001 7001 7200", "address", "map tcp 7001 7001 7200"});
    example.signal(SIGTERM);
    CHECK(example.end() == 0);
    lines printed = example.printed(); // on a slow machine, renewed more than once
    printed.erase(std::unique(printed.begin(), printed.end()), printed.end());
    lines expected = its.first;
    for (const char* what : {"mapped", "renewed", "unmapped"})
        expected.push_back(std::string(what) + " 203.0.113.7:7001");
    CHECK(printed == expected);
    CHECK(in.mapped() == 0);
}

TEST_CASE("examples with one port: it ends by itself when the gateway refuses")
{
    const one_port its = each_example();
    CAPTURE(its.name);
    world in;
    in.faults().refuse_maps = 4;
    program example(in, its.name, {"--gateway", program::gateway_of(in)});
    CHECK(example.end() == 1);
    REQUIRE(example.printed().size() == 1);
    CHECK(example.printed().at(0).starts_with(its.failure));
}

TEST_CASE("examples with one port: a signal while it is being opened")
{
    const one_port its = each_example();
    CAPTURE(its.name);
    world in;
    in.faults().delay = 300ms;
    program example(in, its.name, {"--gateway", program::gateway_of(in)});
    REQUIRE(in.run_until([&] { return requests(in).size() == 2; }));
    CHECK(in.mapped() == 1);
    example.signal(SIGINT);
    CHECK(example.end() == 0);
    CHECK(in.mapped() == 0);
    CHECK(in.wire().back() == "delete tcp 6881");
}

TEST_CASE("examples with one port: a delete that is not answered is an error")
{
    const one_port its = each_example();
    CAPTURE(its.name);
    world in;
    program example(in, its.name, {"--gateway", program::gateway_of(in)});
    REQUIRE(example.prints("mapped 203.0.113.7:6881"));
    in.faults().drop = true;
    example.signal(SIGINT);
    CHECK(example.end() == 1);
}

} // namespace one_port_test
