// The simulation's main loop, and the promise that kept mappings are up.

#include "world.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <sstream>

namespace sim {

world::world(std::uint32_t seed, duration length)
    : network_(context_, seed),
      wire_(network_),
      end_(network_.now() + length),
      good_since_(network_.now()),
      tidy_since_(network_.now())
{
    constexpr std::uint32_t leases[] = {1,    2,    5,    30,   60,   60,    120,        600,
                                        3600, 3600, 7200, 7200, 7200, 86400, 0xFFFFFFFF, 7200};
    const std::chrono::seconds lease{leases[network_.random(16)]};
    wire_.least_lease = lease;
    longest_lease_ = std::min<std::chrono::seconds>(lease, 24h);
    end_ = network_.now() + std::min<duration>(length, lease < 60s ? 1h : longest_lease_ * 4000);
    testing::gateway_settings settings;
    settings.max_lifetime = lease;
    if (network_.random(4) == 0 || lease < 60s || lease > 24h)
        settings.min_lifetime = lease;
    settings.epoch = std::chrono::seconds(network_.random(1'000'000));
    constexpr testing::port_policy policies[] = {testing::port_policy::suggested,
                                                 testing::port_policy::suggested,
                                                 testing::port_policy::own_choice};
    settings.ports = policies[network_.random(3)];
    for (const char* address : {"192.168.1.1", "192.168.1.254", "10.0.0.1"}) {
        gateways_.push_back(asio::ip::make_address_v4(address));
        auto& made = network_.add_gateway(gateways_.back());
        made.model = testing::gateway_model(network_.now(), settings);
        made.model.settings.external_address =
            asio::ip::address_v4{static_cast<std::uint32_t>(0xCB007100 + gateways_.size())};
        made.model.settings.recorded_requests = 16;
        made.model.faults.clock_percent = static_cast<std::int32_t>(88 + network_.random(25));
    }
    const auto between = [&](duration least, duration most) {
        const auto span = static_cast<std::uint32_t>((most - least) / 1s);
        return least + std::chrono::seconds(network_.random(span + 1));
    };
    const bool is_short = lease < 60s;
    mean_fault_ = is_short ? between(1min, 10min) : between(10min, 18h);
    mean_action_ = is_short ? between(10s, 5min) : between(2min, 36h);
    calm_until_ = long_ago;
    network_.observer = [this](const auto& datagram) { on_datagram(datagram); };
}

world::~world()
{
    network_.observer = nullptr;
    client_.reset();
}

void world::on_datagram(const testing::simulated_datagram& datagram)
{
    using place = testing::simulated_datagram::place;
    if (trace && datagram.at != place::answered)
        say((datagram.at == place::sent ? "sent " : "arrived ") + natpmp::describe(datagram.bytes) +
            " to " + datagram.gateway.to_string());
    if (datagram.at == place::answered)
        return wire_.answered(datagram);
    if (datagram.at == place::arrived)
        return;
    ++tally_.datagrams;
    try {
        wire_.sent(datagram);
    } catch (const violation& found) { // not through the client that sends it
        if (violation_.empty())
            violation_ = found.what();
    }
}

void world::say(const std::string& line) const
{
    if (trace)
        std::cout << std::fixed
                  << std::chrono::duration<double>(network_.now().time_since_epoch()).count() << ' '
                  << line << '\n';
}

/// Calls something again and again, after exponentially distributed times.
void world::plan(std::function<void()> action, duration mean)
{
    const double share = (network_.random(1'000'000) + 1) / 1'000'001.0;
    const std::chrono::duration<double> wait =
        -std::log(share) * std::chrono::duration<double>(mean);
    network_.at(network_.now() + std::chrono::duration_cast<duration>(wait), std::move(action));
}

tally world::run()
{
    const time_point start = network_.now();
    std::function<void()> fault = [&] {
        if (network_.now() >= calm_until_)
            disturb();
        plan(fault, mean_fault_);
    };
    std::function<void()> action = [&] {
        act();
        plan(action, mean_action_);
    };
    start_client();
    plan(fault, mean_fault_);
    plan(action, mean_action_);
    while (network_.step(end_)) {
        check(violation_.empty(), [&] { return violation_; });
        check_liveness();
        check_memory();
        if (client_ && wire_.closed)
            destroy();
    }
    if (client_)
        destroy();
    check(violation_.empty(), [&] { return violation_; });
    tally_.checks += wire_.done;
    (wire_.least_lease < 60s ? tally_.most_in_an_hour_short : tally_.most_in_an_hour) =
        wire_.most_in_an_hour;
    tally_.simulated = end_ - start;
    return tally_;
}

/// Four ports and a few gateways need little, however long it goes on; operations that wait are
/// the application's.
void world::check_memory()
{
    const std::int64_t used = heap::live_bytes() - heap_at_start_;
    tally_.most_memory = std::max(tally_.most_memory, used);
    check(used <= 512 * 1024 + 2048 * static_cast<std::int64_t>(pending_.size()), [&] {
        return "memory is bounded: " + std::to_string(used) + " bytes with " +
               std::to_string(pending_.size()) + " operations";
    });
}

/// Something happened that takes time to heal.
void world::disturbed()
{
    ++disturbances_;
    good_since_ = network_.now();
    const auto& links = network_.conditions;
    if (links.most_delay > 200ms || links.duplicates > 0 || links.loss > 0)
        tidy_since_ = time_point::max();
    else if (tidy_since_ == time_point::max())
        tidy_since_ = network_.now();
}

/// Whether the gateway can be reached and is willing, and the way there is in order.
bool world::good()
{
    const auto& links = network_.conditions;
    if (network_.host().address.is_unspecified() || links.loss > 0 || links.most_delay > 200ms)
        return false;
    const auto& current = network_.gateway();
    return current.reachable && current.serving && current.model.faults.refuse_maps == 0;
}

bool world::in_table(mapping_key key)
{
    return network_.gateway()
        .model.table
        .find(network_.host().local_address.to_v4(), key.protocol, key.internal_port,
              network_.now())
        .has_value();
}

/// How long healing takes at most when nobody tells of the damage: half a lifetime, or the longest
/// pause after a refusal, and a burst with its 64 s.
duration world::recovery_bound() const
{
    const duration half = std::min<duration>(wire_.least_lease, 24h) / 2;
    return std::max<duration>(half, 30min) + 3min;
}

/// What the client thinks, for the message of a failed check.
std::string world::describe_client() const
{
    const natpmp::status status = client_->status();
    std::ostringstream out;
    out << std::fixed << "; at "
        << std::chrono::duration<double>(network_.now().time_since_epoch()).count()
        << ", good since " << std::chrono::duration<double>(good_since_.time_since_epoch()).count()
        << ", " << status.up << " up of " << status.kept << ", gateway " << status.gateway.address
        << ", next due in " << (status.next_due ? status.next_due->count() : -1)
        << " us, last error " << status.last_error.message();
    return out.str();
}

/// How long a delete may arrive after the map request that followed it, and be mended.
constexpr duration most_reordering = 3s;

/// A kept mapping is up whenever its gateway has been reachable and willing for long enough.
void world::check_liveness()
{
    if (!client_ || wire_.leaving || wire_.least_lease < 5s || !good() ||
        network_.now() < std::max(good_since_, awake_at_) + recovery_bound())
        return;
    for (const auto& [key, since] : kept_)
        check(in_table(key) || network_.now() < since + most_reordering,
              [&] { return "kept mappings are up: " + text(key) + describe_client(); });
    for (const natpmp::mapping& mapping : client_->mappings()) {
        const auto entry = network_.gateway().model.table.find(
            network_.host().local_address.to_v4(), mapping.protocol, mapping.internal_port,
            network_.now());
        const auto kept = kept_.find({mapping.protocol, mapping.internal_port});
        const bool settled =
            kept != kept_.end() && network_.now() >= kept->second + most_reordering;
        check(entry ? entry->external_port == mapping.external_port : !settled,
              "the port that is told");
    }
    for (const auto& each : pending_)
        if (!each->done && !each->maps.empty() && each->number == client_number_)
            check(network_.now() < each->started + recovery_bound(), "map operations end");
}

/// After a loss everything is up again in time, if nothing else happened.
void world::check_healed(const std::string& name, time_point deadline)
{
    const unsigned disturbances = disturbances_;
    const auto expected = kept_;
    network_.at(deadline, [this, name, disturbances, expected] {
        if (disturbances != disturbances_ || !client_ || wire_.leaving)
            return;
        for (const auto& [key, since] : expected)
            if (kept_.contains(key))
                check(in_table(key), [&] { return name + ": " + text(key) + describe_client(); });
    });
}

} // namespace sim
