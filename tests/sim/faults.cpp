// The faults of the simulation.

#include "world.hpp"

namespace sim {

testing::simulated_gateway& world::gateway_at(std::size_t which)
{
    return network_.add_gateway(gateways_[which % gateways_.size()]);
}

void world::count_fault(const std::string& name)
{
    ++tally_.faults[name];
    say("fault: " + name);
}

/// One fault of any kind. Those that last end after a random time.
void world::disturb()
{
    const auto choice = network_.random(200);
    if (choice < 44)
        worsen_links();
    else if (choice < 88)
        spoil_gateway();
    else if (choice < 116)
        lose_state();
    else if (choice < 135)
        change_host();
    else if (choice < 144)
        sleep();
    else if (choice < 164)
        network_.at_host(network_.now(), [this] { forge(); });
    else if (choice < 174)
        stand_still_soon(false);
    else if (choice < 179)
        stand_still_soon(true);
    else if (choice < 183)
        slow_lookups();
    else if (choice < 186)
        refuse_sends();
    else if (choice < 187)
        flap_routes();
    else
        calm();
}

void world::worsen_links()
{
    count_fault("bad links");
    auto& links = network_.conditions;
    links.loss = network_.random(61) / 100.0;
    links.duplicates = network_.random(30) / 100.0;
    const auto delay = network_.random(3) == 0 ? network_.random(3'000'000) : 20'000;
    links.most_delay = usual_delay_ + duration{delay};
    disturbed();
    plan(
        [this, &links] {
            links.loss = links.duplicates = 0;
            links.most_delay = usual_delay_;
            disturbed();
        },
        mean_fault_ / 2);
}

/// The gateway goes silent, away, or refuses, for a while.
void world::spoil_gateway()
{
    auto& spoiled = gateway_at(network_.random(4));
    disturbed();
    const auto choice = network_.random(6);
    if (choice == 0) {
        count_fault("gateway down");
        spoiled.reachable = false;
    } else if (choice == 1) {
        count_fault("service down (ICMP)");
        spoiled.serving = false;
    } else if (choice == 2) {
        count_fault("port taken");
        const mapping_key key = any_key();
        spoiled.model.table.occupy(key.protocol, key.internal_port, network_.now());
        return;
    } else if (choice == 3) {
        count_fault("no external address");
        spoiled.model.faults.refuse_address_requests = 3;
    } else {
        count_fault("refusals");
        constexpr std::uint16_t codes[] = {1, 2, 3, 4, 5, 6, 256, 65535};
        spoiled.model.faults.refuse_maps = codes[network_.random(8)];
    }
    plan(
        [this, &spoiled] {
            spoiled.reachable = spoiled.serving = true;
            spoiled.model.faults.refuse_maps = spoiled.model.faults.refuse_address_requests = 0;
            disturbed();
        },
        mean_fault_ / 2);
}

/// The gateway forgets, with or without a word.
void world::lose_state()
{
    const auto current = network_.host().address;
    const bool was_good =
        good() && network_.now() > std::max(good_since_, awake_at_) + recovery_bound();
    const bool quiet = last_loss_ == long_ago || network_.now() - last_loss_ > 20min;
    last_loss_ = network_.now();
    disturbed();
    const auto choice = network_.random(4);
    if (choice == 0) {
        count_fault("delete-all by another program");
        network_.gateway().model.table.remove_all_of(network_.host().local_address.to_v4());
        if (was_good && wire_.least_lease >= 60s)
            check_healed("a delete-all is healed by each mapping's renewal",
                         network_.now() + std::min<duration>(wire_.least_lease, 24h) / 2 + 10s);
        return;
    }
    if (current.is_unspecified())
        return;
    constexpr std::size_t announcements[] = {0, 1, 10};
    const std::size_t count = announcements[choice - 1];
    count_fault("reboot, " + std::to_string(count) + " announcements");
    check_resets();
    network_.reboot(current.to_v4(), count);
    // An answer of before that comes after one of now makes the next one look like another loss.
    const auto& links = network_.conditions;
    const bool on_the_way = network_.now() <= arrived_at_ + links.most_delay;
    const unsigned more = network_.now() - tidy_since_ > 10s && !on_the_way ? 1 : 3;
    const bool blind = network_.now() < network_.free_from(); // an answer of before may lie there
    losses_ = more + (blind ? losses_ : 0);
    wire_.hint(131s); // the ten announcements
    // The announcement's way, and each request's there and back; the first may be for the address.
    const duration round_trip = 100ms + 2 * links.most_delay + links.lookup_time;
    const duration round_trips =
        1s + links.most_delay + round_trip * static_cast<int>(1 + kept_.size());
    if (was_good && quiet && count > 0)
        check_healed("an announced loss is healed",
                     std::max(network_.now(), network_.free_from()) + 5s + round_trips);
    else if (was_good && quiet && wire_.least_lease >= 60s)
        check_healed("an unannounced loss is healed by the next renewal",
                     network_.now() + std::min<duration>(wire_.least_lease, 24h) / 2 + 5s +
                         round_trips);
}

void world::change_host()
{
    const auto before = network_.host();
    disturbed();
    moved_at_ = network_.now();
    wire_.host_changed(before);
    switch (network_.random(4)) {
    case 0:
        count_fault("own address changed");
        network_.set_host(asio::ip::make_address_v4("192.168.1.3"), gateways_[0]);
        break;
    case 1:
        count_fault("gateway swapped");
        network_.set_host(asio::ip::make_address_v4("10.0.0.2"), gateways_[2]);
        break;
    case 2:
        count_fault("no route for a while");
        network_.set_host(before.local_address.to_v4(), asio::ip::address_v4{});
        plan(
            [this] {
                disturbed();
                wire_.host_changed(network_.host());
                network_.set_host(asio::ip::make_address_v4("192.168.1.2"), gateways_[0]);
            },
            mean_fault_ / 2);
        break;
    default:
        count_fault("gateway swapped");
        network_.set_host(asio::ip::make_address_v4("192.168.1.2"), gateways_[network_.random(2)]);
    }
    wire_.hint();
}

void world::sleep()
{
    count_fault("sleep");
    disturbed();
    const auto wake = network_.now() + std::chrono::seconds(1 + network_.random(40'000));
    network_.sleep_until(wake);
    wire_.host_away(wake);
    awake_at_ = std::max(awake_at_, wake);
    last_loss_ = wake;
}

/// A handler blocks the loop, or the machine is busy; or the whole process is stopped. Half of the
/// time this begins when a datagram was sent, so that its answer lies in the socket. A mapping that
/// lasts for a minute need not suffer from 10 s of it.
void world::stand_still_soon(bool stopped)
{
    if (network_.random(2) == 0)
        stand_still(stopped);
    else
        stands_still_next_ = stopped;
}

void world::stand_still(bool stopped)
{
    stands_still_next_.reset();
    count_fault(stopped ? "process stopped" : "loop stands still");
    const time_point end = network_.now() + any_length(100ms, longest_stand_still / 100ms);
    ++disturbances_;
    if (end > network_.now() + 10s || wire_.least_lease < 60s) {
        disturbed();
        awake_at_ = std::max(awake_at_, end);
    }
    wire_.host_away(end);
    if (stopped)
        network_.stop_until(end);
    else
        network_.stand_still_until(end);
}

void world::slow_lookups()
{
    count_fault("slow lookups of the gateway");
    ++disturbances_;
    wire_.lookup_time = 500ms;
    network_.conditions.lookup_time = duration{network_.random(500'001)};
    plan(
        [this] {
            ++disturbances_;
            network_.conditions.lookup_time = 0s;
        },
        mean_fault_ / 2);
}

void world::refuse_sends()
{
    count_fault("the system refuses to send");
    disturbed();
    network_.conditions.send_refusals = network_.random(101) / 100.0;
    plan(
        [this] {
            network_.conditions.send_refusals = 0;
            disturbed();
        },
        mean_fault_ / 2);
}

/// For a minute to an hour the default route goes and comes, or changes between two gateways.
void world::flap_routes()
{
    count_fault("routes flap");
    flapping_until_ = network_.now() + any_length(1min, 60);
    flap(network_.random(2) == 0);
}

void world::flap(bool between_two)
{
    disturbed();
    moved_at_ = network_.now();
    wire_.host_changed(network_.host());
    const bool ends = network_.now() >= flapping_until_;
    const auto other = between_two ? gateways_[1] : asio::ip::address_v4{};
    const bool leaves = !ends && network_.host().address == gateways_[0];
    network_.set_host(asio::ip::make_address_v4("192.168.1.2"), leaves ? other : gateways_[0]);
    wire_.hint();
    if (!ends)
        network_.at(network_.now() + 100ms + duration{network_.random(900'000)},
                    [this, between_two] { flap(between_two); });
}

/// Everything is well for long enough to heal.
void world::calm()
{
    count_fault("(calm)");
    stands_still_next_.reset();
    calm_until_ = network_.now() + recovery_bound() * 3 / 2;
}

/// Datagrams that must change nothing: strangers' announcements and answers, and junk that claims
/// to come from the gateway.
void world::forge()
{
    // What lies in the sockets is read by then, and no timer is due at just that time.
    const time_point calm = network_.free_from() + 1'234'567us;
    if (network_.now() < calm)
        return network_.at_host(calm, [this] { forge(); });
    if (!client_)
        return;
    network_.settle();
    const auto before = client_->status().received;
    const auto events = tally_.events;
    const auto gateway =
        network_.host().address.is_unspecified() ? gateways_[0] : network_.host().address.to_v4();
    const auto stranger = asio::ip::address_v4{gateway.to_uint() + 99};
    const std::vector<std::uint8_t> reset{0, 0x80, 0, 0, 0, 0, 0, 0, 198, 51, 100, 9};
    const std::vector<std::uint8_t> grant{0,    0x82, 0,    0,    0, 0, 0,    0,
                                          0x1A, 0xE1, 0x30, 0x39, 0, 0, 0x1C, 0x20};
    const auto before_it = network_.conditions;
    auto& links = network_.conditions;
    links.loss = links.duplicates = 0;
    links.least_delay = links.most_delay = 0us;
    for (unsigned count = 1 + network_.random(20); count > 0; --count) {
        count_fault("forged or stray datagrams");
        std::vector<std::uint8_t> junk(network_.random(40));
        for (auto& byte : junk)
            byte = static_cast<std::uint8_t>(network_.random());
        if (!junk.empty())
            junk[0] = static_cast<std::uint8_t>(3 + network_.random(250)); // no version we know
        network_.announce(stranger, reset);
        network_.forge({stranger, 5351}, reset);
        network_.forge({gateway, 5352}, grant);
        network_.forge({gateway, 5351}, junk);
        network_.announce(gateway, junk);
    }
    network_.conditions = before_it;
    network_.run_for(0s);
    check(client_->status().received == before, "forged datagrams are ignored");
    check(tally_.events == events, "no event from a forged datagram");
}

} // namespace sim
