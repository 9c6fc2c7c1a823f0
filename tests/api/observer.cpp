// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The observer: what it sees, in which order, and what it may do.

#include "api/cancelling.hpp"

#include <memory>
#include <string>

namespace observer_test {
using namespace api_test;

/// Writes down what it sees: "sent 12", "received 16", "mapped".
class diary
{
public:
    explicit diary(lines& into) : into_(&into)
    {}

    void operator()(const natpmp::event& news) const
    {
        into_->push_back(std::string(to_string(news.kind)));
    }

    void operator()(const natpmp::datagram& seen) const
    {
        std::string line(to_string(seen.what));
        line += ' ' + std::to_string(seen.bytes.size());
        if (seen.reason != natpmp::ignore_reason::none)
            line += ' ' + std::string(to_string(seen.reason));
        into_->push_back(line);
    }

private:
    lines* into_;
};

TEST_CASE("observer: datagrams and events in the order in which they happened")
{
    world in;
    client on(in.context, in.options());
    lines seen;
    on.set_observer(diary(seen));
    on.async_map_port(protocol::tcp, 6881, ignore{});
    in.settle();
    CHECK(seen == lines{"sent 12", "received 16", "sent 12", "received 16", "sent 2", "received 12",
                        "mapped"});
    seen.clear();
    on.async_unmap_port(protocol::tcp, 6881, ignore{});
    in.settle();
    CHECK(seen == lines{"sent 12", "received 16", "unmapped"});
}

TEST_CASE("observer: what is ignored, and why; peers and bytes")
{
    world in;
    client on(in.context, in.options());
    in.faults().duplicates = 1;
    lines seen;
    int strangers = 0, empty = 0;
    on.set_observer([&, note = diary(seen)](const auto& item) {
        note(item);
        if constexpr (std::is_same_v<std::decay_t<decltype(item)>, natpmp::datagram>) {
            strangers += item.peer == in.gateway.endpoint() ? 0 : 1;
            empty += item.bytes.empty() ? 1 : 0;
        }
    });
    on.async_external_address(ignore{});
    in.settle();
    CHECK(seen == lines{"sent 2", "received 12", "ignored 12 not awaited"});
    seen.clear();
    on.async_map_port(map_request{.internal_port = 6881, .clean_up = false}, ignore{});
    in.settle();
    CHECK(seen == lines{"sent 12", "received 16", "mapped", "ignored 16 not awaited"});
    CHECK(strangers == 0);
    CHECK(empty == 0);
}

TEST_CASE("observer: one for events only")
{
    world in;
    client on(in.context, in.options());
    int events = 0;
    on.set_observer([&](const natpmp::event&) { ++events; });
    on.async_map_port(protocol::tcp, 6881, ignore{});
    in.settle();
    CHECK(events == 1);
    on.set_observer(nullptr);
    on.async_unmap_port(protocol::tcp, 6881, ignore{});
    in.settle();
    CHECK(events == 1);
}

TEST_CASE("observer: it does not take events from the reader, nor the reader from it")
{
    world in;
    client on(in.context, in.options());
    lines seen;
    on.set_observer(diary(seen));
    cancellable operation;
    operation.start<event_operation>(on);
    event_operation::provoke(on);
    in.settle();
    CHECK(operation.got.succeeded());
    CHECK(seen.back() == "mapped");
}

TEST_CASE("observer: takes itself away")
{
    world in;
    client on(in.context, in.options());
    int calls = 0;
    const auto captured = std::make_shared<int>(1);
    on.set_observer([&, captured](const auto&) {
        ++calls;
        on.set_observer(nullptr);
        CHECK(*captured == 1); // it lives until it returns
    });
    CHECK(captured.use_count() > 1);
    on.async_map_port(protocol::tcp, 6881, ignore{});
    in.settle();
    CHECK(calls == 1);
    CHECK(captured.use_count() == 1);
}

TEST_CASE("observer: an empty function takes the one of before away")
{
    world in;
    client on(in.context, in.options());
    int calls = 0;
    on.set_observer([&](const auto&) { ++calls; });
    SECTION("std::function")
    {
        on.set_observer(std::function<void(const natpmp::event&)>());
    }
    SECTION("a pointer")
    {
        void (*nobody)(const natpmp::event&) = nullptr;
        on.set_observer(nobody);
    }
    on.async_map_port(protocol::tcp, 6881, ignore{});
    in.settle();
    CHECK(on.mappings().size() == 1);
    CHECK(calls == 0);
}

TEST_CASE("observer: sets another one in its place, which sees what comes then")
{
    world in;
    client on(in.context, in.options());
    lines first, second;
    on.set_observer([&, note = diary(first)](const auto& item) {
        note(item);
        on.set_observer(diary(second));
    });
    on.async_map_port(map_request{.internal_port = 6881, .clean_up = false}, ignore{});
    in.settle();
    CHECK(first == lines{"sent 12"});
    CHECK(second == lines{"received 16", "sent 2", "received 12", "mapped"});
}

TEST_CASE("observer: what is queued is not for the next one")
{
    world in;
    client on(in.context, in.options());
    lines first, second;
    on.set_observer([&, note = diary(first)](const auto& item) {
        note(item);
        if (first.back() == "received 16")
            on.set_observer(diary(second));
    });
    on.async_map_port(map_request{.internal_port = 6881, .clean_up = false}, ignore{});
    in.settle();
    CHECK(first == lines{"sent 12", "received 16"});
    CHECK(second == lines{"received 12", "mapped"});
}

TEST_CASE("observer: starts operations, which are told after what it is being told")
{
    world in;
    client on(in.context, in.options());
    lines seen;
    report got;
    bool asked = false;
    on.set_observer([&, note = diary(seen)](const auto& item) {
        note(item);
        if (seen.back() == "mapped" && !std::exchange(asked, true)) {
            on.async_unmap_port(protocol::tcp, 6881, reporter(got));
            CHECK(got.calls == 0);
        }
    });
    on.async_map_port(map_request{.internal_port = 6881, .clean_up = false}, ignore{});
    in.settle();
    CHECK(got.succeeded());
    CHECK(seen == lines{"sent 12", "received 16", "sent 2", "received 12", "mapped", "sent 12",
                        "received 16", "unmapped"});
}

TEST_CASE("observer: cancels and closes")
{
    world in;
    client on(in.context, in.options());
    int calls = 0;
    report got, left;
    on.set_observer([&](const auto&) {
        if (++calls == 1)
            on.cancel();
        if (calls == 2)
            on.async_shutdown(0s, reporter(left));
    });
    on.async_map_port(protocol::tcp, 6881, reporter(got));
    CHECK(got.calls == 0);
    in.settle();
    CHECK(got.error == asio::error::operation_aborted);
    on.async_external_address(ignore{});
    in.settle();
    CHECK(left.calls == 1);
    CHECK(in.run_dry());
}

TEST_CASE("observer: a movable function, and what it holds goes with the client")
{
    world in;
    const auto held = std::make_shared<int>(0);
    {
        client on(in.context, in.options());
        on.set_observer([held, only = std::make_unique<int>(1)](const natpmp::event&) {});
        CHECK(held.use_count() == 2);
        on.async_map_port(protocol::tcp, 6881, ignore{});
        in.settle();
    }
    CHECK(held.use_count() == 1);
}

} // namespace observer_test
