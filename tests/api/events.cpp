// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What async_wait_event tells, and in which order.

#include "api/cancelling.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace events_test {
using namespace api_test;

/// Reads one event after the other, as a program would, and keeps them.
class event_reader
{
public:
    explicit event_reader(client& on) : on_(&on)
    {
        read();
    }

    /// What came since the last call: "mapped tcp 6881 to 6881".
    lines take()
    {
        return std::exchange(seen_, {});
    }

    [[nodiscard]] bool any() const
    {
        return !seen_.empty() || end_;
    }

    [[nodiscard]] error_code end() const
    {
        return end_;
    }

private:
    void read()
    {
        on_->async_wait_event([this](error_code error, const natpmp::event& news) {
            if (error) {
                end_ = error;
                return;
            }
            std::string line(to_string(news.kind));
            if (news.about_mapping())
                line += ' ' + std::string(natpmp::to_string(news.mapping.protocol)) + ' ' +
                        std::to_string(news.mapping.internal_port) + " to " +
                        std::to_string(news.mapping.external_port);
            else
                line += ' ' + news.mapping.external_address.to_string();
            if (news.error)
                line += ": " + news.error.message();
            seen_.push_back(line);
            read();
        });
    }

    client* on_;
    lines seen_;
    error_code end_;
};

TEST_CASE("events: mapped, unmapped, and the end")
{
    world in;
    client on(in.context, in.options());
    event_reader reader(on);
    on.async_map_port(protocol::tcp, 6881, ignore{});
    on.async_map_port(
        map_request{.protocol = protocol::udp, .internal_port = 1, .external_port = 2}, ignore{});
    in.settle();
    CHECK(reader.take() == lines{"mapped tcp 6881 to 6881", "mapped udp 1 to 2"});
    on.async_unmap_port(protocol::tcp, 6881, ignore{});
    in.settle();
    CHECK(reader.take() == lines{"unmapped tcp 6881 to 6881"});
    on.async_shutdown(2s, ignore{});
    in.settle();
    CHECK(reader.take() == lines{"unmapped udp 1 to 2"});
    CHECK(reader.end() == errc::closed);
    CHECK(in.run_dry());
}

TEST_CASE("events: what happened before the reading began is told, once")
{
    world in;
    client on(in.context, in.options());
    on.async_map_port(protocol::tcp, 6881, ignore{});
    on.async_map_port(protocol::udp, 6882, ignore{});
    in.settle();
    on.async_unmap_port(protocol::udp, 6882, ignore{}); // never told, so its end is no news
    in.settle();
    event_reader reader(on);
    in.settle();
    CHECK(reader.take() == lines{"mapped tcp 6881 to 6881"});
    CHECK_FALSE(reader.any());
    on.cancel();
    in.settle();
    CHECK(reader.end() == asio::error::operation_aborted);
}

TEST_CASE("events: renewed, and endpoint_changed")
{
    world in;
    in.gateway.model().settings.max_lifetime = 2s;
    client on(in.context, in.options());
    event_reader reader(on);
    on.async_map_port(protocol::tcp, 6881, ignore{});
    in.settle();
    CHECK(reader.take() == lines{"mapped tcp 6881 to 6881"});
    REQUIRE(in.run_until([&] { return reader.any(); }));
    CHECK(reader.take() == lines{"renewed tcp 6881 to 6881"});
    CHECK(on.status().renewals == 1);
    in.faults().move_ports = true;
    REQUIRE(in.run_until([&] { return reader.any(); }));
    CHECK(reader.take() == lines{"endpoint_changed tcp 6881 to 6882"});
    CHECK(on.mappings().at(0).external_port == 6882);
    CHECK(in.wire() == lines{"delete tcp 6881", "map tcp 6881 6881 7200", "address",
                             "map tcp 6881 6881 7200", "map tcp 6881 6881 7200"});
}

TEST_CASE("events: address_changed")
{
    world in;
    client on(in.context, in.options());
    event_reader reader(on);
    on.async_map_port(protocol::tcp, 6881, ignore{});
    in.settle();
    reader.take();
    in.gateway.model().settings.external_address = asio::ip::make_address_v4("198.51.100.9");
    on.async_external_address(ignore{});
    in.settle();
    CHECK(reader.take() ==
          lines{"address_changed 198.51.100.9", "endpoint_changed tcp 6881 to 6881"});
    CHECK(on.mappings().at(0).external_address == asio::ip::make_address("198.51.100.9"));
    on.async_external_address(ignore{});
    in.settle();
    CHECK_FALSE(reader.any());
}

TEST_CASE("events: mapping_failing, and the mapping when it comes")
{
    world in;
    client on(in.context, in.options());
    event_reader reader(on);
    in.faults().refuse_maps = 4;
    cancellable operation;
    operation.map(on, {.internal_port = 6881, .keep_trying = true});
    in.settle();
    const auto failing = reader.take();
    REQUIRE(failing.size() == 1);
    CHECK(failing[0].rfind("mapping_failing tcp 6881 to 0: ", 0) == 0);
    CHECK(operation.pending());

    in.faults().refuse_maps = 0;
    on.network_changed(); // tries again now, but no sooner than a second after the last
    REQUIRE(in.run_until([&] { return !operation.pending(); }));
    CHECK(operation.got.succeeded());
    in.settle();
    CHECK(reader.take() == lines{"mapped tcp 6881 to 6881"});
}

TEST_CASE("events: an unmap that the gateway refuses is told with the error")
{
    world in;
    client on(in.context, in.options());
    event_reader reader(on);
    on.async_map_port(protocol::tcp, 6881, ignore{});
    in.settle();
    reader.take();
    in.faults().refuse_deletes = 2;
    cancellable operation;
    on.async_unmap_port(protocol::tcp, 6881, operation.token());
    in.settle();
    CHECK(operation.got.error == result_code::not_authorized);
    const auto told = reader.take();
    REQUIRE(told.size() == 1);
    CHECK(told[0].rfind("unmapped tcp 6881 to 6881: the gateway refuses", 0) == 0);
}

TEST_CASE("events: a second reader at the same time is refused")
{
    world in;
    client on(in.context, in.options());
    cancellable first, second, third;
    first.start<event_operation>(on);
    second.start<event_operation>(on);
    CHECK(second.pending());
    in.settle();
    CHECK(second.got.error == errc::already_waiting);
    CHECK(first.pending());
    event_operation::provoke(on);
    in.settle();
    CHECK(first.got.succeeded());
    third.start<event_operation>(on);
    in.settle();
    CHECK(third.pending());
}

TEST_CASE("events: a mapping that never came is no event")
{
    world in;
    client on(in.context, in.options());
    event_reader reader(on);
    in.faults().refuse_maps = 2;
    on.async_map_port(protocol::tcp, 6881, ignore{});
    on.async_unmap_port(protocol::udp, 6882, ignore{});
    in.settle();
    CHECK_FALSE(reader.any());
}

TEST_CASE("events: a shutdown tells what could not be deleted")
{
    world in;
    client on(in.context, in.options());
    event_reader reader(on);
    on.async_map_port(protocol::tcp, 6881, ignore{});
    in.settle();
    reader.take();
    on.async_shutdown(0s, ignore{});
    in.settle();
    const auto told = reader.take();
    REQUIRE(told.size() == 1);
    CHECK(told[0].rfind("unmapped tcp 6881 to 6881: ", 0) == 0);
    CHECK(reader.end() == errc::closed);
}

} // namespace events_test
