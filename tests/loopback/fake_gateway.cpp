// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The fake gateway on real sockets, asked by a plain UDP socket.

#include <natpmp/testing/fake_gateway.hpp>

#include "support/catch.hpp"

#include "support/asio.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

namespace fake_gateway_test {
using namespace std::chrono_literals;
using natpmp::error_code;
using natpmp::testing::basic_fake_gateway;
using natpmp::testing::fake_gateway;
using natpmp::testing::fault_switch;
using udp = natpmp::net::ip::udp;
using natpmp::net::ip::address_v4;

using bytes = std::vector<std::uint8_t>;

const bytes address_request{0, 0};
const bytes map_request{0, 1, 0, 0, 0x0F, 0xA1, 0x0F, 0xA1, 0, 0, 0x1C, 0x20};
const bytes map_answer{0, 0x81, 0, 0, 0, 0, 0, 0, 0x0F, 0xA1, 0x0F, 0xA1, 0, 0, 0x1C, 0x20};

struct datagram
{
    bytes content;
    udp::endpoint sender;
    error_code error;
};

/// A socket that keeps what it receives.
class listener
{
public:
    explicit listener(asio::io_context& context,
                      const udp::endpoint& local = {address_v4::loopback(), 0})
        : socket(context)
    {
        socket.open(udp::v4());
        socket.set_option(udp::socket::reuse_address{true});
        socket.bind(local);
        receive();
    }

    void send(const bytes& packet, const udp::endpoint& destination)
    {
        socket.send_to(asio::buffer(packet), destination);
    }

    udp::socket socket;
    std::vector<datagram> received;

private:
    void receive()
    {
        socket.async_receive_from(
            asio::buffer(buffer_), sender_, [this](const error_code& error, std::size_t size) {
                if (error == asio::error::operation_aborted || !socket.is_open())
                    return;
                const auto end = buffer_.begin() + static_cast<std::ptrdiff_t>(size);
                received.push_back({{buffer_.begin(), end}, sender_, error});
                receive();
            });
    }

    std::array<std::uint8_t, 1500> buffer_{};
    udp::endpoint sender_;
};

struct bench
{
    asio::io_context context;
    fake_gateway gateway{context.get_executor()};
    listener client{context};

    template <class Predicate>
    bool run_until(Predicate done)
    {
        const auto limit = std::chrono::steady_clock::now() + 10s;
        while (!done())
            if (context.run_one_until(limit) == 0)
                return false;
        return true;
    }

    bool wait_for(std::size_t count)
    {
        return run_until([&] { return client.received.size() >= count; });
    }

    /// A datagram is handled after all that were sent to the gateway before it, and so is its
    /// answer: what is to come at once has come.
    void settle()
    {
        listener probe{context};
        probe.send(address_request, gateway.endpoint());
        REQUIRE(run_until([&] { return !probe.received.empty(); }));
        context.poll();
    }
};

TEST_CASE("fake_gateway: answers, and goes on answering")
{
    bench world;
    CHECK(world.gateway.endpoint().address() == address_v4::loopback());
    CHECK(world.gateway.endpoint().port() != 0);
    for (std::size_t i = 1; i <= 3; ++i) {
        world.client.send(map_request, world.gateway.endpoint());
        REQUIRE(world.wait_for(i));
        CHECK(world.client.received.back().content == map_answer);
        CHECK(world.client.received.back().sender == world.gateway.endpoint());
    }
    const auto entry = world.gateway.model().table.find(
        address_v4::loopback(), natpmp::protocol::udp, 4001, world.gateway.now());
    REQUIRE(entry);
    CHECK(entry->external_port == 4001);
    REQUIRE(world.gateway.model().requests.size() == 3);
    CHECK(world.gateway.model().requests[0].bytes == map_request);
}

TEST_CASE("fake_gateway: several hosts", "[addresses]")
{
    bench world;
    listener second{world.context, {address_v4{0x7F000003}, 0}};
    world.client.send(map_request, world.gateway.endpoint());
    second.send(map_request, world.gateway.endpoint());
    REQUIRE(world.run_until(
        [&] { return !world.client.received.empty() && !second.received.empty(); }));
    CHECK(world.client.received[0].content == map_answer);
    CHECK(second.received[0].content[11] == 0xA2); // the next free port
}

TEST_CASE("fake_gateway: any executor")
{
    asio::io_context context;
    listener client{context};
    const auto strand = asio::make_strand(context);
    basic_fake_gateway<asio::strand<asio::io_context::executor_type>> gateway{strand};
    CHECK(gateway.get_executor() == strand);
    client.send(address_request, gateway.endpoint());
    while (client.received.empty())
        REQUIRE(context.run_one_for(10s) == 1);
    CHECK(client.received[0].content.size() == 12);
}

TEST_CASE("fake_gateway: a port that is not to be had")
{
    bench world;
    CHECK_THROWS_AS(fake_gateway(world.context.get_executor(), world.gateway.endpoint().port()),
                    natpmp::system_error);
    CHECK_THROWS_AS(fake_gateway(world.context.get_executor(), 0, address_v4{0xCB007107}),
                    natpmp::system_error);
}

TEST_CASE("fake_gateway: delayed answers come in the order in which they are due")
{
    bench world;
    auto& faults = world.gateway.model().faults;
    const auto start = std::chrono::steady_clock::now();
    faults.delay = 250ms;
    world.client.send(address_request, world.gateway.endpoint());
    REQUIRE(world.run_until([&] { return world.gateway.model().requests.size() == 1; }));
    faults.delay = 20ms;
    faults.duplicates = 1;
    faults.duplicate_gap = 1ms;
    world.client.send(map_request, world.gateway.endpoint());
    REQUIRE(world.wait_for(3));
    CHECK(std::chrono::steady_clock::now() - start >= 250ms);
    CHECK(world.client.received[0].content == map_answer);
    CHECK(world.client.received[1].content == map_answer);
    CHECK(world.client.received[2].content.size() == 12);
}

TEST_CASE("fake_gateway: answers from strangers", "[addresses]")
{
    bench world;
    world.gateway.model().faults.wrong_address = fault_switch::times(1);
    world.client.send(address_request, world.gateway.endpoint());
    REQUIRE(world.wait_for(1));
    CHECK(world.client.received[0].sender.address() == address_v4{0x7F000002});
    CHECK(world.client.received[0].sender.port() == world.gateway.endpoint().port());

    world.gateway.model().faults.wrong_port = fault_switch::times(1);
    world.client.send(address_request, world.gateway.endpoint());
    REQUIRE(world.wait_for(2));
    CHECK(world.client.received[1].sender.address() == address_v4::loopback());
    CHECK(world.client.received[1].sender.port() != world.gateway.endpoint().port());
    CHECK(world.client.received[1].content == world.client.received[0].content);

    world.client.send(address_request, world.gateway.endpoint());
    REQUIRE(world.wait_for(3));
    CHECK(world.client.received[2].sender == world.gateway.endpoint());
}

TEST_CASE("fake_gateway: lost requests")
{
    bench world;
    world.gateway.model().faults.drop = fault_switch::times(2);
    for (int i = 0; i < 3; ++i)
        world.client.send(map_request, world.gateway.endpoint());
    REQUIRE(world.wait_for(1));
    world.settle();
    CHECK(world.client.received.size() == 1);
}

#if defined(__linux__)
TEST_CASE("fake_gateway: a closed port gives ICMP, an open one answers again")
{
    bench world;
    world.client.socket.connect(world.gateway.endpoint());
    world.gateway.close();
    CHECK_FALSE(world.gateway.is_open());
    world.client.socket.send(asio::buffer(address_request));
    REQUIRE(world.wait_for(1));
    CHECK(world.client.received[0].error == asio::error::connection_refused);

    const auto endpoint = world.gateway.endpoint();
    world.gateway.reopen();
    world.gateway.reopen(); // does nothing
    CHECK(world.gateway.is_open());
    CHECK(world.gateway.endpoint() == endpoint);
    for (std::size_t i = 2; i < 4; ++i) {
        world.client.socket.send(asio::buffer(address_request));
        REQUIRE(world.wait_for(i));
        CHECK(world.client.received.back().content.size() == 12);
    }
    CHECK(world.gateway.model().requests.size() == 2);
}

TEST_CASE("fake_gateway: a reply that is ICMP closes the port for a while")
{
    bench world;
    world.client.socket.connect(world.gateway.endpoint());
    world.gateway.model().faults.port_unreachable = fault_switch::times(1);
    world.client.socket.send(asio::buffer(address_request));
    REQUIRE(world.run_until([&] { return !world.gateway.is_open(); }));
    CHECK(world.client.received.empty());

    world.client.socket.send(asio::buffer(address_request));
    REQUIRE(world.wait_for(1));
    CHECK(world.client.received[0].error == asio::error::connection_refused);

    world.gateway.reboot(0); // does not keep it closed
    REQUIRE(world.run_until([&] { return world.gateway.is_open(); }));
    world.client.socket.send(asio::buffer(address_request));
    REQUIRE(world.wait_for(2));
    CHECK(world.client.received[1].content.size() == 12);
}

TEST_CASE("fake_gateway: announcements to the group")
{
    bench world;
    // Bound to the group, as RFC 6886, section 3.2.1, advises; no join is needed for this one.
    listener member{world.context, {address_v4{0xE0000001}, 0}};
    const udp::endpoint group{address_v4{0xE0000001}, member.socket.local_endpoint().port()};
    world.gateway.announce(group);
    REQUIRE(world.run_until([&] { return member.received.size() == 1; }));
    CHECK(member.received[0].content.size() == 12);
    CHECK(member.received[0].sender == world.gateway.endpoint());
    CHECK(fake_gateway::announcement_endpoint() == udp::endpoint{group.address(), 5350});
}
#endif

TEST_CASE("fake_gateway: announcements to a host", "[addresses]")
{
    bench world;
    const auto destination = world.client.socket.local_endpoint();
    world.gateway.announce(destination);
    world.gateway.announce_pcp(destination);
    world.gateway.model().faults.wrong_address = fault_switch::times(1);
    world.gateway.announce(destination);
    world.gateway.close();
    world.gateway.announce(destination); // is lost
    world.gateway.reopen();
    world.gateway.announce_pcp(destination);
    REQUIRE(world.wait_for(4));
    const auto& received = world.client.received;
    CHECK(received[0].content == bytes{0, 0x80, 0, 0, 0, 0, 0, 0, 203, 0, 113, 7});
    CHECK(received[1].content.size() == 24);
    CHECK(received[1].content[0] == 2);
    CHECK(received[2].sender.address() == address_v4{0x7F000002});
    CHECK(received[3].content.size() == 24);
    CHECK(received[3].sender == world.gateway.endpoint());
}

TEST_CASE("fake_gateway: a reboot announces itself, and again after 250 ms")
{
    bench world;
    world.client.send(map_request, world.gateway.endpoint());
    REQUIRE(world.wait_for(1));
    world.client.received.clear();

    const auto start = std::chrono::steady_clock::now();
    world.gateway.reboot(2, world.client.socket.local_endpoint());
    CHECK(world.gateway.model().table.size(world.gateway.now()) == 0);
#if !defined(_WIN32)                              // where a pending receive has taken it
    CHECK(world.client.socket.available() == 12); // the first is sent at once
#endif
    REQUIRE(world.wait_for(2));
    CHECK(std::chrono::steady_clock::now() - start >= 250ms);
    CHECK(world.client.received[1].content[1] == 0x80);

    // A closed gateway has no announcement left to make.
    world.gateway.reboot(10, world.client.socket.local_endpoint());
    world.gateway.close();
    world.client.socket.close();
    world.context.run();
    CHECK(world.client.received.size() == 2);
}

TEST_CASE("fake_gateway: a request that came in before it was closed is lost")
{
    bench world;
    const auto& requests = world.gateway.model().requests;
    // When the first is handled, Asio has the second already, its completion queued.
    world.client.send(address_request, world.gateway.endpoint());
    world.client.send(address_request, world.gateway.endpoint());
    REQUIRE(world.run_until([&] { return requests.size() == 1; }));
    world.gateway.close();
    world.gateway.reopen();
    world.settle();
    CHECK(requests.size() == 2); // the first, and that of settle()
    CHECK(world.client.received.size() == 1);
}

TEST_CASE("fake_gateway: an answer that was on its way when it was closed is lost")
{
    bench world;
    auto& faults = world.gateway.model().faults;
    faults.delay = 10ms;
    world.client.send(address_request, world.gateway.endpoint());
    REQUIRE(world.run_until([&] { return world.gateway.model().requests.size() == 1; }));
    world.gateway.close();
    world.gateway.reopen();
    faults.delay = 20ms;
    world.client.send(map_request, world.gateway.endpoint());
    REQUIRE(world.wait_for(1));
    CHECK(world.client.received[0].content == map_answer);
}

TEST_CASE("fake_gateway: destroyed with an answer on its way")
{
    asio::io_context context;
    listener client{context};
    std::optional<fake_gateway> gateway{std::in_place, context.get_executor()};
    gateway->model().faults.delay = 1h;
    client.send(address_request, gateway->endpoint());
    while (gateway->model().requests.empty())
        REQUIRE(context.run_one_for(10s) == 1);
    gateway.reset();
    client.socket.close();
    context.run(); // has nothing to wait for
    CHECK(client.received.empty());
}

TEST_CASE("fake_gateway: the context destroyed with handlers pending")
{
    auto context = std::make_unique<asio::io_context>();
    {
        fake_gateway gateway{context->get_executor()};
        gateway.reboot(10, {address_v4::loopback(), 9});
    }
    context.reset();
    SUCCEED();
}

TEST_CASE("fake_gateway: destroyed before its context ever ran")
{
    asio::io_context context;
    {
        const fake_gateway gateway{context.get_executor()};
    }
    CHECK(context.run() > 0); // the cancelled receive
}

} // namespace fake_gateway_test
