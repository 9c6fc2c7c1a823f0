// The simulation of a network that only delays, and so reorders: by up to 3 s, more than any that a
// host shares with its gateway. What the client may do there is little to promise; but it has to do
// no harm, and to be well again as soon as the network is.

#include "world.hpp"

namespace sim {

/// The application does something now and then, until that time.
void world::act_until(time_point end)
{
    network_.at_host(network_.now() + any_time(mean_action_), [this, end] {
        if (network_.now() >= end)
            return;
        act();
        act_until(end);
    });
}

/// For a minute to an hour, eight times, datagrams overtake each other, and towards the end of it
/// the gateway may lose its state; then all is quiet.
tally world::run_disorder()
{
    const time_point start = network_.now();
    auto& links = network_.conditions;
    const testing::simulated_conditions usual = links;
    for (int round = 0; round < 8; ++round) {
        if (!client_)
            start_client();
        count_fault("disorder");
        links.most_delay = 200ms + duration{network_.random(2'800'001)};
        if (network_.random(2) == 0)
            links.least_delay = 1ms;
        disturbed();
        mean_action_ = any_length(2s, 60);
        const time_point end = network_.now() + any_length(1min, 60);
        act_until(end);
        if (network_.random(2) == 0)
            network_.at(end - any_length(1ms, 60'000), [this] { lose_state(); });
        step_until(end);
        const time_point last_arrival = end + links.most_delay;
        links.least_delay = usual.least_delay;
        links.most_delay = usual.most_delay;
        disturbed();
        step_until(last_arrival);
        // What was granted until then is renewed at half of its lease at the latest, which counts
        // from a datagram of before; the requests for all mappings may be due at once, and the one
        // in flight may be given up first, in a second.
        const int requests = static_cast<int>(1 + kept_.size());
        step_until(last_arrival + longest_lease_ / 2 + 1s + 2 * usual_delay_ * requests);
        check_settled("healed after the disorder");
    }
    step_until(good_since_ + recovery_bound() + 1min); // check_liveness() looks then
    return total(start);
}

} // namespace sim
