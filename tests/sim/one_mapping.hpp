// A client with one mapping on a simulated network, for tests of when it does what; and seeds.

#pragma once

#include <natpmp/testing/simulated_platform.hpp>

#include "support/asio.hpp"

#include <chrono>
#include <cstdint>
#include <cstdlib>

namespace sim {

using namespace std::chrono_literals;
using natpmp::time_point;
using natpmp::detail::duration;
namespace testing = natpmp::testing;

/// A number from the environment.
inline long setting(const char* name, long otherwise)
{
    const char* value = std::getenv(name);
    return value ? std::strtol(value, nullptr, 10) : otherwise;
}

/// How late the host's timers are.
enum class punctuality
{
    exact,
    late,   ///< by 20 to 500 us
    coarse, ///< as on a clock that moves on every 15.625 ms
};

/// A client that keeps one mapping of TCP port 6881, which its gateway grants for always the same
/// time.
class one_mapping
{
public:
    one_mapping(std::uint32_t seed, std::chrono::seconds lease, punctuality host)
        : network(context, seed)
    {
        auto& model = network.gateway().model;
        model.settings.min_lifetime = model.settings.max_lifetime = lease;
        model.settings.recorded_requests = 0;
        if (host == punctuality::late) {
            network.conditions.least_lateness = 20us;
            network.conditions.most_lateness = 500us;
        } else if (host == punctuality::coarse) {
            network.conditions.clock_tick = 15'625us;
        }
        client.set_observer([this](const natpmp::event& news) {
            lost += news.kind == natpmp::event_kind::lost;
            if (on_event)
                on_event(news);
        });
        natpmp::map_request request{.internal_port = 6881};
        request.clean_up = false;
        client.async_map_port(request, [](const natpmp::error_code&, auto&&...) {});
        network.run_for(100ms);
    }

    /// How late a timer of the host's fires at most.
    [[nodiscard]] duration lateness() const
    {
        return std::max(network.conditions.most_lateness, network.conditions.clock_tick);
    }

    asio::io_context context;
    testing::simulated_network network;
    natpmp::client client{network.platform()};
    std::function<void(const natpmp::event&)> on_event;
    unsigned lost = 0; ///< events
};

} // namespace sim
