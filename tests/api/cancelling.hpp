// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_API_CANCELLING_HPP
#define NATPMP_TESTS_API_CANCELLING_HPP

#include "api/operations.hpp"

#include "support/asio.hpp"

#include <memory>
#include <utility>

namespace api_test {

/// A reporter that keeps the signal of its operation alive as long as that is pending.
class keeping_reporter
{
public:
    keeping_reporter(report& into, std::shared_ptr<asio::cancellation_signal> signal)
        : into_(into), signal_(std::move(signal))
    {}

    template <class... Value>
    void operator()(error_code error, const Value&... value) const
    {
        into_(error, value...);
    }

private:
    reporter into_;
    std::shared_ptr<asio::cancellation_signal> signal_;
};

/// An operation under way that can be cancelled.
class cancellable
{
    const std::shared_ptr<asio::cancellation_signal> owned_ =
        std::make_shared<asio::cancellation_signal>();

public:
    report got;
    asio::cancellation_signal& signal = *owned_;

    [[nodiscard]] auto token()
    {
        return asio::bind_cancellation_slot(signal.slot(), keeping_reporter(got, owned_));
    }

    template <class Operation, class Client>
    void start(Client& on)
    {
        Operation::start(on, token());
    }

    template <class Client>
    void map(Client& on, const map_request& request)
    {
        on.async_map_port(request, token());
    }

    /// Emits, and lets what is posted happen. The handler is not called within emit().
    void cancel(world& in, asio::cancellation_type type)
    {
        const int before = got.calls;
        signal.emit(type);
        CHECK(got.calls == before);
        in.settle();
    }

    [[nodiscard]] bool pending() const
    {
        return got.calls == 0;
    }

    [[nodiscard]] bool aborted() const
    {
        return got.calls == 1 && got.error == asio::error::operation_aborted;
    }
};

} // namespace api_test

#endif // NATPMP_TESTS_API_CANCELLING_HPP
