// One run of the simulation: an application that does anything at any time, on a network to which
// anything happens at any time, all from one seed.

#pragma once

#include "wire_checks.hpp"

#include "support/asio.hpp"
#include "support/heap.hpp"

#include <natpmp/scoped_mapping.hpp>
#include <natpmp/testing/simulated_platform.hpp>

#include <list>
#include <memory>
#include <optional>
#include <vector>

namespace sim {

/// What a run did.
struct tally
{
    std::uint64_t checks = 0, datagrams = 0, operations = 0, events = 0;
    std::uint64_t losses = 0; ///< of mappings that were asked for again in time
    std::map<std::string, std::uint64_t> faults;
    duration simulated{0};
    std::int64_t most_memory = 0;
    int most_in_an_hour = 0, most_in_an_hour_short = 0; ///< datagrams; of leases under 60 s

    void add(const tally& other)
    {
        checks += other.checks;
        datagrams += other.datagrams;
        operations += other.operations;
        events += other.events;
        losses += other.losses;
        simulated += other.simulated;
        most_memory = std::max(most_memory, other.most_memory);
        most_in_an_hour = std::max(most_in_an_hour, other.most_in_an_hour);
        most_in_an_hour_short = std::max(most_in_an_hour_short, other.most_in_an_hour_short);
        for (const auto& [name, count] : other.faults)
            faults[name] += count;
    }
};

/// How long the host's loop stands still at most.
constexpr duration longest_stand_still = 10min;

/// What a run is about.
enum class scenario
{
    anything, ///< all faults
    disorder  ///< datagrams that are late and overtake each other
};

class world
{
public:
    world(std::uint32_t seed, duration length, scenario what = scenario::anything);
    ~world();

    bool trace = false; ///< whether to print everything that happens

    /// Runs to the end; throws violation.
    tally run()
    {
        return scenario_ == scenario::disorder ? run_disorder() : run_anything();
    }

private:
    struct operation
    {
        asio::cancellation_signal signal;
        bool done = false;
        std::vector<mapping_key> maps, unmaps; ///< what its success, or its start, changes
        time_point started{};
        std::size_t number = 0; ///< of its client
    };

    struct listener;
    struct narrator;

    // application.cpp
    void act();
    void start_client();
    void map(bool pair);
    void unmap();
    void ask_address();
    void guard_one();
    void notices(unsigned count);
    void wait_event();
    void cancel_one();
    void shut_down();
    void destroy();
    template <class... Results>
    auto completion(const std::shared_ptr<operation>& what,
                    std::function<void(const natpmp::error_code&)> then = {});
    std::shared_ptr<operation> begin(const std::string& what);
    mapping_key any_key();
    void finished(operation& what, const natpmp::error_code& error);
    void on_datagram(const testing::simulated_datagram& datagram);
    void on_event(const natpmp::event& news);

    // disorder.cpp
    tally run_disorder();
    void act_until(time_point end);

    // faults.cpp
    void disturb();
    void count_fault(const std::string& name);
    void worsen_links();
    void spoil_gateway();
    void lose_state();
    void calm();
    void forge();
    void change_host();
    void sleep();
    void stand_still_soon(bool stopped);
    void stand_still(bool stopped);
    void slow_lookups();
    void refuse_sends();
    void flap_routes();
    void flap(bool between_two);
    testing::simulated_gateway& gateway_at(std::size_t which);

    // liveness.cpp
    tally run_anything();
    void step_until(time_point end);
    tally total(time_point start);
    void say(const std::string& line) const;
    void disturbed();
    template <class Name>
    void check(bool holds, Name name)
    {
        ++tally_.checks;
        if (holds)
            return;
        if constexpr (std::is_invocable_v<Name>)
            throw violation(name());
        else
            throw violation(name);
    }
    void check_liveness();
    void check_settled(const char* name);
    void check_memory();
    void check_healed(const std::string& name, time_point deadline);
    void check_ended(std::size_t number);
    void check_resets();
    void check_lost(const natpmp::event& news);
    void check_told(const natpmp::event& news);
    void note_grant(std::span<const std::uint8_t> bytes);
    [[nodiscard]] duration recovery_bound() const;
    [[nodiscard]] bool good();
    [[nodiscard]] std::string describe_client() const;
    [[nodiscard]] bool in_table(mapping_key key);
    [[nodiscard]] bool is_up(mapping_key key);

    [[nodiscard]] duration any_time(duration mean);
    [[nodiscard]] duration any_length(duration least, duration::rep most);
    void plan(std::function<void()> action, duration mean);

    const scenario scenario_;
    const std::int64_t heap_at_start_ = heap::live_bytes();
    asio::io_context context_;
    testing::simulated_network network_;
    tally tally_;
    wire_checks<testing::simulated_network> wire_;
    time_point end_;
    natpmp::client_options options_;
    std::optional<natpmp::client> client_;
    std::list<std::shared_ptr<operation>> pending_;
    std::map<mapping_key, time_point> kept_; ///< what the client has to keep, and since when
    std::size_t client_number_ = 0;
    time_point good_since_;
    time_point calm_until_, awake_at_;
    time_point tidy_since_; ///< since when datagrams keep their order
    time_point last_loss_ = long_ago;
    time_point client_since_ = long_ago, moved_at_ = long_ago; ///< moved: the host
    time_point flapping_until_ = long_ago, reset_at_ = long_ago;
    std::optional<bool> stands_still_next_; ///< at the next datagram; whether it is stopped
    unsigned disturbances_ = 0;
    std::uint64_t resets_ = 0; ///< that the client has told
    unsigned losses_ = 0;      ///< of state that the client may still notice
    /// Grants that lay in a socket while the loop stood still: until when they last at least.
    std::map<mapping_key, time_point> granted_meanwhile_;

    /// What the events of this client have told.
    struct
    {
        bool gateway_lost = false, silence = false;
        std::uint64_t received = 0; ///< datagrams, at the last no_response
        std::map<mapping_key, std::pair<natpmp::net::ip::address, std::uint16_t>> endpoints;
    } told_;
    std::string violation_; ///< the first one seen on the wire
    duration mean_fault_{}, mean_action_{};
    duration usual_delay_{};           ///< of a datagram at most, while the links are good
    time_point arrived_at_ = long_ago; ///< a request, at a gateway
    std::chrono::seconds longest_lease_{7200};
    std::vector<asio::ip::address_v4> gateways_;
};

} // namespace sim
