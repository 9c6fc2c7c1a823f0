// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#include <natpmp/detail/core/mapping_table.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace mapping_table_test {

using natpmp::detail::long_ago;
using natpmp::detail::mapping_key;
using natpmp::detail::mapping_record;
using natpmp::detail::mapping_table;
using natpmp::detail::priority;
using namespace std::chrono_literals;

mapping_key udp(std::uint16_t port)
{
    return {natpmp::protocol::udp, port};
}

/// Takes every record out of the order, each from the front.
template <class Order, class Key>
std::vector<int> drain(Order& order, const Key& last, std::size_t count)
{
    std::vector<int> ports;
    for (; count > 0; --count) {
        mapping_record& entry = *order.front();
        ports.push_back(entry.key.internal_port);
        order.move(entry, last);
    }
    return ports;
}

TEST_CASE("mapping_table: a record stays where it is until it is erased")
{
    mapping_table table;
    mapping_record& entry = table.get(udp(80));
    for (std::uint16_t port = 1000; port < 2000; ++port)
        table.get(udp(port));
    CHECK(&table.get(udp(80)) == &entry);
    CHECK(table.find(udp(80)) == &entry);
    table.erase(entry);
    CHECK(table.find(udp(80)) == nullptr);
    CHECK(table.timeline.front()->key.internal_port == 1000);
}

TEST_CASE("mapping_table: by time, equal times as they came")
{
    mapping_table table;
    const auto at = [](int second) { return long_ago + std::chrono::seconds{second}; };
    constexpr int times[] = {5, 3, 5, 1, 3};
    for (std::uint16_t port = 0; port < 5; ++port)
        table.timeline.move(table.get(udp(port)), at(times[port]));
    CHECK(drain(table.timeline, at(9), 5) == std::vector<int>{3, 1, 4, 0, 2});
    CHECK(table.timeline.front()->key.internal_port == 3); // the first that was set to 9
}

TEST_CASE("mapping_table: by urgency, operations by their turn")
{
    mapping_table table;
    table.ready.move(table.get(udp(1)), {priority::renewal, 0});
    table.ready.move(table.get(udp(2)), {priority::operation, 8});
    table.ready.move(table.get(udp(3)), {priority::operation, 7});
    table.ready.move(table.get(udp(4)), {priority::deletion, 0});
    table.ready.move(table.get(udp(5)), {priority::renewal, 0});
    CHECK(drain(table.ready, natpmp::detail::not_ready, 5) == std::vector<int>{4, 3, 2, 1, 5});
    CHECK(table.ready.front()->ready_place->first == natpmp::detail::not_ready);
}

TEST_CASE("mapping_table: unread once, however often it was marked")
{
    mapping_table table;
    CHECK(table.take_unread() == nullptr);
    table.mark_unread(table.get(udp(2)));
    table.mark_unread(table.get(udp(1)));
    table.mark_unread(table.get(udp(2)));
    CHECK(table.take_unread()->key.internal_port == 2);
    CHECK(table.take_unread()->key.internal_port == 1);
    CHECK(table.take_unread() == nullptr);
}

TEST_CASE("mapping_table: each record once, by key, while it is erased")
{
    mapping_table table;
    for (const std::uint16_t port : {std::uint16_t{3}, std::uint16_t{1}, std::uint16_t{2}})
        table.get(udp(port));
    std::vector<int> ports;
    table.for_each([&](mapping_record& entry) {
        ports.push_back(entry.key.internal_port);
        table.erase(entry);
    });
    CHECK(ports == std::vector<int>{1, 2, 3});
    CHECK(table.timeline.front() == nullptr);
}

} // namespace mapping_table_test
