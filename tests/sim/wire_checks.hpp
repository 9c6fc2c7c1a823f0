// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What must hold of every datagram of a client, whatever the network and the application do.

#pragma once

#include <natpmp/describe.hpp>
#include <natpmp/detail/core/mapping_table.hpp>
#include <natpmp/testing/simulated_traffic.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sim {

using natpmp::time_point;
using natpmp::detail::duration;
using natpmp::detail::long_ago;
using natpmp::detail::mapping_key;
namespace testing = natpmp::testing;
using namespace std::chrono_literals;

/// A check that failed; the message begins with the check's name.
struct violation : std::runtime_error
{
    using std::runtime_error::runtime_error;
};

inline std::string text(mapping_key key)
{
    return std::string(to_string(key.protocol)) + ' ' + std::to_string(key.internal_port);
}

/// Watches every datagram that the client sends to a network, which tells the time, now(), and the
/// host's gateway, host(). Times between datagrams are those of the host's clock.
template <class Network>
class wire_checks
{
public:
    explicit wire_checks(const Network& network) : network_(network)
    {}

    std::uint64_t done = 0;           ///< checks done
    int most_in_an_hour = 0;          ///< datagrams for one mapping, but for the application's
    std::set<mapping_key> ours;       ///< what the application ever asked for
    std::map<mapping_key, int> asked; ///< operations of the application
    duration least_lease = 60s;       ///< the shortest lease that a gateway grants
    duration lateness{0};             ///< how late the host's timers fire at most
    duration clock_tick{0};           ///< of the host's clock, if it is not exact
    duration lookup_time{0};          ///< how long a lookup of the gateway takes
    bool closed = false;              ///< whether a shutdown or destruction is complete
    bool leaving = false;             ///< whether a shutdown is under way
    std::function<std::uint16_t(mapping_key)> granted_port; ///< of a mapping that is up, or 0
    std::function<std::uint64_t()> begun; ///< how many requests the client says it has begun

    /// Something lets the client start its transmissions anew: an announcement may be taken up
    /// five minutes later.
    void hint(duration lasts = 0s)
    {
        hinted_until_ =
            std::max(hinted_until_, std::max(network_.now(), away_until_) + lasts + 5min + 10s);
    }

    /// Another client starts.
    void start()
    {
        closed = leaving = false;
        outstanding_.clear();
        creates_.clear();
        target_ = natpmp::net::ip::address{};
        paid_until_ = last_sent_ = long_ago;
        begun_ = 0;
        settled_ = refused_ = false;
    }

    /// The host's gateway changed: for a moment the client may not know it.
    void host_changed(const natpmp::gateway& before)
    {
        changed_until_ = std::max(network_.now(), away_until_) + notice_time();
        known_until_[before.address] = changed_until_;
        settled_ = false;
        hint();
    }

    /// The application cancelled something. With nothing left to do the client rests, and waits no
    /// more for an answer.
    void cancelled()
    {
        rested_ = true;
    }

    /// The host's loop runs no handler until then: it sleeps, is stopped, stands still or looks for
    /// its gateway.
    void host_away(time_point until)
    {
        if (until <= away_until_)
            return;
        away_until_ = until;
        for (auto& [address, known_until] : known_until_)
            if (known_until >= network_.now())
                known_until = away_until_ + notice_time();
        if (hinted_until_ >= network_.now())
            hint();
        if (changed_until_ >= network_.now())
            changed_until_ = away_until_ + notice_time();
    }

    /// An answer arrived at the client; perhaps to what is outstanding, as far as one can see. It
    /// may lie in the socket for a while.
    void answered(const testing::simulated_datagram& datagram)
    {
        const auto bytes = datagram.bytes;
        const bool refuses = bytes.size() < 10 || bytes[2] != 0 || bytes[3] != 0; // or ICMP
        const bool fits = bytes.size() >= 10 &&
                          (outstanding_.size() == 2
                               ? bytes[1] == 128
                               : outstanding_.size() == 12 && bytes[1] == (outstanding_[1] | 128) &&
                                     bytes[8] == outstanding_[4] && bytes[9] == outstanding_[5]);
        surely_answered_ = surely_answered_ || fits;
        answered_ = answered_ || fits || refuses;
        if (refuses)
            return;
        settled_ = settled_ || (fits && network_.now() < away_until_ && settles(bytes));
    }

    /// Whether the client may not know yet which gateway the host has.
    [[nodiscard]] bool changing() const
    {
        return network_.now() <= changed_until_;
    }

    /// Whether this answer grants the mapping that is outstanding.
    [[nodiscard]] bool grants(std::span<const std::uint8_t> answer) const
    {
        return outstanding_.size() == 12 && answer.size() == 16 && !removes(outstanding_) &&
               answer[1] == (outstanding_[1] | 128) && answer[8] == outstanding_[4] &&
               answer[9] == outstanding_[5] && answer[3] == 0 && settles(answer);
    }

    /// Whether this grants what is outstanding, an address or a mapping, or deletes the mapping.
    [[nodiscard]] bool settles(std::span<const std::uint8_t> answer) const
    {
        const auto zero = [](std::span<const std::uint8_t> bytes) {
            return std::all_of(bytes.begin(), bytes.end(), [](auto each) { return each == 0; });
        };
        if (outstanding_.size() == 2)
            return answer.size() == 12;
        if (outstanding_.size() != 12 || answer.size() != 16)
            return false;
        const std::span<const std::uint8_t> request = outstanding_;
        const bool grants = !zero(answer.subspan(10, 2)) && !zero(answer.subspan(12));
        return zero(request.subspan(8)) ? zero(answer.subspan(12)) : grants;
    }

    /// Whether the last request is not for this mapping, and was answered by nothing that fits.
    [[nodiscard]] bool awaits_other_than(mapping_key key) const
    {
        if (outstanding_.empty() || surely_answered_)
            return false;
        return outstanding_.size() != 12 || key_of(outstanding_) != key || removes(outstanding_);
    }

    /// When a map request for this mapping last went out.
    [[nodiscard]] time_point last_map(mapping_key key) const
    {
        const auto found = creates_.find(key);
        return found == creates_.end() ? long_ago : found->second.at;
    }

    /// When the last datagram was sent, or refused by the system.
    [[nodiscard]] time_point last_sent() const noexcept
    {
        return last_sent_;
    }

    /// The client sends a datagram, or the system refuses to send it.
    void sent(const testing::simulated_datagram& datagram)
    {
        check(!closed, "nothing after the end", datagram);
        check_target(datagram);
        const bool same = std::equal(outstanding_.begin(), outstanding_.end(),
                                     datagram.bytes.begin(), datagram.bytes.end());
        const bool again =
            same && refused_ && last_sent_ == clock(); // at once, as the first failed
        const std::uint64_t begun_now = begun ? begun() : 0;
        const bool certain = begun && !again && !(same && ever_refused_);
        if (certain && same && settled_)
            check(begun_now != begun_, "what is answered in a socket is not sent again", datagram);
        const bool begins = certain && begun_now != begun_;
        begun_ = begun_now;
        settled_ = false;
        if (!again)
            check_serial(datagram, same, !certain || begins);
        refused_ = datagram.at == testing::simulated_datagram::place::refused;
        ever_refused_ = refused_ || (same && ever_refused_);
        if (datagram.bytes.size() == 2)
            return check_rate({}, datagram);
        check(datagram.bytes.size() == 12, "well-formed", datagram);
        const auto word = [&](std::size_t at) {
            return static_cast<unsigned>(datagram.bytes[at] << 8 | datagram.bytes[at + 1]);
        };
        const mapping_key key = key_of(datagram.bytes);
        check(key.internal_port != 0 && ours.contains(key), "only our ports", datagram);
        check(word(2) == 0, "reserved is zero (M-2)", datagram);
        if (removes(datagram.bytes)) {
            check(word(6) == 0, "deletes have external port 0 (D-2)", datagram);
        } else {
            // A retransmission suggests what its request did, though the port may be another by
            // now.
            const bool chooses = granted_port && (!same || begins);
            if (const std::uint16_t port = chooses ? granted_port(key) : std::uint16_t{0})
                check(word(6) == port, "the granted port is suggested (N-2)", datagram);
            check_gap(key, begins, datagram);
        }
        check_rate(key, datagram);
    }

private:
    /// What the host's clock shows.
    [[nodiscard]] time_point clock() const
    {
        const time_point now = network_.now();
        return clock_tick > 0s ? now - now.time_since_epoch() % clock_tick : now;
    }

    /// How long the client may take to notice another gateway, once the host can act.
    [[nodiscard]] duration notice_time() const
    {
        return 300ms + 2 * lookup_time;
    }

    static mapping_key key_of(std::span<const std::uint8_t> request)
    {
        return {static_cast<natpmp::protocol>(request[1]),
                static_cast<std::uint16_t>(request[4] << 8 | request[5])};
    }

    static bool removes(std::span<const std::uint8_t> request)
    {
        const auto lifetime = request.subspan(8);
        return std::all_of(lifetime.begin(), lifetime.end(), [](auto each) { return each == 0; });
    }

    void check(bool holds, const char* name, const testing::simulated_datagram& datagram)
    {
        ++done;
        if (!holds)
            throw violation(std::string(name) + ": " + natpmp::describe(datagram.bytes) + " to " +
                            datagram.gateway.to_string());
    }

    void check_target(const testing::simulated_datagram& datagram)
    {
        const bool current = datagram.gateway == network_.host().address;
        const auto former = known_until_.find(datagram.gateway);
        const bool just_now = former != known_until_.end() && network_.now() <= former->second;
        // A shutdown that has begun is not moved to another gateway.
        const bool leaves_it = leaving && datagram.gateway == target_;
        check(current || just_now || leaves_it, "only the current gateway (A-2, H-3)", datagram);
        if (datagram.gateway != target_ && !target_.is_unspecified()) {
            paid_until_ = std::max(paid_until_, network_.now()) + 30s; // one more may be on its way
            check(paid_until_ <= network_.now() + 11 * 30s,
                  "changes of gateway: ten in a row, then one in 30 s", datagram);
        }
        target_ = datagram.gateway;
    }

    /// Map requests for one mapping start at least a second apart, whatever the gateway, unless the
    /// application has asked for something meanwhile.
    void check_gap(mapping_key key, bool begins, const testing::simulated_datagram& datagram)
    {
        const auto [last, is_first] = creates_.try_emplace(key);
        if (!is_first && begins && last->second.asked == asked[key])
            check(clock() - last->second.at >= 1s, "map requests start a second apart", datagram);
        last->second = {clock(), asked[key]};
    }

    /// Whether the client may send now what is due then: a timer fires late, and while the host is
    /// away none does.
    [[nodiscard]] bool in_time(time_point due) const
    {
        return clock() >= due && clock() <= std::max(due, away_until_) + lateness;
    }

    /// Transmissions of one request: since when, and how many, with those that were missed.
    struct burst
    {
        time_point start;
        int count = 1;

        bool operator==(const burst&) const = default;

        [[nodiscard]] time_point planned(int number) const
        {
            return start + 250ms * ((1 << (number - 1)) - 1);
        }
    };

    /// How often the application asked for what this request asks.
    int asked_for(const testing::simulated_datagram& datagram)
    {
        return asked[datagram.bytes.size() < 12 ? mapping_key{} : key_of(datagram.bytes)];
    }

    /// One request at a time, each at most nine times (T-3), doubling from 250 ms (T-2).
    void check_serial(const testing::simulated_datagram& datagram, bool same, bool may_begin)
    {
        const time_point now = clock();
        const time_point soonest = last_sent_ + 250ms;
        const bool anew =
            leaving || network_.now() <= changed_until_; // other socket, or in a hurry
        const time_point last = std::exchange(last_sent_, now);
        if (!same) {
            check(outstanding_.empty() || answered_ || anew || rested_ || now >= soonest,
                  "one request in flight (Q-1)", datagram);
            rested_ = false;
            outstanding_.assign(datagram.bytes.begin(), datagram.bytes.end());
            answered_ = surely_answered_ = false;
            bursts_ = {{now}};
            asked_before_burst_ = asked_for(datagram);
            return;
        }
        // The same request may be made again, at a time that fits a retransmission too. The last
        // wait of a request is a second at least, from when its last datagram was planned; that may
        // have come late.
        const bool delayed = std::any_of(bursts_.begin(), bursts_.end(), [&](const burst& each) {
            return away_until_ > each.start;
        });
        const duration last_wait = delayed && may_begin ? duration{250ms} : 1s - lateness;
        const bool restarts = answered_ || anew || now >= last + last_wait ||
                              (network_.now() <= hinted_until_ && now >= soonest);
        std::vector<burst> possible;
        for (const burst& each : bursts_) {
            if (each.count == 9) {
                const time_point tenth = each.planned(10);
                // Or the first of another request, for an operation that began since.
                const bool asked_again =
                    std::exchange(asked_before_burst_, asked_for(datagram)) != asked_for(datagram);
                check(now < tenth || now > tenth + lateness || answered_ || anew || asked_again,
                      "nine transmissions (T-3)", datagram);
            } else if (in_time(std::max(each.planned(each.count + 1), soonest))) {
                burst next = each;
                do {
                    ++next.count;
                } while (next.count < 9 && next.planned(next.count + 1) <= now);
                possible.push_back(next);
            }
        }
        const bool retransmitted = !possible.empty();
        if (restarts && std::find(possible.begin(), possible.end(), burst{now}) == possible.end())
            possible.push_back({now});
        check(!possible.empty(), "transmissions double from 250 ms (T-1, T-2)", datagram);
        if (!retransmitted)
            answered_ = surely_answered_ = false;
        bursts_ = std::move(possible);
    }

    /// The documented bound on datagrams for each mapping and hour.
    void check_rate(mapping_key key, const testing::simulated_datagram& datagram)
    {
        if (refused_)
            return;
        const auto hour = std::chrono::floor<std::chrono::hours>(network_.now().time_since_epoch());
        if (hour != hour_) {
            hour_ = hour;
            counts_.clear();
            asked_before_ = asked;
        }
        int operations = 0;
        for (const auto& [each, count] : asked)
            if (each == key || key.internal_port == 0)
                operations += count - asked_before_[each];
        const int bound = least_lease < 60s ? 10'800 : 1'800;
        const int count = ++counts_[key] - 40 * operations;
        most_in_an_hour = std::max(most_in_an_hour, count);
        check(count <= bound, "the datagrams of an hour", datagram);
    }

    const Network& network_;
    std::map<natpmp::net::ip::address, time_point> known_until_; ///< of former gateways
    time_point away_until_ = long_ago;
    std::vector<std::uint8_t> outstanding_;
    time_point last_sent_ = long_ago;
    int asked_before_burst_ = 0;
    std::vector<burst> bursts_; ///< which the outstanding request may be in
    bool rested_ = false;       ///< the next request need not wait for the answer to the last one
    time_point hinted_until_ = long_ago, changed_until_ = long_ago;
    bool answered_ = false, surely_answered_ = false;
    bool settled_ = false; ///< whether its answer lies in the socket, while the host is away
    bool refused_ = false, ever_refused_ = false; ///< its last datagram; any of its datagrams
    std::uint64_t begun_ = 0;
    natpmp::net::ip::address target_;  ///< of the last datagram
    time_point paid_until_ = long_ago; ///< changes of gateway cost 30 s each
    struct create
    {
        time_point at;
        int asked = 0;
    };
    std::map<mapping_key, create> creates_; ///< the last datagram for each mapping
    std::chrono::hours hour_{0};
    std::map<mapping_key, int> counts_, asked_before_;
};

} // namespace sim
