// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// examples/torrent_session.cpp against a gateway on loopback.

#include "examples/program.hpp"

#include <asio/read.hpp>

#include <array>

namespace torrent_session_test {
using namespace examples_test;

/// A gateway that has been up for long and grants 2 seconds, and a session on a free port.
struct torrent
{
    world in;
    std::uint16_t port = free_port(in);
    std::string text = std::to_string(port);
    std::vector<std::string> arguments{"--port", text, "--gateway", program::gateway_of(in)};

    torrent()
    {
        natpmp::testing::gateway_settings settings;
        settings.epoch = 100'000s;
        settings.min_lifetime = settings.max_lifetime = 2s;
        in.gateway.model() = natpmp::testing::gateway_model(in.gateway.now(), settings);
    }

    [[nodiscard]] std::string announcement(const std::string& endpoint) const
    {
        return "tracker: peers reach us at " + endpoint;
    }

    [[nodiscard]] lines deletes() const
    {
        return {"delete tcp " + text, "delete udp " + text};
    }
};

TEST_CASE("torrent_session: it opens the port that it listens on, and leaves nothing behind")
{
    torrent its;
    program session(its.in, "torrent_session", its.arguments);
    REQUIRE(session.prints(its.announcement("203.0.113.7:" + its.text)));
    const lines opening{its.deletes()[0], "map tcp " + its.text + ' ' + its.text + " 7200",
                        its.deletes()[1], "map udp " + its.text + ' ' + its.text + " 7200",
                        "address"};
    lines wire = requests(its.in);
    wire.resize(opening.size());
    CHECK(wire == opening);
    CHECK(its.in.mapped() == 2);

    // It is its own port that it opened.
    asio::ip::tcp::socket peer(its.in.context);
    peer.connect({asio::ip::address_v4::loopback(), its.port});
    std::array<char, 12> greeting{};
    asio::read(peer, asio::buffer(greeting));
    CHECK(std::string(greeting.data(), greeting.size()) == "hello, peer\n");
    asio::ip::udp::socket pinger(its.in.context, asio::ip::udp::v4());
    pinger.connect({asio::ip::address_v4::loopback(), its.port});
    std::array<char, 12> pong{};
    pinger.send(asio::buffer("ping", 4));
    CHECK(pinger.receive(asio::buffer(pong)) == 4);

    session.signal(SIGTERM);
    CHECK(session.end() == 0);
    CHECK(its.in.mapped() == 0);
    wire = requests(its.in);
    CHECK(lines(wire.end() - 2, wire.end()) == its.deletes());
    lines last(session.printed().end() - 3, session.printed().end());
    CHECK(last == lines{"tracker: we are gone", "router: unmapped tcp " + its.text,
                        "router: unmapped udp " + its.text});
}

TEST_CASE("torrent_session: the tracker hears of another port and another address, once each")
{
    torrent its;
    program session(its.in, "torrent_session", its.arguments);
    REQUIRE(session.prints(its.announcement("203.0.113.7:" + its.text)));

    its.in.faults().move_ports = fault_switch::times(2); // at the next renewals, TCP's and UDP's
    const std::string next = std::to_string(its.port + 1);
    REQUIRE(session.prints(its.announcement("203.0.113.7:" + next)));
    REQUIRE(session.prints("router: endpoint_changed udp " + next));

    // The router restarts with another address, which shows at the next renewal.
    its.in.gateway.model().settings.external_address = asio::ip::make_address_v4("198.51.100.9");
    its.in.faults().epoch_jump = -50'000s;
    REQUIRE(session.prints(its.announcement("198.51.100.9:" + next)));

    session.signal(SIGINT);
    CHECK(session.end() == 0);
    CHECK(its.in.mapped() == 0);
    const auto announcements =
        std::count_if(session.printed().begin(), session.printed().end(),
                      [&](const std::string& line) { return line.starts_with("tracker: peers"); });
    CHECK(announcements == 3);
}

TEST_CASE("torrent_session: an address that the Internet does not reach is warned of")
{
    torrent its;
    its.in.gateway.model().settings.external_address = asio::ip::make_address_v4("10.1.2.3");
    program session(its.in, "torrent_session", its.arguments);
    CHECK(
        session.prints("warning: private address: is there another router in front of this one?"));
}

TEST_CASE("torrent_session: a second copy fails before it asks the router for anything")
{
    torrent its;
    program session(its.in, "torrent_session", its.arguments);
    REQUIRE(session.prints(its.announcement("203.0.113.7:" + its.text)));
    const auto deletes = [&] {
        const lines wire = requests(its.in);
        return std::count(wire.begin(), wire.end(), its.deletes()[0]);
    };
    REQUIRE(deletes() == 1);
    program second(its.in, "torrent_session", its.arguments);
    CHECK(second.end() == 1);
    CHECK(deletes() == 1); // nobody cleaned up the first one's port
}

TEST_CASE("torrent_session: it ends in time though the router is silent, and says so")
{
    torrent its;
    program session(its.in, "torrent_session", its.arguments);
    REQUIRE(session.prints(its.announcement("203.0.113.7:" + its.text)));
    its.in.faults().drop = true;
    const auto start = std::chrono::steady_clock::now();
    session.signal(SIGTERM);
    CHECK(session.end() == 3);
    CHECK(std::chrono::steady_clock::now() - start < 3s);
    CHECK(session.count("tracker: we are gone") == 1);
}

} // namespace torrent_session_test
