// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What must hold of every datagram of a client, whatever the network and the application do.

#pragma once

#include <natpmp/describe.hpp>
#include <natpmp/detail/registry.hpp>
#include <natpmp/testing/simulated_traffic.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
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
/// host's gateway, host().
template <class Network>
class wire_checks
{
public:
    explicit wire_checks(const Network& network) : network_(network)
    {}

    std::uint64_t done = 0;           ///< checks done
    int most_in_an_hour = 0;          ///< datagrams for one mapping, but for the application's
    std::set<mapping_key> ours;       ///< what the application ever asked for
    std::map<mapping_key, int> asked; ///< operations of the application in this hour
    duration least_lease = 60s;       ///< the shortest lease that a gateway grants
    bool closed = false;              ///< whether a shutdown or destruction is complete
    bool leaving = false;             ///< whether a shutdown is under way
    std::function<std::uint16_t(mapping_key)> granted_port; ///< of a mapping that is up, or 0

    /// Something lets the client start its transmissions anew: an announcement may be taken up
    /// five minutes later.
    void hint(duration lasts = 0s)
    {
        hinted_until_ =
            std::max(hinted_until_, std::max(network_.now(), awake_at_) + lasts + 5min + 10s);
    }

    /// Another client starts.
    void start()
    {
        closed = leaving = false;
        outstanding_.clear();
    }

    /// The host's gateway changed: for a moment the client may not know it.
    void host_changed(const natpmp::gateway& before)
    {
        changed_until_ = std::max(network_.now(), awake_at_) + 300ms;
        known_until_[before.address] = changed_until_;
        hint();
    }

    void host_slept(time_point until)
    {
        awake_at_ = std::max(awake_at_, until);
        for (auto& [address, known_until] : known_until_)
            if (known_until >= network_.now())
                known_until = awake_at_ + 300ms;
        if (hinted_until_ >= network_.now())
            hint();
        if (changed_until_ >= network_.now())
            changed_until_ = awake_at_ + 300ms;
    }

    /// An answer arrived at the client; perhaps to what is outstanding, as far as one can see.
    void answered(const testing::simulated_datagram& datagram)
    {
        const auto bytes = datagram.bytes;
        if (bytes.size() < 10 || bytes[2] != 0 || bytes[3] != 0) { // ICMP, and refusals
            answered_ = true;
            return;
        }
        const bool fits = outstanding_.size() == 2
                              ? bytes[1] == 128
                              : outstanding_.size() == 12 && bytes[1] == (outstanding_[1] | 128) &&
                                    bytes[8] == outstanding_[4] && bytes[9] == outstanding_[5];
        answered_ = answered_ || fits;
    }

    void sent(const testing::simulated_datagram& datagram)
    {
        check(!closed, "nothing after the end", datagram);
        check_target(datagram);
        check_serial(datagram);
        if (datagram.bytes.size() == 2)
            return check_rate({}, datagram);
        check(datagram.bytes.size() == 12, "well-formed", datagram);
        const auto word = [&](std::size_t at) {
            return static_cast<unsigned>(datagram.bytes[at] << 8 | datagram.bytes[at + 1]);
        };
        const mapping_key key{static_cast<natpmp::protocol>(datagram.bytes[1]),
                              static_cast<std::uint16_t>(word(4))};
        check(key.internal_port != 0 && ours.contains(key), "only our ports", datagram);
        check(word(2) == 0, "reserved is zero (M-2)", datagram);
        const bool removes = word(8) == 0 && word(10) == 0;
        if (removes)
            check(word(6) == 0, "deletes have external port 0 (D-2)", datagram);
        else if (const std::uint16_t port = granted_port ? granted_port(key) : std::uint16_t{0})
            check(word(6) == port, "the granted port is suggested (N-2)", datagram);
        check_rate(key, datagram);
    }

private:
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
        check(current || just_now, "only the current gateway (A-2, H-3)", datagram);
    }

    /// One request at a time, each at most nine times (T-3), doubling from 250 ms (T-2).
    void check_serial(const testing::simulated_datagram& datagram)
    {
        const time_point now = network_.now();
        const bool same = std::equal(outstanding_.begin(), outstanding_.end(),
                                     datagram.bytes.begin(), datagram.bytes.end());
        const duration gap = now - last_sent_;
        const bool anew = leaving || now <= changed_until_; // on another socket, or in a hurry
        last_sent_ = now;
        if (!same) {
            check(outstanding_.empty() || answered_ || anew || gap >= 250ms,
                  "one request in flight (Q-1)", datagram);
            outstanding_.assign(datagram.bytes.begin(), datagram.bytes.end());
            answered_ = false;
            transmissions_ = {1};
            return;
        }
        check(!transmissions_.contains(9) || gap != 64s || answered_ || anew,
              "nine transmissions (T-3)", datagram);
        // The same request may be made again, at a time that fits a retransmission too.
        std::set<int> possible;
        const bool slept = awake_at_ > now - gap;
        for (const int count : transmissions_) {
            const duration wait = 250ms * (1 << (count - 1));
            if (count < 9 && (gap == wait || (slept && gap > wait)))
                possible.insert(count + 1);
        }
        if (answered_ || anew || gap >= 1s || (now <= hinted_until_ && gap >= 250ms))
            possible.insert(1);
        check(!possible.empty(), "transmissions double from 250 ms (T-1, T-2)", datagram);
        if (possible == std::set{1})
            answered_ = false;
        transmissions_ = possible;
    }

    /// The documented bound on datagrams for each mapping and hour.
    void check_rate(mapping_key key, const testing::simulated_datagram& datagram)
    {
        const auto hour = std::chrono::floor<std::chrono::hours>(network_.now().time_since_epoch());
        if (hour != hour_) {
            hour_ = hour;
            counts_.clear();
            asked.clear();
        }
        int operations = 0;
        for (const auto& [each, count] : asked)
            operations += each == key || key.internal_port == 0 ? count : 0;
        const int bound = least_lease < 60s ? 10'800 : 1'800;
        const int count = ++counts_[key] - 40 * operations;
        most_in_an_hour = std::max(most_in_an_hour, count);
        check(count <= bound, "the datagrams of an hour", datagram);
    }

    const Network& network_;
    std::map<natpmp::net::ip::address, time_point> known_until_; ///< of former gateways
    time_point awake_at_ = long_ago;
    std::vector<std::uint8_t> outstanding_;
    time_point last_sent_ = long_ago;
    std::set<int> transmissions_; ///< how many of the outstanding request's there may have been
    time_point hinted_until_ = long_ago, changed_until_ = long_ago;
    bool answered_ = false;
    std::chrono::hours hour_{0};
    std::map<mapping_key, int> counts_;
};

} // namespace sim
