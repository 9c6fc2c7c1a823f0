// The unit test of call.hpp, as an application has it: no router, no socket, no waiting. The router
// and the network are simulated, and their time is not that of the clock on the wall.

#include "call.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <natpmp/natpmp.hpp>
#include <natpmp/testing/simulated_platform.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace testing = natpmp::testing;

int failures = 0;

void check(bool good, std::string_view what)
{
    failures += good ? 0 : 1;
    std::cout << (good ? "ok      " : "FAILED  ") << what << std::endl;
}

const auto router_address = asio::ip::make_address_v4("192.168.1.1");
const auto public_address = asio::ip::make_address_v4("203.0.113.7");

/// A telephone behind a router that has been up for a day.
struct telephone
{
    asio::cancellation_signal hang_up_signal; // outlives the call, which ends with the context
    asio::io_context context;
    testing::simulated_network network{context};
    natpmp::client client{network.platform()};
    std::vector<media_address> offers;
    bool hung_up = false;

    telephone()
    {
        testing::gateway_settings settings;
        settings.epoch = 24h; // so that it shows when its time starts again from 0
        router() = testing::gateway_model(network.now(), settings);
    }

    testing::gateway_model& router()
    {
        return network.gateway().model;
    }

    [[nodiscard]] std::size_t ports_open()
    {
        return router().table.size(network.now());
    }

    void call()
    {
        asio::co_spawn(
            context,
            keep_media_open(client, 16384,
                            [this](const media_address& media) { offers.push_back(media); }),
            asio::bind_cancellation_slot(hang_up_signal.slot(),
                                         [this](const std::exception_ptr&) { hung_up = true; }));
    }

    void hang_up()
    {
        hang_up_signal.emit(asio::cancellation_type::terminal);
    }

    /// Whether a mapping of this external port comes within the time.
    bool opens(std::uint16_t external_port, std::chrono::seconds within)
    {
        const auto end = network.now() + within;
        while (!router().table.find_external(natpmp::protocol::udp, external_port, network.now()))
            if (!network.step(end))
                return false;
        return true;
    }
};

void test_call()
{
    telephone phone;
    phone.call();
    phone.network.run_for(1h); // six times the lifetime that is asked for
    check(phone.offers == std::vector<media_address>{{public_address, 16384, 16385}},
          "the other side is told two ports in a row, once");
    check(phone.ports_open() == 2, "they are open after an hour");

    phone.hang_up();
    phone.network.run_for(1s);
    check(phone.hung_up && phone.ports_open() == 0, "hanging up closes them");
}

void test_reboot()
{
    telephone phone;
    phone.call();
    phone.network.run_for(3min);
    phone.network.reboot(router_address);
    check(phone.ports_open() == 0, "the router reboots during the call: it forgets the ports");
    check(phone.opens(16384, 6s) && phone.opens(16385, 6s), "both are open again in 6 s");
    phone.network.run_for(10min);
    check(phone.offers.size() == 1, "they are the same: the other side is not bothered");
}

void test_silent_reboot()
{
    telephone phone;
    phone.call();
    phone.network.run_for(1min);
    phone.network.reboot(router_address, 0); // without an announcement
    check(phone.opens(16384, 5min), "a reboot that nobody heard of shows at the next renewal");
}

void test_port_taken()
{
    telephone phone;
    phone.call();
    phone.network.run_for(3min);
    phone.network.reboot(router_address);
    phone.router().table.occupy(natpmp::protocol::udp, 16384, phone.network.now());
    phone.network.run_for(10s);
    check(phone.offers == std::vector<media_address>{{public_address, 16384, 16385},
                                                     {public_address, 16385, 16386}},
          "a neighbour was faster: the other side is told of the new ports, once");
}

void test_hang_up_early()
{
    for (const auto when : {0ms, 5ms, 100ms, 900ms}) {
        telephone phone;
        phone.router().faults.delay = 300ms;
        phone.call();
        phone.network.run_for(when);
        phone.hang_up();
        phone.network.run_for(10s);
        check(phone.hung_up && phone.offers.empty() && phone.ports_open() == 0,
              "hanging up while the ports are being opened leaves none");
    }
}

void test_refusal()
{
    telephone phone;
    phone.router().faults.refuse_maps = 2; // not authorized
    phone.call();
    phone.network.run_for(1s);
    check(phone.hung_up && phone.offers.empty(), "a router that refuses ends it at once");
}

} // namespace

int main()
{
    const auto start = std::chrono::steady_clock::now();
    test_call();
    test_reboot();
    test_silent_reboot();
    test_port_taken();
    test_hang_up_early();
    test_refusal();
    const auto taken = std::chrono::steady_clock::now() - start;
    std::cout << failures << " failed, in "
              << std::chrono::duration_cast<std::chrono::milliseconds>(taken).count() << " ms"
              << std::endl;
    return failures == 0 ? 0 : 1;
}
