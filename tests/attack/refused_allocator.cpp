// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The handler's own allocator refuses memory: at each allocation of each operation.

#include "attack/stepped_world.hpp"

#include <memory>
#include <new>

namespace refused_allocator_test {
using namespace attack_test;

/// How many allocations are granted before one is refused, and what is held.
struct allowance
{
    int granted = 0, refused = 0;
    std::size_t bytes = 0;
};

template <class Type>
class refusing_allocator
{
public:
    using value_type = Type;

    explicit refusing_allocator(allowance& from) noexcept : from_(&from)
    {}

    template <class Other>
    refusing_allocator(const refusing_allocator<Other>& other) noexcept : from_(other.from_)
    {}

    Type* allocate(std::size_t number)
    {
        if (from_->granted-- == 0) {
            ++from_->refused;
            throw std::bad_alloc{};
        }
        from_->bytes += number * sizeof(Type);
        return std::allocator<Type>{}.allocate(number);
    }

    void deallocate(Type* memory, std::size_t number) noexcept
    {
        from_->bytes -= number * sizeof(Type);
        std::allocator<Type>{}.deallocate(memory, number);
    }

    template <class Other>
    bool operator==(const refusing_allocator<Other>& other) const noexcept
    {
        return from_ == other.from_;
    }

private:
    template <class>
    friend class refusing_allocator;

    allowance* from_;
};

/// A client whose executor leaves nothing to the heap that the allocator could give.
using plain_client = natpmp::basic_client<asio::io_context::executor_type>;

/// Refuses each of an operation's allocations, of which there must be one.
template <class Client, class Operation>
void refuse_each()
{
    int refusals = 0;
    for (int granted = 0;; ++granted) {
        CAPTURE(granted);
        api_test::world in;
        auto owner = std::make_unique<Client>(in.context, in.options());
        Client& on = *owner;
        Operation::provoke(on);
        allowance memory{.granted = granted};
        report got, again;
        int thrown = 0;
        try {
            Operation::start(on,
                             asio::bind_allocator(refusing_allocator<char>(memory), reporter(got)));
        } catch (const std::bad_alloc&) {
            ++thrown;
            CHECK(memory.bytes == 0); // nothing is started
        }
        bool thrown_by_run = false; // then the client can only be destroyed
        try {
            const bool ended = in.run_until([&] { return got.calls > 0 || memory.bytes == 0; });
            CHECK(ended);
        } catch (const std::bad_alloc&) {
            ++thrown;
            thrown_by_run = true;
            owner.reset();
        }
        in.settle();
        CHECK(memory.bytes == 0);
        CHECK(thrown == memory.refused);
        CHECK(got.calls <= 1);
        CHECK((got.calls == 1 || thrown == 1));
        if (memory.refused == 0)
            break;
        ++refusals;

        if (got.calls == 0 && !thrown_by_run) { // the same once more
            Operation::provoke(on);
            Operation::start(on, reporter(again));
            REQUIRE(in.run_until([&] { return again.calls > 0; }));
            CHECK(again.succeeded());
        }
    }
    CHECK(refusals >= 1);
}

TEMPLATE_LIST_TEST_CASE("allocator: refuses each allocation of an operation", "", all_operations)
{
    refuse_each<client, TestType>();
}

TEMPLATE_LIST_TEST_CASE("allocator: the same with a concrete executor", "", all_operations)
{
    refuse_each<plain_client, TestType>();
}

} // namespace refused_allocator_test
