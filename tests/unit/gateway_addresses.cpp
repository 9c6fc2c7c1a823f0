// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What getifaddrs() tells, to the host's addresses: lists built by hand, and this host's own.

#include "support/catch.hpp"

#include <natpmp/detail/platform/routing_socket.hpp>

#if __has_include(<ifaddrs.h>)

#include <deque>
#include <string>

namespace gateway_addresses_test {
namespace net = natpmp::net;
namespace detail = natpmp::detail;

net::ip::address_v4 v4(const std::string& text)
{
    return net::ip::make_address_v4(text);
}

/// The name of some interface, and its index.
struct some_interface
{
    some_interface()
    {
        auto* const all = ::if_nameindex();
        REQUIRE(all);
        if (all->if_index != 0) {
            name = all->if_name;
            index = all->if_index;
        }
        ::if_freenameindex(all);
    }

    std::string name{};
    unsigned index = 0;
};

class address_list
{
public:
    sockaddr* address(const std::string& text)
    {
        auto& made = addresses_.emplace_back();
        made.sin_family = AF_INET;
#if !defined(__linux__)
        made.sin_len = sizeof made;
#endif
        made.sin_addr.s_addr = htonl(v4(text).to_uint());
        return reinterpret_cast<sockaddr*>(&made);
    }

    ifaddrs& add(const std::string& text, const std::string& mask, unsigned flags = IFF_UP)
    {
        auto& made = items_.emplace_back();
        made.ifa_name = from_.name.data();
        made.ifa_flags = flags;
        made.ifa_addr = address(text);
        made.ifa_netmask = address(mask);
        if (items_.size() > 1)
            items_[items_.size() - 2].ifa_next = &made;
        return made;
    }

    std::vector<detail::interface_address> read() const
    {
        detail::route_table table;
        detail::add_interface_addresses(items_.empty() ? nullptr : &items_.front(), table);
        return table.addresses;
    }

    unsigned index() const
    {
        return from_.index;
    }

private:
    some_interface from_;
    std::deque<ifaddrs> items_;
    std::deque<sockaddr_in> addresses_;
};

TEST_CASE("gateway_addresses: addresses, their networks and prefix lengths", "[gateway]")
{
    address_list list;
    CHECK(list.read().empty());
    list.add("192.168.1.7", "255.255.255.0");
    list.add("10.0.0.7", "255.255.254.0");
    list.add("10.0.0.8", "255.255.255.255");
    list.add("10.0.0.9", "0.0.0.0");
    const auto found = list.read();
    REQUIRE(found.size() == 4);
    CHECK(found[0].interface_index == list.index());
    CHECK(found[0].address == v4("192.168.1.7"));
    CHECK(found[0].network == v4("192.168.1.7"));
    CHECK(found[0].prefix_length == 24);
    CHECK(found[1].address == v4("10.0.0.7"));
    CHECK(found[1].prefix_length == 23);
    CHECK(found[2].prefix_length == 32);
    CHECK(found[3].prefix_length == 0);
}

TEST_CASE("gateway_addresses: the peer of a point-to-point link", "[gateway]")
{
    address_list list;
    auto& link = list.add("10.9.0.2", "255.255.255.255", IFF_UP | IFF_POINTOPOINT);
    link.ifa_dstaddr = list.address("10.9.0.1");
    auto& without = list.add("10.9.0.3", "255.255.255.255", IFF_UP | IFF_POINTOPOINT);
    without.ifa_dstaddr = nullptr;
    auto& broadcast = list.add("10.9.0.4", "255.255.255.0", IFF_UP | IFF_BROADCAST);
    broadcast.ifa_dstaddr = list.address("10.9.0.255");
    const auto found = list.read();
    REQUIRE(found.size() == 3);
    CHECK(found[0].network == v4("10.9.0.1"));
    CHECK(found[0].address == v4("10.9.0.2"));
    CHECK(found[1].network == v4("10.9.0.3"));
    CHECK(found[2].network == v4("10.9.0.4"));
}

TEST_CASE("gateway_addresses: what is left out", "[gateway]")
{
    address_list list;
    std::string unknown = "no such interface";
    auto& one = list.add("192.168.1.7", "255.255.255.0");
    CHECK(list.read().size() == 1);

    SECTION("no address")
    {
        one.ifa_addr = nullptr;
    }
    SECTION("the unspecified address")
    {
        one.ifa_addr = list.address("0.0.0.0");
    }
    SECTION("another family")
    {
        one.ifa_addr->sa_family = AF_INET6;
    }
    SECTION("down")
    {
        one.ifa_flags = 0;
    }
    SECTION("loopback")
    {
        one.ifa_flags |= IFF_LOOPBACK;
    }
    SECTION("an interface that is gone")
    {
        one.ifa_name = unknown.data();
    }
    CHECK(list.read().empty());
}

TEST_CASE("gateway_addresses: no netmask", "[gateway]")
{
    address_list list;
    list.add("192.168.1.7", "255.255.255.0").ifa_netmask = nullptr;
    const auto found = list.read();
    REQUIRE(found.size() == 1);
    CHECK(found[0].prefix_length == 32);
}

TEST_CASE("gateway_addresses: this host's", "[gateway]")
{
    ifaddrs* list = nullptr;
    REQUIRE(::getifaddrs(&list) == 0);
    detail::route_table table;
    detail::add_interface_addresses(list, table);
    ::freeifaddrs(list);
    for (const auto& entry : table.addresses) {
        CHECK(entry.interface_index != 0);
        CHECK_FALSE(entry.address.is_loopback());
        CHECK(entry.prefix_length <= 32);
    }
}

} // namespace gateway_addresses_test

#endif // __has_include(<ifaddrs.h>)
