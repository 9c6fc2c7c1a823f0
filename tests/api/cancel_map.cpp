// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A cancelled map operation leaves nothing behind at the gateway, and undoes nothing of others.

#include "api/cancelling.hpp"

#include <algorithm>
#include <string>

namespace cancel_map_test {
using namespace api_test;
using asio::cancellation_type;

const std::string map_line = "map tcp 6881 6881 7200", delete_line = "delete tcp 6881";

map_request port_6881(bool clean_up = true)
{
    return {.protocol = protocol::tcp, .internal_port = 6881, .clean_up = clean_up};
}

cancellation_type prompt_type()
{
    return GENERATE(cancellation_type::terminal, cancellation_type::partial);
}

TEST_CASE("cancellation: during the clean-up there is nothing to undo")
{
    const auto type = prompt_type();
    world in;
    client on(in.context, in.options());
    in.faults().drop = true;
    cancellable operation;
    operation.map(on, port_6881());
    in.settle();
    operation.cancel(in, type);
    CHECK(operation.aborted());
    CHECK(in.run_dry());
    CHECK(in.wire() == lines{delete_line});
}

TEST_CASE("cancellation: a grant that comes afterwards is deleted")
{
    const auto type = prompt_type();
    world in;
    client on(in.context, in.options());
    in.faults().delay = 20ms;
    cancellable operation;
    operation.map(on, port_6881(false));
    in.settle();
    CHECK(in.mapped() == 1);
    operation.cancel(in, type);
    CHECK(operation.aborted());
    CHECK(in.wire() == lines{map_line});
    CHECK(on.mappings().empty());

    REQUIRE(in.run_until([&] { return in.mapped() == 0; }));
    in.run_until([&] { return on.status().received == 2; });
    CHECK(in.run_dry());
    CHECK(in.wire() == lines{map_line, delete_line});
}

TEST_CASE("cancellation: a map request that is never answered is deleted after a second")
{
    world in;
    client on(in.context, in.options());
    in.faults().drop_reply = fault_switch::times(1);
    cancellable operation;
    operation.map(on, port_6881(false));
    in.settle();
    operation.cancel(in, cancellation_type::terminal);
    CHECK(operation.aborted());
    REQUIRE(in.run_until_requests(2));
    CHECK(in.wire() == lines{map_line, delete_line}); // and is not sent again meanwhile
    const auto& requests = in.gateway.model().requests;
    CHECK(requests[1].when - requests[0].when >= 990ms);
    CHECK(requests[1].when - requests[0].when < 2s);
    in.settle();
    CHECK(in.mapped() == 0);
}

TEST_CASE("cancellation: in the address stage the mapping is deleted")
{
    const auto type = prompt_type();
    world in;
    client on(in.context, in.options());
    in.faults().delay = 100ms;
    cancellable operation;
    operation.map(on, port_6881());
    REQUIRE(in.run_until_requests(3));
    CHECK(in.wire() == lines{delete_line, map_line, "address"});
    operation.cancel(in, type);
    CHECK(operation.aborted());
    CHECK(on.mappings().empty());
    REQUIRE(in.run_until([&] { return in.mapped() == 0; }));
    in.run_until([&] { return on.status().received == 4; });
    CHECK(in.run_dry());
    CHECK(in.wire() == lines{delete_line, map_line, "address", delete_line});
}

TEST_CASE("cancellation: of a pair in its second half, both are deleted")
{
    world in;
    client on(in.context, in.options());
    in.faults().delay = 100ms;
    cancellable operation;
    on.async_map_port_pair(map_request{.internal_port = 6881, .clean_up = false},
                           operation.token());
    REQUIRE(in.run_until_requests(2));
    CHECK(in.mapped() == 2);
    operation.cancel(in, cancellation_type::terminal);
    CHECK(operation.aborted());
    REQUIRE(in.run_until([&] { return in.mapped() == 0; }));
    REQUIRE(in.run_until([&] { return on.status().received == 4; }));
    CHECK(in.run_dry());
    auto undo = in.wire();
    REQUIRE(undo.size() == 4);
    std::sort(undo.begin() + 2, undo.end());
    CHECK(undo == lines{map_line, "map udp 6881 6881 7200", delete_line, "delete udp 6881"});
}

TEST_CASE("cancellation: a mapping that was made before is not undone")
{
    world in;
    client on(in.context, in.options());
    cancellable first, second;
    first.map(on, port_6881());
    REQUIRE(in.run_until([&] { return !first.pending(); }));
    CHECK(first.got.succeeded());
    in.faults().delay = 20ms;
    second.map(on, port_6881());
    REQUIRE(in.run_until_requests(4)); // map requests are a second apart
    second.cancel(in, cancellation_type::terminal);
    CHECK(second.aborted());
    const auto received = on.status().received;
    REQUIRE(in.run_until([&] { return on.status().received > received; }));
    in.settle();
    CHECK(in.wire() == lines{delete_line, map_line, "address", map_line});
    CHECK(in.mapped() == 1);
    CHECK(on.mappings().size() == 1);
}

TEST_CASE("cancellation: a port that another operation wants too is not deleted")
{
    world in;
    client on(in.context, in.options());
    in.faults().delay = 100ms;
    cancellable first, second;
    first.map(on, port_6881(false));
    second.map(on, port_6881(false));
    in.settle();
    first.cancel(in, cancellation_type::terminal);
    CHECK(first.aborted());
    REQUIRE(in.run_until([&] { return !second.pending(); }));
    CHECK(second.got.succeeded());
    in.settle();
    CHECK(in.wire() == lines{map_line, "address"});
    CHECK(on.mappings().size() == 1);
}

TEST_CASE("cancellation: of keep_trying, it withdraws the request")
{
    const auto type = prompt_type();
    world in;
    client on(in.context, in.options());
    in.faults().refuse_maps = 2;
    auto request = port_6881();
    request.keep_trying = true;
    cancellable operation;
    operation.map(on, request);
    in.settle();
    CHECK(operation.pending());
    CHECK(on.status().kept == 1);
    operation.cancel(in, cancellation_type::total); // waits for the first success
    CHECK(operation.pending());
    operation.cancel(in, type);
    CHECK(operation.aborted());
    CHECK(on.status().kept == 0);
    CHECK(in.run_dry());
    CHECK(in.wire() == lines{delete_line, map_line});
}

TEST_CASE("cancellation: of an unmap, the delete that is sent may still count")
{
    world in;
    client on(in.context, in.options());
    on.async_map_port(port_6881(), ignore{});
    in.settle();
    CHECK(on.mappings().size() == 1);
    in.faults().delay = 100ms;
    cancellable operation;
    on.async_unmap_port(protocol::tcp, 6881, operation.token());
    in.settle();
    operation.cancel(in, cancellation_type::terminal);
    CHECK(operation.aborted());
    CHECK(on.mappings().empty());
    CHECK(in.mapped() == 0);
    REQUIRE(in.run_until([&] { return on.status().received == 4; }));
    CHECK(in.run_dry());
    CHECK(in.wire() == lines{delete_line, map_line, "address", delete_line});
}

} // namespace cancel_map_test
