// One mapping, and the plan by which it is renewed: every datagram at its time, however late the
// host's timers are.

#include "one_mapping.hpp"

#include "support/catch.hpp"

#include <natpmp/describe.hpp>

#include <iostream>
#include <sstream>
#include <string>

namespace {

using namespace sim;

/// The plan for a lease while it runs: an attempt at half of the lease, then at half of what is
/// left, 2 s apart at least and a second after the last datagram; each with the transmissions that
/// have their 250 ms before half of what was left has passed. Times are those of the host's clock.
class renewal_plan
{
public:
    explicit renewal_plan(duration lateness) : lateness_(lateness)
    {}

    std::string violation;
    unsigned attempts = 0, transmissions = 0, leases = 0;

    /// The gateway granted the mapping. The lease counts from the last transmission.
    void granted(time_point now, duration lease)
    {
        ++leases;
        address_until_ = std::min(address_until_, now);
        runs_ = true;
        sent_ = planned_ = 0;
        expiry_ = last_ + lease;
        begin_ = std::max(last_ + lease / 2, last_ + 1s);
    }

    /// A map request goes out.
    void map(time_point now)
    {
        if (runs_ && now < expiry_ && sent_ < planned_)
            expect(now, next_transmission(), 0s, "a transmission");
        else if (runs_ && now < expiry_)
            begin(now);
        if (runs_ && now < expiry_) {
            ++sent_;
            ++transmissions;
            if (sent_ == planned_)
                begin_ = std::max(next_begin_, now + 1s);
        }
        last_ = now;
        asks(now);
    }

    /// A request for the address goes out; a renewal then waits a second for its answer.
    void address(time_point now)
    {
        address_until_ = now + 4s + lateness_;
        asks(now);
    }

    void address_answered(time_point now)
    {
        address_until_ = now;
    }

    /// The client tells that the mapping is lost.
    void lost(time_point now)
    {
        expect(now, expiry_, 0s, "the end of the lease");
        if (sent_ < planned_)
            demand(next_transmission() + lateness_ >= expiry_, now, "a transmission was left out");
        else
            demand(begin_ + patience() + lateness_ >= expiry_, now, "an attempt was left out");
        runs_ = false;
        if (last_asked_ < now)
            ask_by_ = now + 1s + lateness_;
    }

    /// Time passes.
    void look(time_point now)
    {
        demand(now <= ask_by_, now, "what is lost is asked for within a second");
    }

private:
    void begin(time_point now)
    {
        ++attempts;
        expect(now, begin_, patience(), "an attempt");
        const duration half = (expiry_ - begin_) / 2;
        const time_point end = begin_ + std::max<duration>(half, 250ms);
        start_ = now;
        sent_ = 0;
        planned_ = 1;
        while (planned_ < 9 && offset(planned_ + 1) + 250ms <= end - begin_ &&
               start_ + offset(planned_ + 1) < end)
            ++planned_;
        next_begin_ = begin_ + std::max<duration>(half, 2s);
        if (start_ + 2s > next_begin_ + 100ms) // it began late, for the sake of another request
            next_begin_ = start_ + 2s;
    }

    static duration offset(int number)
    {
        return 250ms * ((1 << (number - 1)) - 1);
    }

    [[nodiscard]] time_point next_transmission() const
    {
        return std::max(start_ + offset(sent_ + 1), last_ + 250ms);
    }

    /// How long a renewal may have to wait for another request.
    [[nodiscard]] duration patience() const
    {
        return begin_ <= address_until_ ? 1s + lateness_ : 0s;
    }

    void asks(time_point now)
    {
        look(now);
        last_asked_ = now;
        ask_by_ = time_point::max();
    }

    void expect(time_point now, time_point due, duration patience, const char* what)
    {
        const bool in_time = now >= due && now <= due + patience + lateness_;
        if (in_time || !violation.empty())
            return;
        std::ostringstream out;
        out << what << (now < due ? " comes early" : " comes late") << ": at " << seconds(now)
            << ", planned for " << seconds(due) << ", the lease ends at " << seconds(expiry_);
        violation = out.str();
    }

    void demand(bool holds, time_point now, const char* what)
    {
        if (!holds && violation.empty())
            violation = what + (" at " + std::to_string(seconds(now)));
    }

    static double seconds(time_point at)
    {
        return std::chrono::duration<double>(at.time_since_epoch()).count();
    }

    duration lateness_;
    bool runs_ = false;
    time_point expiry_{}, begin_{}, next_begin_{}, start_{};
    int sent_ = 0, planned_ = 0; ///< transmissions of the attempt
    time_point last_{}, last_asked_{};
    time_point address_until_{};
    time_point ask_by_ = time_point::max();
};

/// What a run saw.
struct findings
{
    unsigned attempts = 0, transmissions = 0, leases = 0, lost = 0;
};

findings run(std::uint32_t seed)
{
    std::minstd_rand random(seed);
    constexpr int lifetimes[] = {8, 9, 12, 16, 20, 30, 60, 120, 600, 3600, 7200, 86400};
    const std::chrono::seconds lease{lifetimes[random() % std::size(lifetimes)]};
    const punctuality host = random() % 4 == 0 ? punctuality::coarse : punctuality::late;
    one_mapping home(seed, lease, host);
    auto& network = home.network;
    renewal_plan plan(home.lateness());
    const bool trace = std::getenv("SIM_TRACE") != nullptr;

    network.observer = [&](const testing::simulated_datagram& datagram) {
        using place = testing::simulated_datagram::place;
        const time_point now = network.host_now();
        const auto bytes = datagram.bytes;
        if (trace)
            std::cout << std::fixed << std::chrono::duration<double>(now.time_since_epoch()).count()
                      << (datagram.at == place::sent ? " sent " : " ") << natpmp::describe(bytes)
                      << '\n';
        if (datagram.at == place::sent && bytes.size() == 2)
            plan.address(now);
        else if (datagram.at == place::sent)
            plan.map(now);
        else if (datagram.at == place::answered && bytes.size() == 12)
            plan.address_answered(now);
        else if (datagram.at == place::answered)
            plan.granted(now, lease);
    };
    home.on_event = [&](const natpmp::event& news) {
        if (news.kind == natpmp::event_kind::lost)
            plan.lost(network.host_now());
    };
    // The first renewal of the plan is the one after this.
    network.run_for(lease);
    if (random() % 2 == 0)
        network.conditions.loss = static_cast<double>(random() % 60) / 100;
    const auto any = [&](duration most) {
        return duration{static_cast<duration::rep>(static_cast<double>(random()) / 2147483648.0 *
                                                   static_cast<double>(most.count()))};
    };
    for (int phases = 0; phases < 60 && plan.violation.empty(); ++phases) {
        network.gateway().reachable = phases % 2 == 0;
        network.run_for(any(lease * 2));
        plan.look(network.host_now());
    }
    INFO("seed " << seed << ", leases of " << lease.count() << " s"
                 << (host == punctuality::coarse ? ", a coarse clock" : ""));
    CHECK(plan.violation == "");
    return {plan.attempts, plan.transmissions, plan.leases, home.lost};
}

} // namespace

TEST_CASE("sim: each attempt to renew begins as planned, with all its transmissions (N-3)",
          "[plan]")
{
    const long one = setting("SIM_SEED", -1);
    const long first = one >= 0 ? one : setting("SIM_FIRST", 0);
    const long count = one >= 0 ? 1 : setting("SIM_SEEDS", 300);
    findings total;
    for (long seed = first; seed < first + count; ++seed) {
        const findings found = run(static_cast<std::uint32_t>(seed));
        total.attempts += found.attempts;
        total.transmissions += found.transmissions;
        total.leases += found.leases;
        total.lost += found.lost;
    }
    std::cout << total.leases << " leases, " << total.attempts << " attempts with "
              << total.transmissions << " transmissions, " << total.lost << " lost\n";
    CHECK(total.transmissions > total.attempts);
}
