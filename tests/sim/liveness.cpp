// The simulation's main loop, and the promise that kept mappings are up.

#include "world.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <sstream>

namespace sim {

world::world(std::uint32_t seed, duration length, scenario what)
    : scenario_(what),
      network_(context_, seed),
      wire_(network_),
      end_(network_.now() + length),
      good_since_(network_.now()),
      tidy_since_(network_.now())
{
    constexpr std::uint32_t leases[] = {1,    2,    5,    30,   60,   60,    120,        600,
                                        3600, 3600, 7200, 7200, 7200, 86400, 0xFFFFFFFF, 7200};
    // Half of a shorter lease is no time to heal from a pause of 30 s.
    const unsigned first = what == scenario::disorder ? 4 : 0;
    const std::chrono::seconds lease{
        leases[first + network_.random(what == scenario::disorder ? 9 : 16)]};
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
    // The gateway answers after 2 ms to 0.4 s, always after the same time or not: where that is
    // longer than the first wait, a request is sent again before its answer comes.
    auto& links = network_.conditions;
    usual_delay_ = 1ms + duration{network_.random(199'001)};
    links.most_delay = usual_delay_;
    if (network_.random(2) == 0)
        links.least_delay = usual_delay_;
    else
        links.least_delay += (usual_delay_ - links.least_delay) * network_.random(100) / 100;
    auto& late = network_.conditions;
    if (network_.random(4) == 0) {
        late.clock_tick = wire_.clock_tick = wire_.lateness = 15'625us;
    } else {
        late.least_lateness = 20us;
        late.most_lateness = wire_.lateness = 500us;
    }
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
    if (trace) {
        constexpr const char* places[] = {"sent ", "arrived ", "answered ", "refused "};
        say(places[static_cast<std::size_t>(datagram.at)] + natpmp::describe(datagram.bytes) +
            (datagram.at == place::answered ? " by " : " to ") + datagram.gateway.to_string());
    }
    if (datagram.at == place::answered) {
        wire_.answered(datagram);
        if (network_.now() < network_.free_from())
            note_grant(datagram.bytes);
        return;
    }
    if (datagram.at == place::arrived) {
        arrived_at_ = network_.now();
        return;
    }
    ++tally_.datagrams;
    wire_.host_away(network_.free_from()); // it may have looked for its gateway
    check_resets();
    try {
        wire_.sent(datagram);
    } catch (const violation& found) { // not through the client that sends it
        if (violation_.empty())
            violation_ = found.what();
    }
    if (stands_still_next_)
        stand_still(*stands_still_next_);
}

void world::say(const std::string& line) const
{
    if (trace)
        std::cout << std::fixed
                  << std::chrono::duration<double>(network_.now().time_since_epoch()).count() << ' '
                  << line << '\n';
}

/// An exponentially distributed time.
duration world::any_time(duration mean)
{
    const double share = (network_.random(1'000'000) + 1) / 1'000'001.0;
    const std::chrono::duration<double> wait =
        -std::log(share) * std::chrono::duration<double>(mean);
    return std::chrono::duration_cast<duration>(wait);
}

/// A time of any order of magnitude, up to so many times the least one.
duration world::any_length(duration least, duration::rep most)
{
    const double share = network_.random(1'000'000) / 1'000'000.0;
    const std::chrono::duration<double> length =
        std::pow(static_cast<double>(most), share) * std::chrono::duration<double>(least);
    return std::chrono::duration_cast<duration>(length);
}

/// Calls something after a while.
void world::plan(std::function<void()> action, duration mean)
{
    network_.at(network_.now() + any_time(mean), std::move(action));
}

tally world::run_anything()
{
    const time_point start = network_.now();
    std::function<void()> fault = [&] {
        if (network_.now() >= calm_until_)
            disturb();
        plan(fault, mean_fault_);
    };
    std::function<void()> action = [&] {
        act();
        network_.at_host(network_.now() + any_time(mean_action_), action);
    };
    start_client();
    plan(fault, mean_fault_);
    network_.at_host(network_.now() + any_time(mean_action_), action);
    step_until(end_);
    return total(start);
}

/// Lets time pass, and checks after each step.
void world::step_until(time_point end)
{
    while (network_.step(end)) {
        check(violation_.empty(), [&] { return violation_; });
        check_liveness();
        check_memory();
        if (client_ && wire_.closed)
            destroy();
    }
}

/// Ends the run, and tells what it did.
tally world::total(time_point start)
{
    if (client_)
        destroy();
    check(violation_.empty(), [&] { return violation_; });
    tally_.checks += wire_.done;
    (wire_.least_lease < 60s ? tally_.most_in_an_hour_short : tally_.most_in_an_hour) =
        wire_.most_in_an_hour;
    tally_.simulated = network_.now() - start;
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
    if (network_.host().address.is_unspecified() || links.loss > 0 || links.most_delay > 200ms ||
        links.send_refusals > 0 || network_.now() < flapping_until_)
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
    check_settled("kept mappings are up");
    for (const auto& each : pending_)
        if (!each->done && !each->maps.empty() && each->number == client_number_)
            check(network_.now() < each->started + recovery_bound(), "map operations end");
}

/// What is kept is up, and the client knows its port, but for what has just been mapped.
void world::check_settled(const char* name)
{
    if (!client_ || wire_.leaving)
        return;
    for (const auto& [key, since] : kept_)
        check(in_table(key) || network_.now() < since + most_reordering,
              [&] { return name + (": " + text(key)) + describe_client(); });
    for (const natpmp::mapping& mapping : client_->mappings()) {
        const auto entry = network_.gateway().model.table.find(
            network_.host().local_address.to_v4(), mapping.protocol, mapping.internal_port,
            network_.now());
        const auto kept = kept_.find({mapping.protocol, mapping.internal_port});
        // Between a first transmission and the next a delete may arrive, and the gateway may give
        // the second another port; the client asks again a second later.
        const bool known = kept != kept_.end();
        check(client_->mapping_of(mapping.protocol, mapping.internal_port) == mapping,
              "one of the mappings");
        // An address that is unknown for now changes no endpoint.
        const auto& told = told_.endpoints[{mapping.protocol, mapping.internal_port}];
        check(told.second == mapping.external_port && (told.first == mapping.external_address ||
                                                       mapping.external_address.is_unspecified()),
              "the endpoint that events told last");
        const bool recent = known && network_.now() < kept->second + most_reordering;
        check(entry ? entry->external_port == mapping.external_port || recent : !known || recent,
              "the port that is told");
    }
}

/// After a loss everything is up again in time, if nothing else happened.
void world::check_healed(const std::string& name, time_point deadline)
{
    const unsigned disturbances = disturbances_;
    const auto expected = kept_;
    network_.at_host(deadline, [this, name, disturbances, expected] {
        if (disturbances != disturbances_ || !client_ || wire_.leaving)
            return;
        for (const auto& [key, since] : expected)
            if (kept_.contains(key))
                check(in_table(key), [&] { return name + ": " + text(key) + describe_client(); });
    });
}

/// A reset is counted only where the gateway lost its state, however late its answers are read; but
/// an answer that the network delays for seconds may look like one.
void world::check_resets()
{
    if (!client_)
        return;
    const std::uint64_t resets = client_->status().resets;
    if (resets == resets_)
        return;
    const std::uint64_t more = resets - resets_;
    const bool delayed = tidy_since_ == time_point::max() ||
                         network_.now() - tidy_since_ < longest_stand_still + 10s;
    if (more > losses_ && !delayed && violation_.empty())
        violation_ = "resets are real" + describe_client();
    losses_ -= static_cast<unsigned>(std::min<std::uint64_t>(more, losses_));
    resets_ = resets;
    reset_at_ = network_.now();
}

/// A grant arrives while the loop stands still, and lies in the socket.
void world::note_grant(std::span<const std::uint8_t> bytes)
{
    if (!wire_.grants(bytes))
        return;
    std::uint32_t lifetime = 0;
    for (const std::uint8_t byte : bytes.subspan(12, 4))
        lifetime = lifetime << 8 | byte;
    // It counts from the transmission before, or the one before that.
    const auto counted = std::chrono::seconds(std::min(lifetime, 86400U)) - 64s;
    granted_meanwhile_[{static_cast<natpmp::protocol>(bytes[1] & 127),
                        static_cast<std::uint16_t>(bytes[8] << 8 | bytes[9])}] =
        wire_.last_sent() + counted;
}

void world::on_event(const natpmp::event& news)
{
    ++tally_.events;
    if (news.kind == natpmp::event_kind::gateway_changed) {
        check_resets();
        losses_ = 0; // its first answer is the new baseline
        granted_meanwhile_.clear();
    }
    check_told(news);
    if (news.kind == natpmp::event_kind::lost && news.error != natpmp::errc::gateway_changed)
        check_lost(news);
}

/// What events tell changes by turns, and is what the client's status tells.
void world::check_told(const natpmp::event& news)
{
    using natpmp::event_kind;
    const natpmp::status status = client_->status();
    if (news.kind == event_kind::gateway_lost || news.kind == event_kind::gateway_found) {
        const bool lost = news.kind == event_kind::gateway_lost;
        check(std::exchange(told_.gateway_lost, lost) != lost,
              "a gateway is lost once, and found once");
        check(!lost || status.gateway.address.is_unspecified(),
              "a gateway that is lost is not used");
    }
    if (news.kind == event_kind::no_response) {
        const bool answered = status.received > std::exchange(told_.received, status.received);
        check(answered || !told_.silence || moved_at_ > client_since_,
              "silence is told once until an answer comes");
        check(answered || status.no_response, "the status tells of the silence");
        told_.silence = true;
    }
    if (!news.about_mapping())
        return;
    const mapping_key key{news.mapping.protocol, news.mapping.internal_port};
    if (news.kind == event_kind::mapped)
        told_.endpoints.erase(key);
    auto& [address, port] = told_.endpoints[key];
    const bool same =
        port == news.mapping.external_port && address == news.mapping.external_address;
    check(news.kind != event_kind::endpoint_changed || !same,
          "an endpoint that changed is another");
    const bool ends = news.kind == event_kind::lost || news.kind == event_kind::unmapped;
    if (!ends || !news.mapping.external_address.is_unspecified())
        address = news.mapping.external_address;
    port = news.mapping.external_port;
}

/// Whether the client takes the mapping to be up.
bool world::is_up(mapping_key key)
{
    const auto mappings = client_->mappings();
    return std::any_of(mappings.begin(), mappings.end(), [&](const natpmp::mapping& each) {
        return mapping_key{each.protocol, each.internal_port} == key;
    });
}

/// The lease of a mapping ended. Its grant was not in the socket, and it is asked for again.
void world::check_lost(const natpmp::event& news)
{
    const mapping_key key{news.mapping.protocol, news.mapping.internal_port};
    const time_point now = network_.now();
    const auto granted = granted_meanwhile_.find(key);
    if (granted != granted_meanwhile_.end() && now < granted->second && violation_.empty())
        violation_ = "a mapping whose grant lay in a socket is not lost: " + text(key);

    const bool busy = wire_.awaits_other_than(key) ||
                      std::any_of(pending_.begin(), pending_.end(), [](const auto& each) {
                          return !each->done && !(each->maps.empty() && each->unmaps.empty());
                      });
    const auto gateway = network_.host();
    check_resets();
    if (now < reset_at_ + 6s) // everything is asked for again, after a while
        return;
    if (busy || wire_.leaving || gateway.address.is_unspecified() ||
        news.gateway != gateway.address || now - moved_at_ < 10min)
        return;
    ++tally_.losses;
    const std::size_t number = client_number_;
    const time_point moved = moved_at_;
    network_.at_host(now + 1s + wire_.lateness + 2us, [this, key, now, number, moved] {
        check_resets();
        const bool same = client_ && number == client_number_ && moved == moved_at_ &&
                          !wire_.leaving && kept_.contains(key) && reset_at_ < now;
        if (same && network_.free_from() <= now)
            check(wire_.last_sent() >= now - wire_.clock_tick || is_up(key),
                  [&] { return "what is lost is asked for: " + text(key) + describe_client(); });
    });
}

} // namespace sim
