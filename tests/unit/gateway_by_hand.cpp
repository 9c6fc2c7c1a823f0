// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A gateway set by hand: the local address and the interface that lead there.

#include "support/asio.hpp"
#include "support/catch.hpp"

#include <natpmp/platform.hpp>

#if defined(__linux__)

#include "support/without_netlink.hpp"
#include "unit/gateway_network_support.hpp"

#include <sys/resource.h>

namespace gateway_by_hand_test {
using namespace gateway_network_test;

natpmp::gateway by_hand(const std::string& gateway, const std::string& local,
                        natpmp::error_code& error)
{
    asio::io_context context;
    const natpmp::asio_platform world(context.get_executor());
    natpmp::client_options options;
    options.gateway = v4(gateway);
    options.local_address = v4(local);
    return world.find_gateway(options, error);
}

/// What is found, as text: the local address and the name of the interface.
std::string way_to(const std::string& gateway, const std::string& local = "0.0.0.0")
{
    natpmp::error_code error;
    const auto found = by_hand(gateway, local, error);
    if (error)
        return error.message() + ';';
    char name[IF_NAMESIZE] = "nowhere";
    ::if_indextoname(found.interface_index, name);
    return found.local_address.to_string() + ' ' + name + ';';
}

TEST_CASE("gateway_by_hand: loopback", "[gateway]")
{
    CHECK(way_to("127.0.0.1") == "127.0.0.1 lo;");
    CHECK(way_to("127.0.0.1", "127.0.0.1") == "127.0.0.1 lo;");
    CHECK(way_to("127.0.0.1", "127.0.0.99") == "127.0.0.99 nowhere;"); // of lo, and not listed
}

TEST_CASE("gateway_by_hand: the interface of the local address", "[gateway]")
{
    const auto result = in_own_network([](int control) {
        try {
            add_cable(control, "hand0");
        } catch (const std::exception&) {
            return std::string("skipped");
        }
        add_address(control, ::if_nametoindex("hand0"), "192.168.1.7", 24);
        add_address(control, ::if_nametoindex("hand0"), "192.168.1.8", 24);
        add_address(control, ::if_nametoindex("veth0"), "10.0.0.7", 24);
        std::string text = way_to("192.168.1.1") + way_to("192.168.1.1", "192.168.1.8") +
                           way_to("192.168.1.1", "10.0.0.7") + way_to("192.168.1.1", "10.0.0.8");

        natpmp::error_code error;
        const auto before = by_hand("192.168.1.1", "0.0.0.0", error);
        ifinfomsg fixed{};
        fixed.ifi_index = static_cast<int>(::if_nametoindex("hand0"));
        change(control, RTM_DELLINK, raw(fixed));
        add_cable(control, "hand0");
        add_address(control, ::if_nametoindex("hand0"), "192.168.1.7", 24);
        const auto after = by_hand("192.168.1.1", "0.0.0.0", error);
        text += after.local_address == before.local_address ? "same address," : "other address,";
        text += after == before ? "same interface;" : "other interface;";

        if (!without_netlink::forbid_netlink())
            return std::string("skipped");
        return text + way_to("192.168.1.1");
    });
    if (result != "skipped")
        CHECK(result == "192.168.1.7 hand0;192.168.1.8 hand0;10.0.0.7 veth0;10.0.0.8 nowhere;"
                        "same address,other interface;192.168.1.7 nowhere;");
}

TEST_CASE("gateway_by_hand: out of file descriptors", "[gateway]")
{
    const auto result = in_own_network([](int) {
        const rlimit none{0, 0};
        ::setrlimit(RLIMIT_NOFILE, &none);
        natpmp::error_code error;
        const auto index = detail::find_interface(v4("127.0.0.1"), error);
        return std::to_string(index) + (natpmp::detail::is_shortage(error) ? " shortage" : " none");
    });
    if (result != "skipped")
        CHECK(result == "0 shortage");
}

} // namespace gateway_by_hand_test

#endif // defined(__linux__)
