// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// mapping_of(): one mapping as it is now.

#include "api/operations.hpp"

#include "support/asio.hpp"

// clang-format off
#include NATPMP_ASIO_HEADER(ip/tcp.hpp)
// clang-format on

#include <type_traits>
#include <utility>

namespace mapping_of_test {
using namespace api_test;

static_assert(noexcept(std::declval<const client&>().mapping_of(protocol::tcp, 6881)));
static_assert(std::is_trivially_destructible_v<
              decltype(std::declval<const client&>().mapping_of(protocol::tcp, 6881))>);

TEST_CASE("mapping_of: the mapping while it is up and kept")
{
    world in;
    client on(in.context, in.options());
    CHECK_FALSE(on.mapping_of(protocol::tcp, 6881));
    mapping made;
    on.async_map_port(protocol::tcp, 6881,
                      [&](error_code, const mapping& granted) { made = granted; });
    CHECK_FALSE(on.mapping_of(protocol::tcp, 6881));
    in.settle();
    REQUIRE(good(made));
    CHECK(on.mapping_of(protocol::tcp, 6881) == made);
    CHECK(on.mappings() == std::vector{made});
    CHECK_FALSE(on.mapping_of(protocol::udp, 6881));
    CHECK_FALSE(on.mapping_of(protocol::tcp, 6882));

    on.async_unmap_port(protocol::tcp, 6881, ignore{});
    in.settle();
    CHECK_FALSE(on.mapping_of(protocol::tcp, 6881));
}

TEST_CASE("mapping_of: the external port that the gateway gave last")
{
    world in;
    in.gateway.model().settings.max_lifetime = 2s;
    client on(in.context, in.options());
    on.async_map_port(protocol::tcp, 6881, ignore{});
    in.settle();
    CHECK(on.mapping_of(protocol::tcp, 6881)->external_port == 6881);
    in.faults().move_ports = true;
    REQUIRE(in.run_until([&] { return on.status().renewals > 0; }));
    CHECK(on.mapping_of(protocol::tcp, 6881)->external_port == 6882);
    CHECK(on.mapping_of(protocol::tcp, 6881) == on.mappings().at(0));
}

TEST_CASE("mapping_of: what is no port, an unknown protocol, and a client that was moved from")
{
    world in;
    client on(in.context, in.options());
    on.async_map_port(protocol::tcp, 4464, ignore{});
    in.settle();
    CHECK(on.mapping_of(protocol::tcp, 4464));
    CHECK_FALSE(on.mapping_of(protocol::tcp, 70000));
    CHECK_FALSE(on.mapping_of(protocol::tcp, -1));
    CHECK_FALSE(on.mapping_of(protocol::tcp, 0));
    CHECK_FALSE(on.mapping_of(static_cast<protocol>(7), 4464));
    const client other(std::move(on));
    CHECK_FALSE(on.mapping_of(protocol::tcp, 4464));
    CHECK(other.mapping_of(protocol::tcp, 4464));
}

TEST_CASE("mapping: its endpoint, for either protocol")
{
    const mapping made{.internal_port = 80,
                       .external_port = 8080,
                       .external_address = asio::ip::make_address("203.0.113.7")};
    CHECK(made.external_endpoint<asio::ip::tcp>() ==
          asio::ip::tcp::endpoint(asio::ip::make_address("203.0.113.7"), 8080));
    CHECK(made.external_endpoint<asio::ip::udp>() ==
          asio::ip::udp::endpoint(asio::ip::make_address("203.0.113.7"), 8080));
    CHECK(
        mapping{.external_port = 1}.external_endpoint<asio::ip::tcp>().address().is_unspecified());
}

} // namespace mapping_of_test
