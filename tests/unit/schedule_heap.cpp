// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Records in the order in which they are due, and the registry that holds them.

#include <natpmp/detail/schedule.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

namespace schedule_heap_test {
using namespace std::chrono_literals;
using natpmp::protocol;
using natpmp::time_point;
using natpmp::detail::due_schedule;
using natpmp::detail::mapping_key;
using natpmp::detail::record;
using natpmp::detail::registry;

/// So many new records of a registry.
std::vector<record*> make_records(registry& owner, std::uint16_t count)
{
    std::vector<record*> records;
    for (std::uint16_t port = 1; port <= count; ++port)
        records.push_back(&owner.get({protocol::tcp, port}));
    return records;
}

TEST_CASE("schedule: the earliest is on top", "[schedule]")
{
    registry owner;
    const std::vector<record*> records = make_records(owner, 5);
    due_schedule schedule(owner);
    CHECK(schedule.empty());
    for (const std::size_t at : {3U, 0U, 4U, 1U, 2U}) {
        records[at]->due = time_point{std::chrono::seconds{at}};
        schedule.push(*records[at]);
        CHECK(schedule.contains(*records[at]));
    }
    CHECK(schedule.size() == 5);
    for (std::size_t at = 0; at < 5; ++at) {
        REQUIRE(&schedule.top() == records[at]);
        schedule.erase(schedule.top());
        CHECK_FALSE(schedule.contains(*records[at]));
    }
    CHECK(schedule.empty());
}

TEST_CASE("schedule: erasing what is not in it does nothing", "[schedule]")
{
    registry owner;
    record& first = owner.get({protocol::tcp, 1});
    record& second = owner.get({protocol::tcp, 2});
    due_schedule schedule(owner), other(owner);
    schedule.erase(first);
    schedule.push(first);
    other.push(second);
    schedule.erase(second);
    other.erase(first);
    CHECK(schedule.contains(first));
    CHECK(other.contains(second));
    CHECK_FALSE(schedule.contains(second));
    schedule.erase(first);
    schedule.erase(first);
    CHECK(schedule.empty());
}

TEST_CASE("schedule: random pushes and erasures", "[schedule]")
{
    std::mt19937 random{99};
    registry owner;
    const std::vector<record*> records = make_records(owner, 200);
    std::vector<record*> inside;
    due_schedule schedule(owner);
    for (int round = 0; round < 20'000; ++round) {
        record& any = *records[random() % records.size()];
        const auto found = std::find(inside.begin(), inside.end(), &any);
        REQUIRE(schedule.contains(any) == (found != inside.end()));
        if (found != inside.end()) {
            schedule.erase(any);
            inside.erase(found);
        } else {
            any.due = time_point{std::chrono::seconds{random() % 50}};
            schedule.push(any);
            inside.push_back(&any);
        }
        REQUIRE(schedule.size() == inside.size());
        if (inside.empty())
            continue;
        const record* least = *std::min_element(
            inside.begin(), inside.end(),
            [](const record* left, const record* right) { return left->due < right->due; });
        REQUIRE(schedule.top().due == least->due);
    }
}

TEST_CASE("registry: one record a key", "[schedule]")
{
    registry records;
    CHECK(records.find({protocol::tcp, 80}) == nullptr);
    record& tcp = records.get({protocol::tcp, 80});
    record& udp = records.get({protocol::udp, 80});
    CHECK(&tcp != &udp);
    CHECK(records.size() == 2);
    CHECK(&records.get({protocol::tcp, 80}) == &tcp);
    CHECK(records.find({protocol::udp, 80}) == &udp);
    CHECK(tcp.key == mapping_key{protocol::tcp, 80});
    tcp.granted = 5;
    records.erase(tcp);
    CHECK(records.find({protocol::tcp, 80}) == nullptr);
    CHECK(records.get({protocol::tcp, 80}).granted == 0);
    CHECK(records.size() == 2);
}

TEST_CASE("registry: references stay, slots are used again", "[schedule]")
{
    registry records;
    record& first = records.get({protocol::tcp, 1});
    first.granted = 17;
    for (std::uint16_t port = 2; port < 5000; ++port)
        records.get({protocol::tcp, port});
    CHECK(first.granted == 17);
    CHECK(records.find({protocol::tcp, 1}) == &first);
    record* last = records.find({protocol::tcp, 4999});
    records.erase(*last);
    CHECK(&records.get({protocol::udp, 7}) == last);
    std::size_t count = 0;
    records.for_each([&](record&) { ++count; });
    CHECK(count == 4999);
}

TEST_CASE("registry: random records come and go", "[schedule]")
{
    std::mt19937 random{7};
    registry records;
    std::map<mapping_key, record*> known;
    for (int round = 0; round < 50'000; ++round) {
        const mapping_key key{random() % 2 ? protocol::tcp : protocol::udp,
                              static_cast<std::uint16_t>(random() % 700)};
        const auto found = known.find(key);
        REQUIRE(records.find(key) == (found == known.end() ? nullptr : found->second));
        REQUIRE(records.contains(key) == (found != known.end()));
        if (found == known.end()) {
            record& made = records.get(key);
            REQUIRE(made.key == key);
            known.emplace(key, &made);
        } else {
            records.erase(*found->second);
            known.erase(found);
        }
        REQUIRE(records.size() == known.size());
    }
    std::size_t count = 0;
    records.for_each([&](record& each) { count += known.at(each.key) == &each; });
    CHECK(count == known.size());
}

TEST_CASE("registry: all keys are told apart", "[schedule]")
{
    CHECK(mapping_key{protocol::udp, 65'535}.number() < mapping_key{protocol::tcp, 0}.number());
    CHECK(mapping_key{protocol::tcp, 65'535}.number() < (1U << 17));
    CHECK(mapping_key{protocol::udp, 1}.number() != mapping_key{protocol::udp, 2}.number());
}

TEST_CASE("registry: errors survive their short form", "[schedule]")
{
    using natpmp::detail::pack;
    using natpmp::detail::unpack;
    for (const natpmp::error_code error :
         {natpmp::error_code{}, make_error_code(natpmp::errc::gateway_silent),
          make_error_code(natpmp::errc::shutdown_incomplete),
          make_error_code(natpmp::result_code::not_authorized),
          make_error_code(static_cast<natpmp::result_code>(65'535)),
          natpmp::error_code{natpmp::net::error::network_unreachable}}) {
        CHECK(unpack(pack(error)) == error);
        CHECK(unpack(pack(error)).message() == error.message());
    }
}

} // namespace schedule_heap_test
