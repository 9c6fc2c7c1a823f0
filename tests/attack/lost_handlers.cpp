// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// An executor that has no memory to take a handler, as a strand may have none: the handler is
// destroyed, and run() throws. The client then goes on with what comes next.

#include "attack/stepped_world.hpp"

#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

namespace lost_handlers_test {
using namespace attack_test;

/// An io_context's executor, but for the handlers that it is to lose.
class losing_executor
{
public:
    losing_executor(const asio::any_io_executor& inner, const std::shared_ptr<int>& losses)
        : inner_(inner), losses_(losses)
    {}

    template <class Function>
    void execute(Function function) const
    {
        if (*losses_ > 0) {
            --*losses_;
            throw std::bad_alloc();
        }
        inner_.execute(std::move(function));
    }

    template <class Property>
    auto query(const Property& property) const
        -> decltype(asio::query(std::declval<const asio::any_io_executor&>(), property))
    {
        return asio::query(inner_, property);
    }

    template <class Property>
        requires std::is_same_v<
            std::decay_t<decltype(asio::require(std::declval<const asio::any_io_executor&>(),
                                                std::declval<const Property&>()))>,
            asio::any_io_executor>
    losing_executor require(const Property& property) const
    {
        return {asio::require(inner_, property), losses_};
    }

    friend bool operator==(const losing_executor&, const losing_executor&) noexcept = default;

private:
    asio::any_io_executor inner_;
    std::shared_ptr<int> losses_;
};

const std::string map = "map tcp 6881 to 6881 for 7200";

struct losing_world : stepped_world
{
    std::shared_ptr<int> losses = std::make_shared<int>(0);
    stepped_client on{stepped_platform{losing_executor(context.get_executor(), losses), shared},
                      options()};

    losing_world()
    {
        on.async_map_port(protocol::tcp, 6881, ignore{});
        run_for(1s);
        REQUIRE(on.mappings().size() == 1);
    }

    /// Lets time pass until a handler is lost.
    void lose_one(natpmp::platform_clock::duration at_most)
    {
        *losses = 1;
        CHECK_THROWS_AS(run_for(at_most), std::bad_alloc);
        REQUIRE(*losses == 0);
    }

    [[nodiscard]] std::size_t requests() const
    {
        return gateway.model.requests.size();
    }
};

TEST_CASE("lost handlers: that of an answer")
{
    losing_world in;
    in.gateway.model.faults.delay = 100ms;
    in.run_for(59min);
    const std::size_t before = in.requests();
    REQUIRE(in.run_until([&] { return in.requests() > before; })); // the renewal is under way
    in.lose_one(200ms);
    CHECK(in.on.status().renewals == 0);
    in.run_for(1s); // the answer waits in the socket until the timer brings a turn
    CHECK(in.on.status().renewals == 1);
    CHECK(in.wire() == lines{"delete tcp 6881", map, "address", map, "address"});
}

TEST_CASE("lost handlers: that of the timer")
{
    losing_world in;
    in.run_for(59min);
    const std::size_t before = in.requests();
    in.lose_one(2min);
    in.run_for(1min);
    CHECK(in.requests() == before); // nothing looks at the time
    in.on.network_changed();
    in.run_for(1min);
    CHECK(in.wire() == lines{"delete tcp 6881", map, "address", map, "address"});
    CHECK(in.on.status().renewals == 1);
    in.run_for(3h);
    CHECK(in.on.status().renewals >= 3);
}

} // namespace lost_handlers_test
