// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A loop waits again after whatever came, also after an exception and after a handler that was
// lost.

#include <natpmp/detail/loop.hpp>

#include "support/catch.hpp"

#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace client_loop_test {
using natpmp::error_code;
using natpmp::detail::bytes_view;

struct owner_stub final : natpmp::detail::loop_owner
{
    void received(error_code, bytes_view, const natpmp::detail::arrival_span&) override
    {}

    void heard(error_code, const natpmp::net::ip::udp::endpoint&, bytes_view,
               const natpmp::detail::arrival_span&) override
    {}

    void changed() override
    {}

    void turn() override
    {}
};

/// A loop whose handlers the test calls or loses.
struct loop_of_test : natpmp::detail::loop
{
    explicit loop_of_test(owner_stub& owner) : loop(owner)
    {}

    void wait(handler to_call) override
    {
        if (std::exchange(refused, false))
            throw std::bad_alloc();
        ++waits;
        pending.emplace(std::move(to_call));
    }

    bool ready(error_code, std::size_t) override
    {
        ++calls;
        if (std::exchange(throws, false))
            throw std::bad_alloc();
        return goes_on;
    }

    /// Calls the handler as Asio does: it is gone from where it waited.
    void call()
    {
        const auto taken = std::move(*pending);
        pending.reset();
        taken(error_code{}, 1);
    }

    std::optional<handler> pending{};
    int waits = 0, calls = 0;
    bool goes_on = true, throws = false, refused = false;
};

struct setting
{
    std::shared_ptr<owner_stub> owner = std::make_shared<owner_stub>();
    loop_of_test tested{*owner};

    setting()
    {
        tested.start();
        REQUIRE(tested.waits == 1);
        REQUIRE(tested.active());
    }
};

TEST_CASE("loop: waits again after each call", "[loop]")
{
    setting in;
    for (int count = 1; count <= 3; ++count) {
        in.tested.call();
        CHECK(in.tested.calls == count);
        CHECK(in.tested.waits == count + 1);
    }
    in.tested.revive(); // nothing is lost
    CHECK(in.tested.waits == 4);
}

TEST_CASE("loop: ends when it is told so", "[loop]")
{
    setting in;
    in.tested.goes_on = false;
    in.tested.call();
    CHECK(in.tested.waits == 1);
    CHECK_FALSE(in.tested.active());
    in.tested.revive();
    CHECK(in.tested.waits == 1);
}

TEST_CASE("loop: an exception ends neither it nor its way out", "[loop]")
{
    setting in;
    in.tested.throws = true;
    CHECK_THROWS_AS(in.tested.call(), std::bad_alloc);
    CHECK(in.tested.waits == 2);
    in.tested.call();
    CHECK(in.tested.calls == 2);
}

TEST_CASE("loop: a handler that was lost is replaced", "[loop]")
{
    setting in;
    in.tested.pending.reset();
    CHECK(in.tested.active());
    in.tested.revive();
    CHECK(in.tested.waits == 2);
    in.tested.revive();
    CHECK(in.tested.waits == 2);
}

TEST_CASE("loop: a copy of a handler is the same wait", "[loop]")
{
    setting in;
    std::optional copy(*in.tested.pending);
    in.tested.pending.reset();
    in.tested.revive();
    CHECK(in.tested.waits == 1);
    copy.reset();
    in.tested.revive();
    CHECK(in.tested.waits == 2);
}

TEST_CASE("loop: a wait that was refused is made up for", "[loop]")
{
    setting in;
    in.tested.refused = true;
    CHECK_THROWS_AS(in.tested.call(), std::bad_alloc);
    CHECK(in.tested.calls == 1);
    CHECK(in.tested.active());
    in.tested.revive();
    CHECK(in.tested.waits == 2);
}

TEST_CASE("loop: what was waited for before a new start comes to nothing", "[loop]")
{
    setting in;
    const auto old = std::move(*in.tested.pending);
    in.tested.start();
    old(error_code{}, 1);
    CHECK(in.tested.calls == 0);
    CHECK(in.tested.waits == 2);
    in.tested.call();
    CHECK(in.tested.calls == 1);
}

TEST_CASE("loop: nothing is called after a stop", "[loop]")
{
    setting in;
    in.tested.stop();
    in.tested.call();
    CHECK(in.tested.calls == 0);
    in.tested.revive();
    CHECK(in.tested.waits == 1);
}

TEST_CASE("loop: its handlers keep the owner", "[loop]")
{
    setting in;
    const std::weak_ptr<owner_stub> seen = in.owner;
    CHECK(seen.use_count() == 2);
    in.tested.pending.reset();
    CHECK(seen.use_count() == 1);
}

} // namespace client_loop_test
