// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// examples/newer_asio.cpp against a gateway on loopback, where Asio is new enough for it.

#include "examples/program.hpp"

namespace newer_asio_test {
using namespace examples_test;

#if ASIO_VERSION >= 103100

TEST_CASE("newer_asio: a port is opened and closed")
{
    world in;
    program example(in, "newer_asio", {"--gateway", program::gateway_of(in)});
    REQUIRE(example.prints("203.0.113.7:6881"));
    example.signal(SIGTERM);
    CHECK(example.end() == 0);
    CHECK(requests(in) ==
          lines{"delete tcp 6881", "map tcp 6881 6881 7200", "address", "delete tcp 6881"});
    CHECK(in.mapped() == 0);
}

TEST_CASE("newer_asio: a silent gateway ends it after 5 s")
{
    world in;
    in.faults().drop = true;
    program example(in, "newer_asio", {"--gateway", program::gateway_of(in)});
    CHECK(example.end() == 1);
    CHECK(example.printed().at(0).starts_with("the port could not be opened: "));
}

TEST_CASE("newer_asio: a command line that makes no sense is exit status 2")
{
    world in;
    program example(in, "newer_asio", {"--port", "80x"});
    CHECK(example.end() == 2);
}

#else

TEST_CASE("newer_asio: it says which Asio it needs")
{
    world in;
    program example(in, "newer_asio");
    CHECK(example.end() == 1);
    CHECK(example.printed() == lines{"this example needs Asio 1.31 or newer"});
    CHECK(in.wire().empty());
}

#endif

} // namespace newer_asio_test
