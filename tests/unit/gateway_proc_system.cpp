// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// /proc/net/route and the interfaces of a real kernel: the same gateway as by netlink, and what
// takes the place of what.

#include "support/catch.hpp"

#if defined(__linux__)

#include "support/without_netlink.hpp"
#include "unit/gateway_network_support.hpp"
#include "unit/gateway_proc_support.hpp"

#include <cstdio>
#include <fstream>

#include <poll.h>
#include <sys/resource.h>

namespace gateway_proc_system_test {
using namespace gateway_network_test;
using gateway_proc_test::heading;
using gateway_proc_test::line;

std::size_t routes_of_file(const char* path, natpmp::error_code& error)
{
    error = natpmp::errc::closed;
    return detail::read_proc_routes(path, error).size();
}

/// The number of usable routes of a text; -1: an error.
int usable(const std::string& text)
{
    const std::string path = "/tmp/natpmp-test-route-" + std::to_string(::getpid());
    std::ofstream(path) << text;
    natpmp::error_code error;
    const auto count = routes_of_file(path.c_str(), error);
    std::remove(path.c_str());
    return error ? -1 : int(count);
}

/// Compares both sources: what differs, or the gateways that both find, the second by interface 1.
std::string compared()
{
    natpmp::error_code error;
    const auto by_netlink = detail::read_system_routes(error);
    if (error)
        return "no netlink: " + error.message();
    const auto by_proc = detail::read_proc_routes("/proc/net/route", error);
    if (error)
        return "no /proc: " + error.message();
    std::string result;
    for (const std::uint32_t interface_index : {0U, 1U}) {
        natpmp::error_code one, other;
        const auto first = detail::choose_gateway(by_netlink, interface_index, one);
        const auto second = detail::choose_gateway(by_proc, interface_index, other);
        result +=
            first == second && one == other ? first.address.to_string() + ';' : "they differ;";
    }
    return result + '\n';
}

/// What compared() comes to: a carrier takes the kernel a moment, which then gives notice of it.
std::string settled(int notices, const std::string& wanted)
{
    std::string result = compared();
    pollfd notice{notices, POLLIN, 0};
    while (result != wanted && ::poll(&notice, 1, 2000) > 0) {
        static_cast<void>(detail::drain_change_notices(notices));
        result = compared();
    }
    return result;
}

TEST_CASE("gateway_proc: files that are no routing table", "[gateway]")
{
    natpmp::error_code error;
    CHECK(routes_of_file("/dev/null", error) == 0);
    CHECK_FALSE(error);
    for (const char* path : {"/nowhere/to/be/found", "/proc"}) {
        CAPTURE(path);
        CHECK(routes_of_file(path, error) == 0);
        CHECK(error == natpmp::errc::routes_unreadable);
    }
}

TEST_CASE("gateway_proc: the same gateways as by netlink", "[gateway]")
{
    const std::vector<std::string> wanted{"0.0.0.0;0.0.0.0;\n",     "0.0.0.0;0.0.0.0;\n",
                                          "10.9.9.10;0.0.0.0;\n",   "172.16.0.1;0.0.0.0;\n",
                                          "192.168.1.1;0.0.0.0;\n", "192.168.1.1;10.8.0.2;\n",
                                          "10.0.0.9;10.8.0.2;\n",   "10.8.0.2;10.8.0.2;\n"};

    const auto result = in_own_network([&](int control) {
        const int notices = detail::open_change_notices();
        const detail::descriptor_guard guard(notices);
        std::string text;
        auto next = wanted.begin();
        const auto look = [&] { text += settled(notices, *next++); };
        try {
            add_cable(control, "twelve-chars");
        } catch (const std::exception&) {
            return std::string("skipped");
        }
        const auto index = ::if_nametoindex("twelve-chars");
        look();
        add_address(control, index, "192.168.1.7", 24);
        add_address(control, index, "10.0.0.7", 32, "10.0.0.9"); // with a peer
        add_address(control, index, "10.9.9.9", 28);
        change(control, RTM_NEWROUTE, loopback_route(1, "0.0.0.0", "10.8.0.1", 0));
        change(control, RTM_NEWROUTE, loopback_route(1, "128.0.0.0", "10.8.0.1", 0));
        look();
        const auto add = [&](std::uint32_t by, const std::string& gateway, std::uint32_t metric) {
            change(control, RTM_NEWROUTE, route_through(by, 0, "", gateway, metric));
            look();
        };
        add(index, "10.9.9.10", 4'000'000'000U);
        add(index, "172.16.0.1", 700);
        add(index, "192.168.1.1", 600);
        add(1, "10.8.0.2", 800);
        add(index, "10.0.0.9", 50);
        set_interface(control, ::if_nametoindex("veth0"), 0); // no carrier any more
        look();
        return text;
    });
    if (result == "skipped")
        return;
    std::string all;
    for (const auto& step : wanted)
        all += step;
    CHECK(result == all);
}

TEST_CASE("gateway_proc: only routes of interfaces that are there and up", "[gateway]")
{
    const auto result = in_own_network([](int control) {
        const auto text =
            heading + line({.name = "gone0"}) + line({.name = "*"}) + line({.name = "lo"});
        std::string counts = std::to_string(usable(text)) + ' ';
        set_interface(control, 1, 0);
        counts += std::to_string(usable(text)) + ' ';
        set_interface(control, 1, IFF_UP);
        // One longer than what is read at once is none of the kernel's, and does no harm.
        counts += std::to_string(usable(std::string(100'000, 'x') + '\n' + line({.name = "lo"})));
        counts += ' ';
        return counts + std::to_string(usable(text));
    });
    if (result != "skipped")
        CHECK(result == "1 0 1 1");
}

TEST_CASE("gateway_proc: a real kernel's default route that lets nothing out", "[gateway]")
{
    const auto result = in_own_network([](int control) {
        change(control, RTM_NEWROUTE, loopback_route(0, "", "192.168.1.1", 600));
        std::string text;
        for (const auto type : {RTN_UNREACHABLE, RTN_PROHIBIT}) {
            auto fixed = fixed_route();
            fixed.rtm_type = type;
            change(control, RTM_NEWROUTE, raw(fixed));
            natpmp::error_code error;
            const auto routes = detail::read_proc_routes("/proc/net/route", error);
            const auto any = detail::choose_gateway(routes, 0, error);
            text += error == natpmp::errc::no_gateway ? "none;" : any.address.to_string();
            text += detail::choose_gateway(routes, 1, error).address.to_string() + ';';
            change(control, RTM_DELROUTE, raw(fixed));
        }
        return text;
    });
    if (result != "skipped")
        CHECK(result == "none;192.168.1.1;none;192.168.1.1;");
}

TEST_CASE("gateway_proc: netlink comes first, then the file, then a clear error", "[gateway]")
{
    const auto result = in_own_network([](int control) {
        add_address(control, 1, "192.168.1.7", 32);
        add_address(control, 1, "192.168.1.8", 32);
        // Only netlink tells which interface has an address. The kernel knows what a route prefers.
        change(control, RTM_NEWROUTE,
               joined({loopback_route(0, "", "192.168.1.1", 0),
                       attribute(RTA_PREFSRC, "192.168.1.8")}));
        std::string text = found() + found("192.168.1.7");
        if (!without_netlink::forbid_netlink())
            return std::string("skipped");
        text += found() + found("192.168.1.7");
        change(control, RTM_DELROUTE, loopback_route(0, "", "192.168.1.1", 0));
        text += found();
        const rlimit none{0, 0}; // no new file, no new socket
        ::setrlimit(RLIMIT_NOFILE, &none);
        ifreq interface{};
        std::strcpy(interface.ifr_name, "lo");
        detail::default_route route;
        natpmp::error_code error;
        const bool usable = detail::resolve_interface(-1, interface, route, error);
        return text + found() + (usable ? "usable;" : error.message().substr(0, 17));
    });
    if (result != "skipped")
        CHECK(result == "192.168.1.1 from 192.168.1.8;192.168.1.1 from 192.168.1.7;"
                        "192.168.1.1 from 192.168.1.8;the routing table can;"
                        "no IPv4 default route;the routing table can;the routing table");
}

TEST_CASE("gateway_proc: without netlink there are no change notices", "[gateway]")
{
    const auto result = in_own_network([](int) {
        if (!without_netlink::forbid_netlink())
            return std::string("skipped");
        const int descriptor = detail::open_change_notices();
        return std::to_string(descriptor) + ' ' + std::to_string(errno);
    });
    if (result != "skipped")
        CHECK(result == "-1 " + std::to_string(EPERM));
}

} // namespace gateway_proc_system_test

#endif // defined(__linux__)
