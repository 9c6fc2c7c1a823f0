// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Windows: rows of the forwarding table and adapters to routes; and the notices.

#include "support/catch.hpp"

#if defined(_WIN32)

#include "support/asio.hpp"

#include <natpmp/platform.hpp>

namespace gateway_windows_test {
namespace detail = natpmp::detail;

in_addr raw(const char* text)
{
    in_addr result{};
    result.s_addr = htonl(natpmp::net::ip::make_address_v4(text).to_uint());
    return result;
}

/// A default route over adapter 7 by 192.168.1.1, metric 10.
MIB_IPFORWARD_ROW2 good_row()
{
    MIB_IPFORWARD_ROW2 row{};
    row.InterfaceIndex = 7;
    row.DestinationPrefix.Prefix.si_family = AF_INET;
    row.NextHop.si_family = AF_INET;
    row.NextHop.Ipv4.sin_addr = raw("192.168.1.1");
    row.ValidLifetime = 0xFFFFFFFF;
    row.Metric = 10;
    return row;
}

IP_ADAPTER_ADDRESSES good_adapter(ULONG index, ULONG metric)
{
    IP_ADAPTER_ADDRESSES adapter{};
    adapter.IfIndex = index;
    adapter.IfType = IF_TYPE_ETHERNET_CSMACD;
    adapter.OperStatus = IfOperStatusUp;
    adapter.Ipv4Metric = metric;
    return adapter;
}

std::size_t routes_of(const MIB_IPFORWARD_ROW2& row, const IP_ADAPTER_ADDRESSES* adapters)
{
    std::vector<detail::default_route> routes;
    detail::add_row(row, adapters, routes);
    return routes.size();
}

TEST_CASE("gateway_windows: the metrics of the route and of the interface count together")
{
    auto second = good_adapter(7, 25);
    auto first = good_adapter(3, 5);
    first.Next = &second;
    std::vector<detail::default_route> routes;
    auto row = good_row();
    detail::add_row(row, &first, routes);
    row.Metric = 20; // the better one, over the interface that has the lower metric
    row.InterfaceIndex = 3;
    row.NextHop.Ipv4.sin_addr = raw("10.0.0.1");
    detail::add_row(row, &first, routes);
    row.Metric = 0xFFFFFFFF; // no overflow makes it the best
    row.NextHop.Ipv4.sin_addr = raw("10.0.0.9");
    detail::add_row(row, &first, routes);
    REQUIRE(routes.size() == 3);
    CHECK(routes[0].metric == 35);
    CHECK(routes[1].metric == 25);
    CHECK(routes[2].metric == 0xFFFFFFFF);
    natpmp::error_code error;
    const auto found = detail::choose_gateway(routes, 0, error);
    CHECK_FALSE(error);
    CHECK(found.address == natpmp::net::ip::make_address("10.0.0.1"));
    CHECK(found.interface_index == 3);
}

TEST_CASE("gateway_windows: what is no usable default route")
{
    auto adapter = good_adapter(7, 25);
    auto row = good_row();
    REQUIRE(routes_of(row, &adapter) == 1);
    SECTION("half of the Internet")
    {
        row.DestinationPrefix.PrefixLength = 1;
    }
    SECTION("IPv6")
    {
        row.DestinationPrefix.Prefix.si_family = AF_INET6;
    }
    SECTION("no gateway")
    {
        row.NextHop.Ipv4.sin_addr = {};
    }
    SECTION("an IPv6 gateway")
    {
        row.NextHop.si_family = AF_INET6;
    }
    SECTION("expired")
    {
        row.ValidLifetime = 0;
    }
    SECTION("over an adapter that is not there")
    {
        row.InterfaceIndex = 8;
    }
    SECTION("over one that is down")
    {
        adapter.OperStatus = IfOperStatusDown;
    }
    SECTION("over the loopback adapter")
    {
        adapter.IfType = IF_TYPE_SOFTWARE_LOOPBACK;
    }
    CHECK(routes_of(row, &adapter) == 0);
}

TEST_CASE("gateway_windows: the interface of a local address")
{
    natpmp::error_code error;
    CHECK(detail::find_interface(natpmp::net::ip::make_address("203.0.113.254"), error) == 0);
    CHECK_FALSE(error);
    const auto found = natpmp::default_gateway(error);
    if (!error)
        CHECK(detail::find_interface(found.local_address, error) == found.interface_index);
}

TEST_CASE("gateway_windows: the notices open, wait, and close")
{
    asio::io_context context;
    detail::change_notices<asio::io_context::executor_type> notices(context.get_executor());
    REQUIRE_FALSE(notices.open());
    natpmp::error_code ended;
    notices.async_wait([&](natpmp::error_code error) { ended = error; });
    context.poll();
    CHECK_FALSE(ended);
    notices.close();
    context.run();
    CHECK(ended == asio::error::operation_aborted);
}

} // namespace gateway_windows_test

#endif // defined(_WIN32)
