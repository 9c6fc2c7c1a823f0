// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What the gateway grants may differ from what was asked for (M-5 to M-11, N-1, N-2).

#include "loopback/client_support.hpp"

namespace client_grants_test {
using namespace loopback_test;
using natpmp::testing::port_policy;

TEST_CASE("client: another external port is success, and is suggested at the renewal (M-6, N-2)")
{
    world in;
    in.gateway.model().settings.max_lifetime = 2s;
    in.gateway.model().table.occupy(protocol::tcp, 6881, in.gateway.now());
    client on(in.context, in.options());
    const auto got = map(in, on);
    CHECK_FALSE(got.error);
    CHECK(got.made.external_port == 6882);
    CHECK(got.made.lifetime == 2s);
    REQUIRE(in.run_until_requests(3));
    CHECK(in.wire() == lines{map_line, "address", "map tcp 6881 6882 7200"});
    CHECK(came_after(in, {0, 1000})); // half of what was granted
}

TEST_CASE("client: a port that moves with each renewal is followed")
{
    world in;
    in.gateway.model().settings.max_lifetime = 2s;
    in.faults().move_ports = true;
    client on(in.context, in.options());
    CHECK(map(in, on).made.external_port == 6881);
    lines told;
    on.set_observer([&](const natpmp::event& news) {
        told.push_back(std::string(to_string(news.kind)) + ' ' +
                       std::to_string(news.mapping.external_port));
    });
    REQUIRE(in.run_until([&] { return told.size() == 2; }));
    CHECK(told == lines{"endpoint_changed 6882", "endpoint_changed 6883"});
    CHECK(in.wire() == lines{map_line, "address", map_line, "map tcp 6881 6882 7200"});
    CHECK(on.mappings().at(0).external_port == 6883);
}

TEST_CASE("client: shorter and longer lifetimes than asked for (M-11)")
{
    world in;
    auto& settings = in.gateway.model().settings;
    client on(in.context, in.options());
    SECTION("shorter")
    {
        settings.max_lifetime = 60s;
        CHECK(map(in, on).made.lifetime == 60s);
        CHECK(*on.status().next_due > 29s);
        CHECK(*on.status().next_due <= 30s);
    }
    SECTION("longer")
    {
        settings.min_lifetime = settings.max_lifetime = 8000s;
        CHECK(map(in, on).made.lifetime == 8000s);
        CHECK(*on.status().next_due > 3990s);
        CHECK(*on.status().next_due <= 4000s);
    }
    SECTION("absurdly long: the external address is asked for before the renewal")
    {
        settings.min_lifetime = settings.max_lifetime = std::chrono::seconds{4294967295};
        CHECK(map(in, on).made.lifetime == std::chrono::seconds{4294967295});
        CHECK(*on.status().next_due > 10'790s);
        CHECK(*on.status().next_due <= 10'800s);
    }
}

TEST_CASE("client: a lease of a second is no storm")
{
    world in;
    in.gateway.model().settings.max_lifetime = 1s;
    client on(in.context, in.options());
    CHECK_FALSE(map(in, on).error);
    in.run_for(2200ms);
    const auto& requests = in.gateway.model().requests;
    CHECK(requests.size() >= 3);
    std::vector<natpmp::time_point> maps;
    for (const auto& request : requests)
        if (request_text(request.bytes) == map_line)
            maps.push_back(request.when);
    REQUIRE(maps.size() >= 2);
    CHECK(maps.size() <= 4);
    for (std::size_t i = 1; i < maps.size(); ++i)
        CHECK(maps[i] - maps[i - 1] >= 990ms);
}

TEST_CASE("client: a pair has one external port whenever the gateway gives it")
{
    world in;
    client on(in.context, in.options());
    natpmp::mapping_pair made;
    error_code error = errc::closed;
    const auto map_pair = [&] {
        on.async_map_port_pair(map_request{.internal_port = 6881, .clean_up = false},
                               [&](error_code why, const natpmp::mapping_pair& what) {
                                   error = why;
                                   made = what;
                               });
        in.settle();
    };
    SECTION("what is suggested is free")
    {
        map_pair();
        CHECK(made.tcp.external_port == 6881);
        CHECK(made.udp.external_port == 6881);
    }
    SECTION("it is not: UDP is suggested what TCP was granted")
    {
        in.gateway.model().table.occupy(protocol::tcp, 6881, in.gateway.now());
        map_pair();
        CHECK(made.tcp.external_port == 6882);
        CHECK(made.udp.external_port == 6882);
        CHECK(in.wire() == lines{map_line, "map udp 6881 6882 7200", "address"});
    }
    SECTION("the gateway chooses: the result shows that they differ")
    {
        in.gateway.model().settings.ports = port_policy::own_choice;
        map_pair();
        CHECK(made.tcp.external_port == 49152);
        CHECK(made.udp.external_port == 49153);
    }
    CHECK_FALSE(error);
    CHECK(made.tcp.external_address == made.udp.external_address);
    CHECK(on.mappings().size() == 2);
}

TEST_CASE("client: of a pair that fails in its second half, the first is unmapped")
{
    world in;
    client on(in.context, in.options());
    in.gateway.model().settings.capacity = 1;
    error_code error;
    on.async_map_port_pair(map_request{.internal_port = 6881, .clean_up = false},
                           [&](error_code why, const natpmp::mapping_pair&) { error = why; });
    in.settle();
    CHECK(error == result_code::out_of_resources);
    CHECK(in.wire() == lines{map_line, "map udp 6881 6881 7200", delete_line});
    CHECK(in.mapped() == 0);
    CHECK(on.status().kept == 0);
    CHECK(in.run_dry());
}

TEST_CASE("client: what a run before left behind is removed first (D-2)")
{
    world in;
    {
        client crashed(in.context, in.options());
        CHECK_FALSE(map(in, crashed).error);
        in.gateway.model().table.occupy(protocol::udp, 6882, in.gateway.now());
    }
    CHECK(in.mapped() == 2);
    in.gateway.model().requests.clear();
    client on(in.context, in.options());
    auto request = port_6881(true);
    request.external_port = 9000;
    CHECK(map(in, on, request).made.external_port == 9000); // else it would keep 6881
    CHECK(in.wire() == lines{delete_line, "map tcp 6881 9000 7200", "address"});
    CHECK(in.mapped() == 2); // the neighbour's is untouched

    CHECK_FALSE(unmap(in, on).error);
    CHECK_FALSE(map(in, on, port_6881(true)).error); // once per key and client
    CHECK(in.wire().size() == 5);
}

TEST_CASE("client: unmapping what is not there is success (D-6), what is not ours is refused")
{
    world in;
    client on(in.context, in.options());
    CHECK_FALSE(unmap(in, on).error);
    CHECK(in.wire() == lines{delete_line});
    in.gateway.model().table.put({.source = asio::ip::address_v4::loopback(),
                                  .protocol = protocol::tcp,
                                  .internal_port = 6881,
                                  .external_port = 6881,
                                  .manual = true},
                                 in.gateway.now());
    CHECK(unmap(in, on).error == result_code::not_authorized);
    CHECK(in.run_dry());
}

TEST_CASE("client: a private external address is told as it is (W-1)")
{
    world in;
    client on(in.context, in.options());
    in.gateway.model().settings.external_address = asio::ip::make_address_v4("100.64.0.9");
    CHECK(map(in, on).made.external_address == asio::ip::make_address("100.64.0.9"));
    CHECK_FALSE(natpmp::publicly_routable(on.status().external_address));
}

TEST_CASE("client: a second request with another suggestion gets the port that is there (M-7)")
{
    world in;
    client on(in.context, in.options());
    CHECK(map(in, on).made.external_port == 6881);
    map_request other = port_6881();
    other.external_port = 9000;
    const outcome second = map(in, on, other);
    CHECK_FALSE(second.error);
    CHECK(second.made.external_port == 6881);
    CHECK(in.wire().back() == "map tcp 6881 9000 7200");
    CHECK(in.mapped() == 1);
}

} // namespace client_grants_test
