// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Ports, protocols, addresses and names.

#include <natpmp/event.hpp>
#include <natpmp/options.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <limits>
#include <string>

namespace types_values_test {
using natpmp::address_kind;
using natpmp::classify;
using natpmp::port_number;
using natpmp::publicly_routable;

address_kind kind(const std::string& text)
{
    return classify(natpmp::net::ip::make_address(text));
}

TEST_CASE("types: a port is in 0..65535, from any integer", "[types]")
{
    CHECK(port_number{}.valid());
    CHECK(port_number{}.value() == 0);
    CHECK(port_number{65'535}.value() == 65'535);
    CHECK(port_number{std::uint16_t{80}}.value() == 80);
    CHECK(port_number{80L} == port_number{80U});
    for (const std::int64_t bad :
         {std::int64_t{65'536}, std::int64_t{70'000}, std::int64_t{-1}, std::int64_t{1} << 32,
          (std::int64_t{1} << 32) + 80, std::numeric_limits<std::int64_t>::min(),
          std::numeric_limits<std::int64_t>::max()}) {
        CHECK_FALSE(port_number{bad}.valid());
        CHECK(port_number{bad}.value() == 0);
    }
    CHECK_FALSE(port_number{std::numeric_limits<std::uint64_t>::max()}.valid());
    CHECK_FALSE(port_number{70'000} == port_number{4'464});
    static_assert(port_number{80}.value() == 80);
}

TEST_CASE("types: defaults (M-10)", "[types]")
{
    const natpmp::map_request request;
    CHECK(request.protocol == natpmp::protocol::tcp);
    CHECK(request.lifetime.count() == 7200);
    CHECK(request.external_port.value() == 0);
    CHECK(request.clean_up);
    CHECK_FALSE(request.keep_trying);
    const natpmp::client_options options;
    CHECK(options.gateway.is_unspecified());
    CHECK(options.gateway_port.value() == 5351);
    CHECK(options.announcement_port.value() == 5350);
    CHECK(options.timeout.count() == 0);
    CHECK(options.announcements);
    CHECK_FALSE(options.allow_public_address);
}

TEST_CASE("types: protocols are the opcodes (M-1)", "[types]")
{
    CHECK(static_cast<int>(natpmp::protocol::udp) == 1);
    CHECK(static_cast<int>(natpmp::protocol::tcp) == 2);
    CHECK(to_string(natpmp::protocol::udp) == "udp");
    CHECK(to_string(natpmp::protocol::tcp) == "tcp");
    CHECK(to_string(static_cast<natpmp::protocol>(0)) == "unknown");
    CHECK(to_string(static_cast<natpmp::protocol>(132)) == "unknown");
}

TEST_CASE("types: private addresses, to their edges (A-1)", "[types]")
{
    for (const char* text : {"10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255",
                             "192.168.0.0", "192.168.255.255"})
        CHECK(kind(text) == address_kind::private_use);
    for (const char* text : {"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0",
                             "192.167.255.255", "192.169.0.0"})
        CHECK(kind(text) == address_kind::routable);
}

TEST_CASE("types: shared addresses, to their edges (W-1)", "[types]")
{
    CHECK(kind("100.64.0.0") == address_kind::shared);
    CHECK(kind("100.127.255.255") == address_kind::shared);
    CHECK(kind("100.63.255.255") == address_kind::routable);
    CHECK(kind("100.128.0.0") == address_kind::routable);
}

TEST_CASE("types: other addresses that nobody can reach", "[types]")
{
    CHECK(kind("0.0.0.0") == address_kind::unknown);
    for (const char* text :
         {"0.0.0.1", "0.255.255.255", "127.0.0.1", "127.255.255.255", "169.254.0.0",
          "169.254.255.255", "192.0.0.0", "192.0.0.255", "198.18.0.0", "198.19.255.255",
          "224.0.0.1", "239.255.255.255", "240.0.0.0", "255.255.255.255"})
        CHECK(kind(text) == address_kind::reserved);
    for (const char* text :
         {"1.0.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "192.0.1.0",
          "198.17.255.255", "198.20.0.0", "223.255.255.255", "203.0.113.7", "8.8.8.8"}) {
        CHECK(kind(text) == address_kind::routable);
        CHECK(publicly_routable(natpmp::net::ip::make_address(text)));
    }
    CHECK_FALSE(publicly_routable(natpmp::net::ip::make_address("10.0.0.1")));
    CHECK_FALSE(publicly_routable(natpmp::net::ip::address{}));
    CHECK(kind("::") == address_kind::unknown);
}

TEST_CASE("types: names", "[types]")
{
    CHECK(to_string(address_kind::shared) == "shared");
    CHECK(to_string(address_kind::private_use) == "private");
    CHECK(to_string(static_cast<address_kind>(99)) == "unknown");
    CHECK(to_string(natpmp::event_kind::mapped) == "mapped");
    CHECK(to_string(natpmp::event_kind::announcements_unavailable) == "announcements_unavailable");
    CHECK(to_string(static_cast<natpmp::event_kind>(99)) == "unknown");
    CHECK(to_string(natpmp::ignore_reason::none) == "none");
    CHECK(to_string(natpmp::ignore_reason::not_awaited) == "not awaited");
    CHECK(to_string(static_cast<natpmp::ignore_reason>(99)) == "unknown");
}

TEST_CASE("types: which events speak of one mapping", "[types]")
{
    using natpmp::event_kind;
    for (std::uint8_t number = 0; number <= 13; ++number) {
        natpmp::event news;
        news.kind = static_cast<event_kind>(number);
        const bool whole =
            news.kind == event_kind::address_changed || news.kind == event_kind::gateway_changed ||
            news.kind == event_kind::gateway_lost || news.kind == event_kind::gateway_found ||
            news.kind == event_kind::no_response ||
            news.kind == event_kind::announcements_unavailable;
        CHECK(news.about_mapping() == !whole);
    }
}

} // namespace types_values_test
