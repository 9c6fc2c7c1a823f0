// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A gateway that loses its state (E-2, R-1 to R-6), and its announcements (B-1 to B-10).

#include "loopback/client_support.hpp"

#include <algorithm>

namespace client_reboot_test {
using namespace loopback_test;
using natpmp::testing::gateway_model;

/// A world in which the gateway has been up for long.
struct old_world : world
{
    old_world()
    {
        gateway.model() = gateway_model(gateway.now(), {.epoch = 100'000s});
    }
};

std::ptrdiff_t count(const lines& all, const std::string& line)
{
    return std::count(all.begin(), all.end(), line);
}

TEST_CASE("client: a clock that was set back tells of lost state (E-2)")
{
    old_world in;
    client on(in.context, in.options());
    CHECK_FALSE(map(in, on).error);
    SECTION("by hours")
    {
        in.faults().epoch_jump = -50'000s;
        CHECK_FALSE(ask_address(in, on).error);
        CHECK(on.status().resets == 1);
        REQUIRE(on.status().next_due);
        CHECK(*on.status().next_due <= 5s);
    }
    SECTION("by a second, which is nothing")
    {
        in.faults().epoch_jump = -1s;
        CHECK_FALSE(ask_address(in, on).error);
        CHECK(on.status().resets == 0);
    }
    SECTION("ahead, which is nothing")
    {
        in.faults().epoch_jump = 50'000s;
        CHECK_FALSE(ask_address(in, on).error);
        CHECK(on.status().resets == 0);
        CHECK(*on.status().next_due > 3000s);
    }
}

#if defined(__linux__)
using udp = asio::ip::udp;

/// A port of the group that nobody else uses.
udp::endpoint free_group(asio::io_context& context)
{
    const udp::socket probe(context, {asio::ip::address_v4{0xE0000001}, 0});
    return probe.local_endpoint();
}

client_options hearing(world& in, const udp::endpoint& group)
{
    auto options = in.options();
    options.announcements = true;
    options.announcement_port = group.port();
    return options;
}

TEST_CASE("client: a reboot that is announced; two clients on one host make everything again")
{
    old_world in;
    const auto group = free_group(in.context);
    client one(in.context, hearing(in, group));
    client two(in.context, hearing(in, group));
    CHECK_FALSE(map(in, one).error);
    CHECK_FALSE(map(in, two, {.protocol = protocol::udp, .internal_port = 7000}).error);
    CHECK(in.mapped() == 2);
    lines told;
    one.set_observer([&](const natpmp::event& news) { told.emplace_back(to_string(news.kind)); });
    in.gateway.model().requests.clear();

    in.gateway.reboot(3, group);
    CHECK(in.mapped() == 0);
    in.settle();
    CHECK(one.status().resets == 1);
    CHECK(two.status().resets == 1);
    const auto heard = in.gateway.now();
    REQUIRE(in.run_until([&] { return in.mapped() == 2; }));
    in.settle();
    CHECK(count(in.wire(), map_line) == 1);
    CHECK(count(in.wire(), "map udp 7000 7000 7200") == 1);
    CHECK(count(in.wire(), delete_line) == 0);
    CHECK(in.gateway.now() - heard < 5500ms);
    CHECK(one.status().resets == 1); // three announcements tell of one reboot
    CHECK(two.status().resets == 1);
    CHECK(one.mappings().size() == 1);
    CHECK(two.mappings().size() == 1);
    CHECK(told == lines{"renewed"});
}

TEST_CASE("client: an announcement with another address and a steady clock")
{
    old_world in;
    const auto group = free_group(in.context);
    client on(in.context, hearing(in, group));
    CHECK_FALSE(map(in, on).error);
    const auto before = in.wire();
    in.gateway.model().settings.external_address = asio::ip::make_address_v4("198.51.100.9");
    in.gateway.announce(group);
    in.settle();
    CHECK(on.status().external_address == asio::ip::make_address("198.51.100.9"));
    CHECK(on.mappings().at(0).external_address == asio::ip::make_address("198.51.100.9"));
    CHECK(on.status().resets == 0);
    CHECK(in.wire() == before);
}

TEST_CASE("client: PCP's announcement is a reason to ask (B-10)")
{
    old_world in;
    const auto group = free_group(in.context);
    client on(in.context, hearing(in, group));
    CHECK_FALSE(map(in, on).error);
    in.gateway.announce_pcp(group);
    in.settle();
    CHECK(in.wire() == lines{map_line, "address", "address"});
    CHECK(on.status().resets == 0);
}

TEST_CASE("client: announcements of strangers are counted, not believed (B-3)")
{
    old_world in;
    const auto group = free_group(in.context);
    client on(in.context, hearing(in, group));
    CHECK_FALSE(map(in, on).error);
    fake_gateway stranger(in.context.get_executor(), 0, asio::ip::address_v4{0x7F000002});
    stranger.announce(group); // its epoch begins at 0
    stranger.announce_pcp(group);
    in.settle();
    CHECK(ignored(on, ignore_reason::wrong_source) == 2);
    CHECK(on.status().resets == 0);
    CHECK(in.wire() == lines{map_line, "address"});

    in.faults().wrong_port = fault_switch::times(1); // the port does not matter
    in.gateway.announce(group);
    in.settle();
    CHECK(ignored(on) == 2);
}

TEST_CASE("client: a datagram to the announcement port of the host itself is not heard (B-7)")
{
    old_world in;
    const auto group = free_group(in.context);
    client on(in.context, hearing(in, group));
    CHECK_FALSE(map(in, on).error);
    const auto received = on.status().received;
    in.gateway.announce({asio::ip::address_v4::loopback(), group.port()});
    in.settle();
    CHECK(on.status().received == received);
    CHECK(ignored(on) == 0);
    in.gateway.announce(group); // to the group, it is
    in.settle();
    CHECK(on.status().received == received + 1);
}

TEST_CASE("client: announcements cannot be heard: said once, everything else works")
{
    world in;
    // Somebody has the port for himself.
    const udp::socket hog(in.context, {asio::ip::address_v4{0xE0000001}, 0});
    client on(in.context, hearing(in, hog.local_endpoint()));
    lines told;
    error_code why;
    on.set_observer([&](const natpmp::event& news) {
        told.emplace_back(to_string(news.kind));
        if (news.kind == event_kind::announcements_unavailable)
            why = news.error;
    });
    CHECK_FALSE(map(in, on).error);
    CHECK_FALSE(unmap(in, on).error);
    CHECK_FALSE(ask_address(in, on).error);
    CHECK(told == lines{"announcements_unavailable", "mapped", "unmapped"});
    CHECK(why == asio::error::address_in_use);
}
#endif

} // namespace client_reboot_test
