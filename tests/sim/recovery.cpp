// A client on the simulated network: what heals, and how soon.

#include "support/catch.hpp"

#include <natpmp/describe.hpp>
#include <natpmp/testing/simulated_platform.hpp>

#include "support/asio.hpp"

#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using natpmp::protocol;
using natpmp::testing::simulated_network;

const auto first_gateway = asio::ip::make_address_v4("192.168.1.1");
const auto other_gateway = asio::ip::make_address_v4("10.0.0.1");
const auto host = asio::ip::make_address_v4("192.168.1.2");

struct home
{
    home()
    {
        network.observer = [this](const auto& datagram) {
            if (datagram.at == natpmp::testing::simulated_datagram::place::sent)
                wire.push_back(datagram.gateway.to_string() + ' ' +
                               natpmp::describe(datagram.bytes));
        };
        client.set_observer(
            [this](const natpmp::event& news) { events.emplace_back(to_string(news.kind)); });
    }

    void map(protocol protocol, std::uint16_t port)
    {
        client.async_map_port(protocol, port, [this](const natpmp::error_code& error, auto&&...) {
            completed.push_back(error);
        });
        network.run_for(100ms);
        wire.clear();
        events.clear();
    }

    bool mapped(protocol protocol, std::uint16_t port)
    {
        return network.gateway()
            .model.table.find(network.host().local_address.to_v4(), protocol, port, network.now())
            .has_value();
    }

    asio::io_context context;
    simulated_network network{context, 7};
    natpmp::client client{network.platform()};
    std::vector<std::string> wire, events;
    std::vector<natpmp::error_code> completed;
};

} // namespace

TEST_CASE("sim: a reboot that is announced is healed within 5 s and the round trips (R-1, R-4)")
{
    home home;
    // Where the clock was seen at 2 s or less, the first announcement leaves doubt.
    const auto epoch = GENERATE(0s, 1000s);
    home.network.gateway().model =
        natpmp::testing::gateway_model(home.network.now(), {.epoch = epoch});
    for (std::uint16_t port = 1; port <= 20; ++port)
        home.map(protocol::tcp, port);
    home.network.run_for(1h - 1min);
    home.wire.clear();
    home.network.reboot(first_gateway, 10);
    home.network.run_for(1ms);
    CHECK(home.wire.empty());
    home.network.run_for(5s + 100ms);
    for (std::uint16_t port = 1; port <= 20; ++port)
        CHECK(home.mapped(protocol::tcp, port));
    home.network.run_for(3min);    // all ten announcements: one recovery
    CHECK(home.wire.size() == 20); // the announcement told the address
    CHECK(home.client.status().resets == 1);
}

TEST_CASE("sim: one announcement that leaves doubt has the gateway asked, then healed (E-2, R-1)")
{
    home home;
    home.map(protocol::tcp, 80);
    home.network.run_for(30min);
    home.network.reboot(first_gateway, 1); // its clock was seen at 0 s, and is at 0 s
    home.network.run_for(5s + 10ms);
    CHECK(home.wire == std::vector<std::string>{"192.168.1.1 ask for the external address",
                                                "192.168.1.1 map tcp 80, suggest 80 for 7200 s"});
    CHECK(home.client.status().resets == 1);
}

TEST_CASE("sim: a reboot that nobody announces is healed at the next renewal (R-7)")
{
    home home;
    home.map(protocol::tcp, 80);
    home.map(protocol::udp, 80);
    home.network.run_for(20min);
    home.network.reboot(first_gateway, 0);
    home.network.run_for(39min);
    CHECK_FALSE(home.mapped(protocol::tcp, 80));
    home.network.run_for(2min);
    CHECK(home.mapped(protocol::tcp, 80));
    CHECK(home.mapped(protocol::udp, 80));
    CHECK(home.client.status().resets == 1);
}

TEST_CASE("sim: another gateway gets everything anew, and no delete (H-3)")
{
    home home;
    home.map(protocol::tcp, 80);
    home.network.add_gateway(other_gateway);
    home.network.set_host(asio::ip::make_address_v4("10.0.0.2"), other_gateway);
    home.network.run_for(1s);
    CHECK(home.mapped(protocol::tcp, 80));
    REQUIRE(home.wire.size() == 2);
    CHECK(home.wire[0] == "10.0.0.1 ask for the external address");
    CHECK(home.wire[1] == "10.0.0.1 map tcp 80, suggest 80 for 7200 s");
    CHECK(home.events == std::vector<std::string>{"gateway_changed", "address_changed", "lost",
                                                  "address_changed", "restored"});
}

TEST_CASE("sim: a gateway's error does not outlast it, even while the client rests (T-7)")
{
    home home;
    home.network.add_gateway(other_gateway);
    home.network.gateway().serving = false;
    home.map(protocol::tcp, 80);
    REQUIRE(home.completed.back() == natpmp::errc::not_supported);
    SECTION("the same gateway: it is kept")
    {
        home.client.async_map_port(
            protocol::tcp, 80,
            [&](const natpmp::error_code& error, auto&&...) { home.completed.push_back(error); });
        home.network.run_for(1s);
        CHECK(home.completed.back() == natpmp::errc::not_supported);
        CHECK(home.wire.empty());
    }
    SECTION("another one: it is asked")
    {
        home.network.set_host(asio::ip::make_address_v4("10.0.0.2"), other_gateway);
        home.map(protocol::tcp, 80);
        home.network.run_for(1s); // a second after the last map request for the port
        CHECK_FALSE(home.completed.back());
        CHECK(home.mapped(protocol::tcp, 80));
    }
}

TEST_CASE("sim: shutdown deletes every mapping once, though each delete is refused by ICMP")
{
    home home;
    for (std::uint16_t port = 1; port <= 40; ++port)
        home.map(protocol::tcp, port);
    home.network.gateway().serving = false;
    home.client.async_shutdown(
        2s, [&](const natpmp::error_code& error) { home.completed.push_back(error); });
    home.network.run_for(3s);
    CHECK(home.completed.back() == natpmp::errc::shutdown_incomplete);
    CHECK(home.wire.size() == 40);
}

TEST_CASE("sim: an outage longer than the lease ends with the mapping up again (N-3)")
{
    home home;
    home.map(protocol::tcp, 80);
    home.network.gateway().reachable = false;
    home.network.run_for(5h);
    CHECK(home.events == std::vector<std::string>{"no_response", "renewal_failing", "lost"});
    home.network.gateway().reachable = true;
    home.network.run_for(8min + 70s); // the longest pause, and the longest wait in a burst
    CHECK(home.mapped(protocol::tcp, 80));
    CHECK(home.events.back() == "restored");
}

TEST_CASE("sim: a host that slept past its lease finds out when it wakes (H-2)")
{
    home home;
    home.map(protocol::tcp, 80);
    home.network.sleep_until(home.network.now() + 9h);
    home.network.run_for(9h + 1s);
    CHECK(home.mapped(protocol::tcp, 80));
    CHECK(home.events == std::vector<std::string>{"lost", "restored"});
}

TEST_CASE("sim: the interface goes down and comes up again (H-5)")
{
    home home;
    home.map(protocol::tcp, 80);
    home.network.set_host(host, asio::ip::address_v4{});
    home.network.run_for(3h);
    CHECK(home.wire.empty());
    home.network.set_host(host, first_gateway);
    home.network.run_for(1s);
    CHECK(home.mapped(protocol::tcp, 80));
}

TEST_CASE("sim: a request from before the network gets its port when the network comes")
{
    home home;
    home.network.set_host(host, asio::ip::address_v4{});
    natpmp::map_request request{.internal_port = 80, .keep_trying = true};
    bool done = false;
    home.client.async_map_port(
        request, [&](const natpmp::error_code& error, const natpmp::mapping& mapping) {
            done = true;
            CHECK_FALSE(error);
            CHECK(mapping.external_port == 80);
        });
    home.network.run_for(1h);
    CHECK_FALSE(done);
    home.network.set_host(host, first_gateway);
    home.network.run_for(1s);
    CHECK(done);
}

TEST_CASE("sim: a year without faults is a request and its answer every half lifetime (N-1)")
{
    home home;
    home.map(protocol::tcp, 80);
    home.network.run_for(std::chrono::hours(24 * 365));
    const auto maps = std::count(home.wire.begin(), home.wire.end(),
                                 "192.168.1.1 map tcp 80, suggest 80 for 7200 s");
    CHECK(maps == 24 * 365);
    CHECK(home.client.status().retransmitted == 0);
    CHECK(home.mapped(protocol::tcp, 80));
}

TEST_CASE("sim: a lease of one second, and one of 136 years, are harmless (M-11)")
{
    home home;
    for (const std::uint32_t lease : {1U, 0xFFFFFFFFU}) {
        auto& settings = home.network.gateway().model.settings;
        settings.min_lifetime = settings.max_lifetime = std::chrono::seconds(lease);
        home.map(protocol::tcp, static_cast<std::uint16_t>(lease & 0xFFFF));
    }
    home.network.run_for(1h);
    CHECK(home.wire.size() <= 3600 * 3);
    CHECK(home.mapped(protocol::tcp, 0xFFFF));
}
