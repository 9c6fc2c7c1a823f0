// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What the gateway refuses (C-1 to C-7), and grants that are none (C-5, C-6).

#include "loopback/client_support.hpp"

namespace client_refusals_test {
using namespace loopback_test;

TEST_CASE("client: every result code is told with its number, and ends the request at once")
{
    const int code = GENERATE(1, 2, 3, 4, 5, 6, 255, 256, 32768, 65535);
    CAPTURE(code);
    world in;
    client on(in.context, in.options());
    in.faults().refuse_maps = static_cast<std::uint16_t>(code);
    SECTION("with zeros")
    {}
    SECTION("with what was asked for")
    {
        in.faults().stale_errors = true;
    }
    SECTION("in eight bytes")
    {
        in.faults().short_errors = true;
    }
    const auto got = map(in, on);
    CHECK(got.error == error_code(code, natpmp::result_category()));
    CHECK(got.made == mapping{});
    CHECK(got.error == (code == 1                ? condition::unreachable
                        : code == 3 || code == 4 ? condition::transient
                                                 : condition::refused));
    CHECK(on.status().last_error == got.error);
    CHECK(on.status().kept == 0);
    in.settle();
    CHECK(in.wire() == lines{map_line}); // nothing was made, so there is nothing to undo
    CHECK(in.run_dry());
}

TEST_CASE("client: a refused clean-up does not stop the map (D-5)")
{
    const int code = GENERATE(1, 2, 3, 5, 77);
    world in;
    client on(in.context, in.options());
    in.faults().refuse_deletes = static_cast<std::uint16_t>(code);
    CHECK_FALSE(map(in, on, port_6881(true)).error);
    CHECK(in.wire() == lines{delete_line, map_line, "address"});

    const auto got = unmap(in, on);
    CHECK(got.error == error_code(code, natpmp::result_category()));
    CHECK(on.mappings().empty()); // not kept in any case
    CHECK(in.run_dry());
}

TEST_CASE("client: a refused address request fails no mapping")
{
    const int code = GENERATE(2, 3, 4, 5, 300);
    world in;
    client on(in.context, in.options());
    in.faults().refuse_address_requests = static_cast<std::uint16_t>(code);
    in.faults().short_errors = code == 300;
    const auto got = map(in, on);
    CHECK_FALSE(got.error);
    CHECK(got.made.external_port == 6881);
    CHECK(got.made.external_address.is_unspecified());
    CHECK(ask_address(in, on).error == error_code(code, natpmp::result_category()));
    CHECK(on.mappings().size() == 1);
}

TEST_CASE("client: the address 0.0.0.0 is none (C-5)")
{
    world in;
    client on(in.context, in.options());
    SECTION("told as success")
    {
        in.faults().zero_address = true;
    }
    SECTION("told as it should be")
    {
        in.gateway.model().settings.external_address = asio::ip::address_v4{};
    }
    const auto got = map(in, on);
    CHECK_FALSE(got.error);
    CHECK(got.made.external_address.is_unspecified());
    const auto told = ask_address(in, on);
    CHECK(told.error == result_code::network_failure);
    CHECK(told.address == asio::ip::address{});
    CHECK(on.status().external_address_kind == natpmp::address_kind::unknown);
}

TEST_CASE("client: port 0 or lifetime 0 is no grant (C-6), and is undone")
{
    const bool clean_up = GENERATE(true, false);
    world in;
    client on(in.context, in.options());
    SECTION("port 0")
    {
        in.faults().zero_external_port = true;
    }
    SECTION("lifetime 0")
    {
        in.faults().zero_lifetime = true;
    }
    const auto got = map(in, on, port_6881(clean_up));
    CHECK(got.error == errc::invalid_grant);
    CHECK(got.error == condition::transient);
    in.settle();
    lines expected{delete_line, map_line, delete_line};
    if (!clean_up)
        expected.erase(expected.begin());
    CHECK(in.wire() == expected);
    CHECK(on.status().kept == 0);
    CHECK(in.run_dry());
}

TEST_CASE("client: the opcode is not known (C-4), in the form of an echo")
{
    world in;
    client on(in.context, in.options());
    in.faults().unsupported_opcode = true;
    CHECK(map(in, on, port_6881(true)).error == result_code::unsupported_opcode);
    CHECK(ask_address(in, on).error == result_code::unsupported_opcode);
    CHECK(on.status().resets == 0); // an echo tells no time
    CHECK(in.wire() == lines{delete_line, map_line, "address"});
}

TEST_CASE("client: a refusal of the first request is not one of the next")
{
    world in;
    client on(in.context, in.options());
    in.faults().refuse_maps = 4;
    CHECK(map(in, on).error == result_code::out_of_resources);
    in.faults().refuse_maps = 0;
    CHECK_FALSE(map(in, on).error);
    CHECK(on.mappings().size() == 1);
}

TEST_CASE("client: a refusal of a second request for a port does not undo the first")
{
    world in;
    client on(in.context, in.options());
    CHECK_FALSE(map(in, on).error);
    in.faults().refuse_maps = 2;
    CHECK(map(in, on).error == result_code::not_authorized);
    in.settle();
    CHECK(on.mappings().size() == 1);
    CHECK(in.mapped() == 1);
    CHECK(in.wire() == lines{map_line, "address", map_line});
    CHECK(came_after(in, {0, 1000}));
}

} // namespace client_refusals_test
