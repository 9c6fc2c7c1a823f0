// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Memory for an operation comes from its handler's allocator, and goes back before the call.

#include "api/operations.hpp"

#include "support/asio.hpp"

#include <cstddef>
#include <memory>
#include <optional>

namespace allocators_test {
using namespace api_test;

struct tally
{
    std::size_t allocations = 0;
    std::size_t bytes = 0; // now
};

template <class Type>
class counting_allocator
{
public:
    using value_type = Type;

    explicit counting_allocator(tally& count) noexcept : count_(&count)
    {}

    template <class Other>
    counting_allocator(const counting_allocator<Other>& other) noexcept : count_(other.count_)
    {}

    Type* allocate(std::size_t number)
    {
        ++count_->allocations;
        count_->bytes += number * sizeof(Type);
        return std::allocator<Type>{}.allocate(number);
    }

    void deallocate(Type* memory, std::size_t number) noexcept
    {
        count_->bytes -= number * sizeof(Type);
        std::allocator<Type>{}.deallocate(memory, number);
    }

    template <class Other>
    bool operator==(const counting_allocator<Other>& other) const noexcept
    {
        return count_ == other.count_;
    }

private:
    template <class>
    friend class counting_allocator;

    tally* count_;
};

/// Reports, and notes how much memory was still held when it was called.
class tallying_reporter
{
public:
    tallying_reporter(report& into, const tally& count, std::size_t& at_call)
        : into_(into), count_(&count), at_call_(&at_call)
    {}

    template <class... Value>
    void operator()(error_code error, const Value&... value) const
    {
        *at_call_ = count_->bytes;
        into_(error, value...);
    }

private:
    reporter into_;
    const tally* count_;
    std::size_t* at_call_;
};

/// An operation under way whose memory is counted.
template <class Operation>
struct counted
{
    tally count;
    report got;
    std::size_t at_call = 1;
    asio::cancellation_signal signal;

    template <class Client>
    void start(Client& on)
    {
        Operation::start(
            on, asio::bind_cancellation_slot(
                    signal.slot(), asio::bind_allocator(counting_allocator<char>(count),
                                                        tallying_reporter(got, count, at_call))));
        CHECK(count.allocations > 0);
        CHECK(count.bytes > 0);
    }

    void check_ended() const
    {
        CHECK(got.calls == 1);
        CHECK(at_call == 0);
        CHECK(count.bytes == 0);
    }
};

TEMPLATE_LIST_TEST_CASE("allocators: used, and freed before the handler is called", "",
                        all_operations)
{
    world in;
    client on(in.context, in.options());
    TestType::provoke(on);
    counted<TestType> operation;
    operation.start(on);
    REQUIRE(in.run_until([&] { return operation.got.calls > 0; }));
    CHECK(operation.got.succeeded());
    operation.check_ended();
}

TEMPLATE_LIST_TEST_CASE("allocators: balanced when it fails at once", "", all_operations)
{
    world in;
    client on(in.context, in.options());
    on.async_shutdown(0s, ignore{});
    counted<TestType> operation;
    operation.start(on);
    in.settle();
    operation.check_ended();
}

TEMPLATE_LIST_TEST_CASE("allocators: balanced when it is cancelled", "", all_operations)
{
    world in;
    client on(in.context, in.options());
    if (std::is_same_v<TestType, shutdown_operation>)
        TestType::provoke(on);
    in.settle();
    in.faults().drop = true;
    counted<TestType> operation;
    operation.start(on);
    in.settle();
    operation.signal.emit(asio::cancellation_type::terminal);
    in.settle();
    CHECK(operation.got.error == asio::error::operation_aborted);
    operation.check_ended();
}

TEMPLATE_LIST_TEST_CASE("allocators: balanced when the client is destroyed", "", all_operations)
{
    world in;
    std::optional<client> on(std::in_place, in.context, in.options());
    if (std::is_same_v<TestType, shutdown_operation>)
        TestType::provoke(*on);
    in.settle();
    in.faults().drop = true;
    counted<TestType> operation;
    operation.start(*on);
    on.reset();
    in.settle();
    CHECK(operation.got.error == asio::error::operation_aborted);
    operation.check_ended();
}

TEMPLATE_LIST_TEST_CASE("allocators: balanced when the context is destroyed", "", all_operations)
{
    counted<TestType> operation;
    {
        world in;
        const auto on = std::make_unique<client>(in.context, in.options());
        if (std::is_same_v<TestType, shutdown_operation>)
            TestType::provoke(*on);
        in.settle();
        in.faults().drop = true;
        operation.start(*on);
        SECTION("parked")
        {
            in.settle();
        }
        SECTION("with the completion posted")
        {
            on->cancel();
        }
    }
    CHECK(operation.got.calls == 0);
    CHECK(operation.count.bytes == 0);
}

/// A handler that owns what its allocator counts on, and notes what is in use when that goes.
class owning_reporter
{
public:
    using allocator_type = counting_allocator<char>;

    owning_reporter(report& into, std::size_t& at_end)
        : into_(into), count_(new tally, [&at_end](const tally* count) {
              at_end = count->bytes;
              delete count;
          })
    {}

    [[nodiscard]] allocator_type get_allocator() const noexcept
    {
        return allocator_type(*count_);
    }

    template <class... Value>
    void operator()(error_code error, const Value&... value) const
    {
        into_(error, value...);
    }

private:
    reporter into_;
    std::shared_ptr<tally> count_;
};

TEMPLATE_LIST_TEST_CASE("allocators: owned by the handler", "", all_operations)
{
    report got;
    std::size_t at_end = 1;
    {
        world in;
        // An executor that has the handler's memory for what is posted; any_io_executor has not.
        using plain_client = natpmp::basic_client<asio::io_context::executor_type>;
        const auto on = std::make_unique<plain_client>(in.context, in.options());
        SECTION("called")
        {
            TestType::provoke(*on);
            TestType::start(*on, owning_reporter(got, at_end));
            REQUIRE(in.run_until([&] { return got.calls > 0; }));
            CHECK(got.succeeded());
        }
        SECTION("destroyed with the context")
        {
            if (std::is_same_v<TestType, shutdown_operation>)
                TestType::provoke(*on);
            in.settle();
            in.faults().drop = true;
            TestType::start(*on, owning_reporter(got, at_end));
            in.settle();
            CHECK(got.calls == 0);
        }
        SECTION("destroyed with the context, on its way")
        {
            if (std::is_same_v<TestType, shutdown_operation>)
                TestType::provoke(*on);
            in.settle();
            in.faults().drop = true;
            TestType::start(*on, owning_reporter(got, at_end));
            on->cancel();
            CHECK(got.calls == 0);
        }
    }
    CHECK(at_end == 0);
}

} // namespace allocators_test
