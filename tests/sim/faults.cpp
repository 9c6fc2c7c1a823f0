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
    const auto choice = network_.random(100);
    if (choice < 25)
        worsen_links();
    else if (choice < 50)
        spoil_gateway();
    else if (choice < 65)
        lose_state();
    else if (choice < 75)
        change_host();
    else if (choice < 80)
        sleep();
    else if (choice < 92)
        forge();
    else
        calm();
}

void world::worsen_links()
{
    count_fault("bad links");
    disturbed();
    testing::simulated_conditions bad;
    bad.loss = network_.random(61) / 100.0;
    bad.duplicates = network_.random(30) / 100.0;
    const auto delay = network_.random(3) == 0 ? network_.random(3'000'000) : 20'000;
    bad.most_delay = duration{1000 + delay};
    network_.conditions = bad;
    plan(
        [this] {
            network_.conditions = {};
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
    network_.reboot(current.to_v4(), count);
    wire_.hint(131s); // the ten announcements
    const duration round_trips = 1s + 100ms * static_cast<int>(kept_.size());
    if (was_good && quiet && count > 0)
        check_healed("an announced loss is healed", network_.now() + 5s + round_trips);
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
    wire_.host_slept(wake);
    awake_at_ = std::max(awake_at_, wake);
    last_loss_ = wake;
}

/// Everything is well for long enough to heal.
void world::calm()
{
    count_fault("(calm)");
    calm_until_ = network_.now() + recovery_bound() * 3 / 2;
}

/// Datagrams that must change nothing: strangers' announcements and answers, and junk that claims
/// to come from the gateway.
void world::forge()
{
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
    const auto quiet = network_.conditions;
    network_.conditions = {.least_delay = 0us, .most_delay = 0us};
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
    network_.conditions = quiet;
    network_.run_for(0s);
    check(client_->status().received == before, "forged datagrams are ignored");
    check(tally_.events == events, "no event from a forged datagram");
}

} // namespace sim
