// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Memory is refused at each allocation of a client's life, one after the other. The exception comes
// from the function that was called, or from run(); after it the client works on, and nothing
// leaks.

#include "attack/exchange.hpp"

#include <iostream>
#include <memory>
#include <optional>
#include <type_traits>

namespace refused_memory_test {
using namespace attack_test;

/// One life in which so many allocations are granted before some are refused. What went wrong.
std::string live(bool observed, std::int64_t granted, std::int64_t refused)
{
    const std::int64_t before = heap::live_blocks();
    std::string wrong;
    try {
        exchange life;
        life.observed = observed;
        heap::refuse(granted, refused);
        life.run();
    } catch (const broken_promise& promise) {
        wrong = promise.what;
    }
    heap::grant_all();
    const std::int64_t left = heap::live_blocks() - before;
    if (wrong.empty() && left != 0)
        wrong = std::to_string(left) + " blocks leak";
    return wrong;
}

void refuse_each(bool observed, std::int64_t in_a_row)
{
    REQUIRE(live(observed, 0, 0) == "");
    std::int64_t granted = 0;
    for (;; ++granted) {
        const std::string wrong = live(observed, granted, in_a_row);
        if (heap::refused() == 0)
            break;
        if (!wrong.empty())
            FAIL_CHECK("after " << granted << " allocations: " << wrong);
    }
    std::cout << "refused each of " << granted << " allocations, " << in_a_row << " in a row"
              << (observed ? ", with an observer" : "") << std::endl;
    CHECK(granted > 40);
}

TEST_CASE("memory: refused once, at each allocation")
{
    refuse_each(false, 1);
}

TEST_CASE("memory: refused several times in a row, from each allocation on")
{
    refuse_each(false, 3);
}

TEST_CASE("memory: refused once, at each allocation, with an observer")
{
    refuse_each(true, 1);
}

TEST_CASE("memory: a client that keeps mappings takes none")
{
    stepped_world in;
    natpmp::client on(in.platform(), in.options());
    on.async_map_port_pair(6881, ignore{});
    in.run_for(1s);
    heap::refuse(0, 1'000'000);
    in.run_for(24h);
    CHECK(heap::grant_all() == 0);
    CHECK(on.status().renewals >= 46);
    CHECK(on.mappings().size() == 2);
}

TEMPLATE_LIST_TEST_CASE("memory: refused while a client is destroyed", "", all_operations)
{
    const std::int64_t before = heap::live_blocks();
    report got;
    {
        stepped_world in;
        std::optional<natpmp::client> on(std::in_place, in.platform(), in.options());
        TestType::provoke(*on);
        in.settle();
        in.gateway.model.faults.drop = true;
        TestType::start(*on, reporter(got));
        in.settle();
        {
            const heap::exposed to_refusal;
            heap::refuse(0, 1'000'000);
            on.reset();
        }
        heap::grant_all();
        in.run_for(2s);
        CHECK(got.calls == 1);
        CHECK(in.context.stopped());
    }
    CHECK(heap::live_blocks() == before);
}

TEMPLATE_LIST_TEST_CASE("memory: refused while a context is destroyed", "", all_operations)
{
    const bool owned = GENERATE(false, true); // by the handler, as by a coroutine
    const std::int64_t before = heap::live_blocks();
    report got;
    {
        std::optional<stepped_world> in(std::in_place);
        auto on = std::make_shared<natpmp::client>(in->platform(), in->options());
        if (std::is_same_v<TestType, shutdown_operation>)
            TestType::provoke(*on);
        in->settle();
        in->gateway.model.faults.drop = true;
        TestType::start(*on,
                        [told = reporter(got), owner = owned ? on : nullptr](
                            error_code error, const auto&... values) { told(error, values...); });
        in->settle();
        const heap::exposed to_refusal;
        heap::refuse(0, 1'000'000);
        on.reset();
        in.reset();
    }
    heap::grant_all();
    CHECK(got.calls == 0);
    CHECK(heap::live_blocks() == before);
}

} // namespace refused_memory_test
