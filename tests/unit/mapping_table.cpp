// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Mappings by key, and by the time at which something is due for them.

#include <natpmp/detail/core/mapping_table.hpp>

#include "support/catch.hpp"

#include <vector>

namespace mapping_table_test {
using namespace std::chrono_literals;
using natpmp::protocol;
using natpmp::time_point;
using natpmp::detail::due_schedule;
using natpmp::detail::mapping_key;
using natpmp::detail::mapping_record;
using natpmp::detail::mapping_table;

mapping_key udp(int port)
{
    return {protocol::udp, static_cast<std::uint16_t>(port)};
}

std::vector<int> ports_in_order(due_schedule& schedule)
{
    std::vector<int> result;
    while (!schedule.empty()) {
        mapping_record& entry = schedule.top();
        result.push_back(entry.key.internal_port);
        schedule.erase(entry);
    }
    return result;
}

TEST_CASE("mapping table: one record a key, UDP and TCP apart", "[table]")
{
    mapping_table table;
    mapping_record& entry = table.get(udp(80));
    CHECK(&table.get(udp(80)) == &entry);
    CHECK(&table.get({protocol::tcp, 80}) != &entry);
    CHECK(table.find(udp(81)) == nullptr);
    table.erase(entry);
    CHECK_FALSE(table.contains(udp(80)));
    CHECK(table.contains({protocol::tcp, 80}));
}

TEST_CASE("mapping table: the earliest first, equal times in the order in which they came",
          "[table]")
{
    mapping_table table;
    due_schedule schedule;
    const std::vector<std::pair<int, int>> added{{1, 5}, {2, 3}, {3, 5}, {4, 1}, {5, 5}, {6, 3}};
    for (const auto& [port, seconds] : added) {
        mapping_record& entry = table.get(udp(port));
        entry.due = time_point{std::chrono::seconds{seconds}};
        schedule.push(entry);
    }
    CHECK(ports_in_order(schedule) == std::vector<int>{4, 2, 6, 1, 3, 5});
}

TEST_CASE("mapping table: a record goes from one schedule to another", "[table]")
{
    mapping_table table;
    due_schedule first, second;
    mapping_record& entry = table.get(udp(1));
    first.push(entry);
    CHECK(first.contains(entry));
    second.erase(entry); // it is not in there
    CHECK(first.contains(entry));
    first.erase(entry);
    entry.due = time_point{9s};
    second.push(entry);
    CHECK(first.empty());
    CHECK(&second.top() == &entry);
}

TEST_CASE("mapping table: for_each goes by key, and lets the function erase", "[table]")
{
    mapping_table table;
    for (const int port : {30, 10, 20})
        table.get(udp(port));
    std::vector<int> seen;
    table.for_each([&](mapping_record& entry) {
        seen.push_back(entry.key.internal_port);
        if (entry.key.internal_port == 20)
            table.erase(entry);
    });
    CHECK(seen == std::vector<int>{10, 20, 30});
    CHECK_FALSE(table.contains(udp(20)));
}

} // namespace mapping_table_test
