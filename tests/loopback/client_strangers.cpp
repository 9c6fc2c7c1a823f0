// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Answers from elsewhere, or to something else, stop no timer (V-1 to V-10).

#include "loopback/client_support.hpp"

#include <array>
#include <set>

namespace client_strangers_test {
using namespace loopback_test;

TEST_CASE("client: an answer from another address is not heard (V-1)")
{
    world in;
    client on(in.context, in.options());
    in.faults().wrong_address = fault_switch::times(1);
    CHECK_FALSE(map(in, on).error);
    CHECK(in.wire() == lines{map_line, map_line, "address"});
    CHECK(came_after(in, {250, 0}));
    CHECK(ignored(on) == 0); // a connected socket hides it
}

TEST_CASE("client: an answer from another port is not heard (V-2)")
{
    world in;
    client on(in.context, in.options());
    in.faults().wrong_port = fault_switch::times(1);
    CHECK_FALSE(ask_address(in, on).error);
    CHECK(in.wire() == lines{"address", "address"});
    CHECK(came_after(in, {250}));
    CHECK(ignored(on) == 0);
}

TEST_CASE("client: an answer for another internal port is ignored (V-4)")
{
    world in;
    client on(in.context, in.options());
    SECTION("to a map request")
    {
        in.faults().wrong_internal_port = fault_switch::times(1);
        CHECK_FALSE(map(in, on).error);
        CHECK(in.wire() == lines{map_line, map_line, "address"});
        CHECK(came_after(in, {250, 0}));
    }
    SECTION("to a delete")
    {
        CHECK_FALSE(map(in, on).error);
        in.gateway.model().requests.clear();
        in.faults().wrong_internal_port = fault_switch::times(1);
        CHECK_FALSE(unmap(in, on).error);
        CHECK(in.wire() == lines{delete_line, delete_line});
        CHECK(came_after(in, {250}));
    }
    SECTION("a refusal")
    {
        in.faults().refuse_maps = 2;
        in.faults().wrong_internal_port = fault_switch::times(1);
        CHECK(map(in, on).error == result_code::not_authorized);
        CHECK(came_after(in, {250}));
    }
    CHECK(ignored(on, ignore_reason::wrong_port) == 1);
    CHECK(ignored(on) == 1);
}

TEST_CASE("client: datagrams that answer nothing (V-3, V-6, V-9, V-10)")
{
    using bytes = std::vector<std::uint8_t>;
    struct sample
    {
        bytes content;
        ignore_reason reason;
    };
    const auto which = GENERATE(range(0, 6));
    const std::vector<sample> all{
        {{}, ignore_reason::too_short},
        {{0, 0x80, 0}, ignore_reason::too_short},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, ignore_reason::wrong_opcode}, // a request
        {{0, 0x80, 0, 0, 0, 0, 0, 9, 198, 51, 100, 1}, ignore_reason::wrong_opcode},
        {{0, 0x81, 0, 0, 0, 0, 0, 9, 0x1A, 0xE1, 0x1A, 0xE1, 0, 0, 0, 9},
         ignore_reason::wrong_opcode}, // UDP
        {{1, 0x82, 0, 0, 0, 0, 0, 9, 0x1A, 0xE1, 0x1A, 0xE1, 0, 0, 0, 9},
         ignore_reason::wrong_version},
    };
    const sample& odd = all[static_cast<std::size_t>(which)];
    CAPTURE(which);

    world in;
    // A gateway that only sends this, to the port that the client asks from.
    asio::ip::udp::socket gateway(in.context, {asio::ip::address_v4::loopback(), 0});
    auto options = in.options();
    options.gateway_port = gateway.local_endpoint().port();
    options.timeout = 500ms;
    client asked(in.context, options);
    outcome got;
    asked.async_map_port(port_6881(),
                         [&](error_code error, const mapping& made) { got(error, made); });
    in.settle();
    bytes buffer(100);
    asio::ip::udp::endpoint from;
    REQUIRE(gateway.receive_from(asio::buffer(buffer), from) == 12);
    gateway.send_to(asio::buffer(odd.content), from);
    in.settle();
    CHECK(ignored(asked, odd.reason) == 1);
    CHECK(ignored(asked) == 1);
    REQUIRE(in.run_until([&] { return got.ended; }));
    CHECK(got.error == errc::timed_out);
    CHECK(asked.status().retransmitted == 1); // at 250 ms: the timer went on
    CHECK(gateway.available() == 12);
}

TEST_CASE("client: each asks from a port of its own that the system chose (S-2)")
{
    world in;
    asio::ip::udp::socket gateway(in.context, {asio::ip::address_v4::loopback(), 0});
    auto options = in.options();
    options.gateway_port = gateway.local_endpoint().port();
    client first(in.context, options), second(in.context, options);
    std::set<std::uint16_t> ports;
    for (client* on : {&first, &second}) {
        on->async_external_address(ignore{});
        in.settle();
        std::array<char, 16> buffer{};
        asio::ip::udp::endpoint from;
        CHECK(gateway.receive_from(asio::buffer(buffer), from) == 2);
        ports.insert(from.port());
    }
    CHECK(ports.size() == 2);
    CHECK_FALSE(ports.contains(5350));
    CHECK_FALSE(ports.contains(5351));
}

} // namespace client_strangers_test
