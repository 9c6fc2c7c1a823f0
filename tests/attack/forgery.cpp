// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Answers and announcements that look true: forged, replayed, too many, too late (V-1, V-7, B-3).

#include "attack/hostile_gateway.hpp"

#include <random>

namespace forgery_test {
using namespace attack_test;

std::ptrdiff_t count(const lines& all, std::string_view word)
{
    return std::count_if(all.begin(), all.end(), [&](const std::string& line) {
        return line.find(word) != std::string::npos;
    });
}

/// With this external port.
bytes with_port(bytes answer, std::uint16_t port)
{
    answer[10] = static_cast<std::uint8_t>(port >> 8);
    answer[11] = static_cast<std::uint8_t>(port);
    return answer;
}

TEST_CASE("forgery: grants from another host and from another port are not heard (V-1, V-2)")
{
    asio::io_context context;
    udp::socket other_port(context, {asio::ip::address_v4::loopback(), 0});
    hostile_gateway gateway([&](hostile_gateway& it) {
        if (it.last_grant().empty())
            return;
        const bytes forged = with_port(it.last_grant(), 666);
        it.send_as_neighbour(forged, it.asker());
        asio::error_code ignored;
        other_port.send_to(asio::buffer(forged), it.asker(), 0, ignored);
    });
    world in;
    client on(in.context, gateway.options());
    told news(on);
    CHECK(map(in, on).made.external_port == 6881);
    REQUIRE(in.run_until([&] { return news.renewals >= 2; }));
    CHECK(gateway.sent() > 1000);
    CHECK(on.mappings().at(0).external_port == 6881);
    CHECK(ignored(on) == 0);
    CHECK(news.kinds == lines{"mapped"});
}

TEST_CASE("forgery: an old grant that is replayed moves no mapping (V-6, V-7)")
{
    bytes old;
    hostile_gateway gateway([&](hostile_gateway& it) {
        if (it.last_grant().empty())
            return;
        if (old.empty()) {
            old = it.last_grant();
            it.model().faults.move_ports = fault_switch::times(1); // at the first renewal
        } else if (it.last_grant() != old) {
            it.send_as_gateway(old, it.asker());
        }
    });
    world in;
    auto options = gateway.options();
    options.announcements = false;
    client on(in.context, options);
    told news(on);
    CHECK(map(in, on).made.external_port == 6881);
    REQUIRE(in.run_until([&] { return on.mappings().at(0).external_port != 6881; }));
    const std::uint16_t moved = on.mappings().at(0).external_port;
    const auto requests = gateway.wire().size();
    REQUIRE(in.run_until([&] { return ignored(on) >= 500; }));
    // Half a second of replays: they answer nothing, and nothing was asked because of them.
    CHECK(on.mappings().at(0).external_port == moved);
    CHECK(ignored(on) == ignored(on, ignore_reason::not_awaited));
    CHECK(gateway.wire().size() <= requests + 1);
    CHECK(news.kinds == lines{"mapped", "endpoint_changed"});
}

TEST_CASE("forgery: a thousand announcements a second make no storm (R-3, B-3)")
{
    std::mt19937 random{3};
    hostile_gateway gateway([&](hostile_gateway& it) {
        if (it.last_grant().empty())
            return;
        bytes forged{0, 0x80, 0, 0, 0, 0, 0, 0, 203, 0, 113, 1}; // the model's own address
        for (std::size_t at = 4; at < 8; ++at)
            forged[at] = static_cast<std::uint8_t>(random());
        it.send_as_gateway(forged, it.group());
    });
    world in;
    client on(in.context, gateway.options());
    told news(on);
    CHECK_FALSE(map(in, on).error);
    const auto start = std::chrono::steady_clock::now();
    REQUIRE(in.run_until([&] { return std::chrono::steady_clock::now() - start > 5s; }));
    const auto announced = on.status().received;
    CHECK(announced > 2000);
    CHECK(on.status().resets > 100);
    // Three recoveries and three hints at once, then one each in five minutes; a renewal a second.
    CHECK(gateway.wire().size() < 40);
    CHECK(count(gateway.wire(), "delete") == 0);
    CHECK(count(news.kinds, "lost") == 0);
    CHECK(on.mappings().size() == 1);
    CHECK_FALSE(unmap(in, on).error);
}

TEST_CASE("forgery: a gateway that answers everything at once, late and twice (Q-1, V-6)")
{
    world in;
    client on(in.context, in.options());
    told news(on);
    in.faults().delay = 1000ms; // after three transmissions: 0, 250 and 750 ms
    in.faults().duplicates = 1;
    CHECK_FALSE(map(in, on, port_6881(true)).error);
    // Each request is repeated until its first answer comes; the other five answer nothing.
    const lines wire = in.wire();
    CHECK(count(wire, "delete") == 3);
    CHECK(count(wire, "map") == 3);
    in.run_for(2000ms);
    CHECK(count(in.wire(), "map") <= 6); // once more, since the deletes' answers came in between
    CHECK(ignored(on) >= 10);
    CHECK(news.kinds == lines{"mapped"});
    CHECK(in.mapped() == 1);
}

} // namespace forgery_test
