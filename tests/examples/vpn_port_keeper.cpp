// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// examples/vpn_port_keeper.cpp against a gateway on loopback that assigns ports.

#include "examples/program.hpp"

namespace vpn_port_keeper_test {
using namespace examples_test;

/// A VPN's gateway whose leases are 2 seconds instead of 60, so that renewals come soon.
struct vpn
{
    world in;

    vpn()
    {
        auto settings = natpmp::testing::port_forwarding_vpn();
        settings.min_lifetime = settings.max_lifetime = 2s;
        in.gateway.model() = natpmp::testing::gateway_model(in.gateway.now(), settings);
    }

    [[nodiscard]] lines arguments(const lines& command) const
    {
        lines result{"--gateway", program::gateway_of(in)};
        if (!command.empty())
            result.emplace_back("--");
        result.insert(result.end(), command.begin(), command.end());
        return result;
    }

    [[nodiscard]] std::ptrdiff_t renewals()
    {
        const lines wire = in.wire();
        return std::count(wire.begin(), wire.end(), "map tcp 0 1 60");
    }
};

const lines opening{"map tcp 0 1 60", "map udp 0 1 60", "address"};

TEST_CASE("vpn_port_keeper: the command gets the port, and again when it changes")
{
    vpn its;
    program keeper(its.in, "vpn_port_keeper", its.arguments({"echo", "$HOME; echo", "port"}));
    // As it stands, without a shell.
    REQUIRE(keeper.prints("$HOME; echo port 49152"));
    its.in.faults().move_ports = fault_switch::times(1);
    REQUIRE(keeper.prints("$HOME; echo port 49153"));
    const auto before = its.renewals();
    REQUIRE(its.in.run_until([&] { return its.renewals() > before; }));

    keeper.signal(SIGTERM);
    CHECK(keeper.end() == 0);
    CHECK(keeper.count("$HOME; echo port 49152") == 1);
    CHECK(keeper.count("$HOME; echo port 49153") == 1);
    CHECK(keeper.count("forwarded port: 49153") == 1);
}

TEST_CASE("vpn_port_keeper: on the wire there is internal port 0, and never a delete")
{
    vpn its;
    program keeper(its.in, "vpn_port_keeper", its.arguments({}));
    REQUIRE(keeper.prints("forwarded port: 49152"));
    REQUIRE(its.in.run_until([&] { return its.renewals() >= 3; }));
    keeper.signal(SIGINT);
    CHECK(keeper.end() == 0);

    lines wire = requests(its.in);
    CHECK(lines(wire.begin(), wire.begin() + 3) == opening);
    for (const std::string& line : wire)
        CHECK(std::count(opening.begin(), opening.end(), line) == 1);
    CHECK(its.in.mapped() == 2); // they run out
}

TEST_CASE("vpn_port_keeper: a command that fails is run again at the next renewal")
{
    vpn its;
    const auto [command, status] =
        GENERATE(std::pair<lines, std::string>{{"false"}, "1"},
                 std::pair<lines, std::string>{{"/nonexistent/program"}, "-1"},
                 std::pair<lines, std::string>{{"sh", "-c", "kill -9 $$"}, "-1"});
    program keeper(its.in, "vpn_port_keeper", its.arguments(command));
    REQUIRE(keeper.prints("the command failed: " + status));
    CHECK(its.renewals() == 1);
    CHECK(keeper.prints("the command failed: " + status, 2));
    CHECK(its.renewals() == 2);
    keeper.signal(SIGTERM);
    CHECK(keeper.end() == 0);
}

TEST_CASE("vpn_port_keeper: renewals go on and no change gets lost while the command runs")
{
    vpn its;
    program keeper(its.in, "vpn_port_keeper",
                   its.arguments({"sh", "-c", "read line; echo done $0"}));
    REQUIRE(keeper.prints("forwarded port: 49152")); // the command waits for its input
    its.in.faults().move_ports = fault_switch::times(1);
    REQUIRE(keeper.prints("gateway: endpoint_changed udp 49153"));
    const auto before = its.renewals();
    REQUIRE(its.in.run_until([&] { return its.renewals() > before; }));
    CHECK(keeper.count("forwarded port: 49153") == 0);
    keeper.types("\n");
    REQUIRE(keeper.prints("done 49152"));
    REQUIRE(keeper.prints("forwarded port: 49153"));
    keeper.types("\n");
    CHECK(keeper.prints("done 49153"));
}

TEST_CASE("vpn_port_keeper: a signal while the command runs ends the keeper, not the command")
{
    vpn its;
    program keeper(its.in, "vpn_port_keeper", its.arguments({"sh", "-c", "read line; echo $0"}));
    REQUIRE(keeper.prints("forwarded port: 49152"));
    keeper.signal(SIGTERM);
    CHECK(keeper.end_before_its_children() == 0);
    keeper.types("\n");
    CHECK(keeper.prints("49152"));
}

#if defined(__linux__)
TEST_CASE("vpn_port_keeper: the command inherits none of the client's sockets")
{
    vpn its;
    program keeper(its.in, "vpn_port_keeper",
                   its.arguments({"sh", "-c", "ls -l /proc/self/fd; echo listed"}));
    REQUIRE(keeper.prints("listed"));
    const auto descriptors_of = [&](const std::string& kind) {
        return std::count_if(
            keeper.printed().begin(), keeper.printed().end(),
            [&](const std::string& line) { return line.find(kind) != std::string::npos; });
    };
    CHECK(descriptors_of(" -> pipe:") >= 2); // its input and output
    CHECK(descriptors_of(" -> socket:") == 0);
}
#endif

TEST_CASE("vpn_port_keeper: a gateway that is not there does not end it")
{
    vpn its;
    its.in.gateway.close(); // ICMP port unreachable
    program keeper(its.in, "vpn_port_keeper", its.arguments({}));
    REQUIRE(its.in.run_until([&] {
        return std::any_of(
            keeper.printed().begin(), keeper.printed().end(),
            [](const std::string& line) { return line.starts_with("gateway: mapping_failing"); });
    }));
    CHECK(keeper.count("forwarded port: 49152") == 0);
    keeper.signal(SIGTERM);
    CHECK(keeper.end() == 0);
}

} // namespace vpn_port_keeper_test
