// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Gateways that do not speak NAT-PMP: other versions (C-1, X-6), and ICMP (T-5).

#include "loopback/client_support.hpp"

namespace client_versions_test {
using namespace loopback_test;

/// The error belongs to the gateway: it is kept for a while, and dropped on a hint (T-6, T-7).
void check_error_is_kept(world& in, client& on, error_code failure)
{
    const auto sent = on.status().sent;
    const map_request other{.protocol = protocol::udp, .internal_port = 7000};
    CHECK(map(in, on, other).error == failure);
    CHECK(ask_address(in, on).error == failure);
    CHECK(on.status().sent == sent);
    CHECK(in.run_dry()); // there is nobody to wait for

    in.gateway.model().faults = {};
    in.gateway.reopen();
    on.network_changed();
    CHECK_FALSE(map(in, on).error);
    CHECK(on.mappings().size() == 1);
}

TEST_CASE("client: version 0 is not supported, with each opcode that is seen (C-1)")
{
    const auto opcode = static_cast<std::uint8_t>(GENERATE(0x80, 0x00, 0x81, 0x82));
    world in;
    client on(in.context, in.options());
    in.faults().unsupported_version = true;
    in.faults().unsupported_version_opcode = opcode;
    const auto got = map(in, on, port_6881(true));
    CHECK(got.error == result_code::unsupported_version);
    CHECK(got.error == condition::unreachable);
    CHECK(in.wire() == lines{delete_line, map_line}); // the clean-up decides nothing
    check_error_is_kept(in, on, result_code::unsupported_version);
}

TEST_CASE("client: a server that knows only PCP, with answers of each length that is seen (X-6)")
{
    const auto length = static_cast<std::size_t>(GENERATE(2, 12, 24));
    world in;
    client on(in.context, in.options());
    in.faults().pcp_reply_length = length;
    const auto got = map(in, on, port_6881(true));
    CHECK(got.error == result_code::unsupported_version);
    CHECK(in.wire() == lines{delete_line, map_line});
    CHECK(on.status().resets == 0); // its epoch is not ours
    check_error_is_kept(in, on, result_code::unsupported_version);
}

TEST_CASE("client: the gateway's error ends what is queued, but not an unmap")
{
    world in;
    client on(in.context, in.options());
    in.faults().pcp_reply_length = 24;
    outcome first, second, third;
    on.async_map_port(port_6881(), [&](error_code error, const mapping& m) { first(error, m); });
    on.async_map_port(protocol::udp, 7000,
                      [&](error_code error, const mapping& m) { second(error, m); });
    on.async_external_address(
        [&](error_code error, const asio::ip::address& a) { third(error, a); });
    in.settle();
    CHECK(first.error == result_code::unsupported_version);
    CHECK(second.error == result_code::unsupported_version);
    CHECK(third.error == result_code::unsupported_version);
    CHECK(in.wire() == lines{map_line});
    CHECK(unmap(in, on).error == result_code::unsupported_version);
    CHECK(in.wire() == lines{map_line, delete_line});
}

#if defined(__linux__)
TEST_CASE("client: nobody listens at the gateway's port: ICMP ends it at once (T-5)")
{
    world in;
    client on(in.context, in.options());
    in.gateway.close();
    const auto start = std::chrono::steady_clock::now();
    SECTION("a mapping, the clean-up included")
    {
        const auto got = map(in, on, port_6881(true));
        CHECK(got.error == errc::not_supported);
        CHECK(got.error == condition::unreachable);
        CHECK(on.status().sent == 2);
    }
    SECTION("an address")
    {
        CHECK(ask_address(in, on).error == errc::not_supported);
        CHECK(on.status().sent == 1);
    }
    CHECK(std::chrono::steady_clock::now() - start < 1s);
    CHECK(on.status().retransmitted == 0);
    check_error_is_kept(in, on, errc::not_supported);
}

TEST_CASE("client: ICMP only once, for an unmap; the next one works")
{
    world in;
    client on(in.context, in.options());
    CHECK_FALSE(map(in, on).error);
    in.gateway.close();
    CHECK(unmap(in, on).error == errc::not_supported);
    in.gateway.reopen();
    CHECK_FALSE(unmap(in, on).error);
    CHECK(in.wire() == lines{map_line, "address", delete_line});
    CHECK(in.mapped() == 0);
}

TEST_CASE("client: ICMP for what is sent again")
{
    world in;
    client on(in.context, in.options());
    in.faults().port_unreachable = fault_switch::times(1);
    const auto got = map(in, on);
    CHECK(got.error == errc::not_supported);
    CHECK(in.wire() == lines{map_line}); // the second met a closed port
    CHECK(on.status().sent == 2);
}

TEST_CASE("client: ICMP for a renewal only postpones it; the mapping is lost when its time is over")
{
    world in;
    in.gateway.model().settings.max_lifetime = 2s;
    client on(in.context, in.options());
    CHECK_FALSE(map(in, on).error);
    lines told;
    on.set_observer([&](const natpmp::event& news) { told.emplace_back(to_string(news.kind)); });
    in.gateway.close();
    REQUIRE(in.run_until([&] { return !told.empty(); }));
    CHECK(told == lines{"renewal_failing"});
    CHECK(on.mappings().size() == 1);
    CHECK(on.status().last_error == errc::not_supported);
    in.gateway.reopen();
    REQUIRE(in.run_until([&] { return told.size() >= 3; }));
    CHECK(told == lines{"renewal_failing", "lost", "restored"});
    CHECK(in.wire() == lines{map_line, "address", map_line});
    CHECK(came_after(in, {0, 2000}));
}
#endif

} // namespace client_versions_test
