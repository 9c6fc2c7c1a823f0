// A client on a host that is late, one kind of lateness at a time.

#include "one_mapping.hpp"

#include "support/catch.hpp"

#include <natpmp/describe.hpp>

#include <string>
#include <vector>

namespace {

using namespace sim;

const auto own_address = asio::ip::make_address_v4("192.168.1.2");
const auto near_router = asio::ip::make_address_v4("192.168.1.1");
const auto far_router = asio::ip::make_address_v4("192.168.1.254");

/// What is on the wire, and when by the host's clock.
struct watched : one_mapping
{
    explicit watched(std::chrono::seconds lease = 7200s, punctuality host = punctuality::exact)
        : one_mapping(1, lease, host)
    {
        network.observer = [this](const testing::simulated_datagram& datagram) {
            using place = testing::simulated_datagram::place;
            if (datagram.at != place::sent && datagram.at != place::refused)
                return;
            if (datagram.bytes.size() == 12)
                maps.push_back(network.now());
            refused += datagram.at == place::refused;
            if (on_sent)
                on_sent();
        };
    }

    /// Has something happen once, when the next datagram is sent.
    void at_next_datagram(std::function<void()> action)
    {
        on_sent = [this, action] {
            const auto once = std::exchange(on_sent, nullptr);
            action();
        };
    }

    std::vector<time_point> maps; ///< when map requests were sent
    unsigned refused = 0;
    std::function<void()> on_sent;
};

} // namespace

TEST_CASE("sim: a late timer fires within its bounds, a coarse clock shows multiples of its tick")
{
    const punctuality host = GENERATE(punctuality::late, punctuality::coarse);
    watched home(7200s, host);
    home.network.gateway().reachable = false;
    home.network.run_for(1h + 1s);
    REQUIRE(home.maps.size() == 3);
    const duration gap = home.maps[1] - home.maps[0];
    if (host == punctuality::late) {
        CHECK(gap > 250ms - 500us + 20us);
        CHECK(gap <= 250ms + 500us);
        CHECK(gap != 250ms);
    } else {
        CHECK(gap == 250ms); // 16 ticks
        for (const time_point at : home.maps)
            CHECK(at.time_since_epoch() % 15'625us == 0us);
        CHECK(home.network.host_now().time_since_epoch() % 15'625us == 0us);
    }
}

TEST_CASE("sim: what lies in the socket of a loop that stood still is read before anything else")
{
    const bool stops = GENERATE(false, true);
    const auto length = GENERATE(duration{300ms}, duration{10s}, duration{10min});
    watched home;
    home.at_next_datagram([&] {
        const time_point end = home.network.now() + length;
        stops ? home.network.stop_until(end) : home.network.stand_still_until(end);
    });
    home.network.run_for(1h + length);
    home.network.run_for(length);
    CHECK(home.maps.size() == 1);
    CHECK(home.client.status().retransmitted == 0);
    CHECK(home.client.status().resets == 0);
    CHECK(home.client.status().renewals == 1);
    CHECK(home.lost == 0);
}

TEST_CASE("sim: a loop that stands still past the end of a lease finds its grant first")
{
    watched home(60s);
    home.at_next_datagram([&] { home.network.stand_still_until(home.network.now() + 31s); });
    home.network.run_for(62s); // the first lease ended a second before
    CHECK(home.lost == 0);
    CHECK(home.client.status().resets == 0);
    CHECK(home.client.status().up == 1);
}

TEST_CASE("sim: the application goes on while its loop stands still, but not while it is stopped")
{
    watched home;
    const time_point start = home.network.now();
    time_point called{};
    const auto call = [&] {
        called = home.network.now();
        home.client.async_unmap_port(natpmp::protocol::tcp, 6881, [](const natpmp::error_code&) {});
    };
    SECTION("its loop stands still")
    {
        home.network.stand_still_until(start + 1min);
        home.network.at_host(start + 1s, call);
        home.network.run_for(59s);
        CHECK(called == start + 1s);
    }
    SECTION("it is stopped")
    {
        home.network.stop_until(start + 1min);
        home.network.at_host(start + 1s, call);
        home.network.run_for(59s);
        CHECK(called == time_point{});
    }
    CHECK(home.maps.empty());
    home.network.run_for(1s);
    CHECK(called != time_point{});
    REQUIRE(home.maps.size() == 1);
    CHECK(home.maps[0] == start + 1min);
}

TEST_CASE("sim: sleep and a loop that stands still may overlap; what arrives asleep is lost")
{
    watched home;
    const time_point start = home.network.now();
    home.network.stand_still_until(start + 2min);
    home.network.sleep_until(start + 1min);
    home.network.at(start + 30s, [&] { home.network.reboot(near_router, 1); });
    home.network.run_for(3min);
    CHECK(home.client.status().received <= 2);
    CHECK(home.client.status().resets == 0);
    home.network.stand_still_until(home.network.now() + 2min);
    home.network.reboot(near_router, 1);
    home.network.run_for(3min);
    CHECK(home.client.status().resets == 1);
}

TEST_CASE("sim: a lookup blocks the host, the network goes on, and the application waits")
{
    watched home;
    home.network.conditions.lookup_time = 400ms;
    const time_point start = home.network.now();
    time_point on_network{}, on_host{};
    home.client.network_changed();
    home.network.at(start + 100ms, [&] { on_network = home.network.now(); });
    home.network.at_host(start + 100ms, [&] { on_host = home.network.now(); });
    home.network.run_for(1s);
    CHECK(on_network == start + 100ms);
    CHECK(on_host == start + 400ms);
}

TEST_CASE("sim: a datagram that the system refuses to send counts as lost")
{
    watched home;
    home.network.conditions.send_refusals = 1;
    home.network.run_for(1h);
    CHECK(home.refused == 1);
    home.network.run_for(1s);
    CHECK(home.client.status().not_sent == 3);
    home.network.conditions.send_refusals = 0;
    home.network.run_for(1s);
    CHECK(home.client.status().renewals == 1);
    CHECK(home.maps.size() == 3 + 1);
}

TEST_CASE("sim: where routes flap for hours, nobody is flooded (H-3)")
{
    const bool between_two = GENERATE(false, true);
    const auto pause = GENERATE(duration{100ms}, duration{300ms}, duration{1s}, duration{7s});
    watched home;
    home.network.add_gateway(far_router);
    const auto other = between_two ? far_router : asio::ip::address_v4{};
    const time_point end = home.network.now() + 3h;
    for (bool leaves = true; home.network.now() < end; leaves = !leaves) {
        home.network.set_host(own_address, leaves ? other : near_router);
        home.network.run_for(pause);
    }
    CHECK(home.maps.size() <= 3 * 1800);
    for (std::size_t which = 1; which < home.maps.size(); ++which)
        CHECK(home.maps[which] - home.maps[which - 1] >= 250ms);
    home.network.set_host(own_address, near_router);
    home.network.run_for(1min);
    CHECK(home.client.status().up == 1);
}
