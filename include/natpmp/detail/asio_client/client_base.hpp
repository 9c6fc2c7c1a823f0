// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The border between what is compiled for each completion token and what is compiled once for a
/// platform.

#ifndef NATPMP_DETAIL_ASIO_CLIENT_CLIENT_BASE_HPP
#define NATPMP_DETAIL_ASIO_CLIENT_CLIENT_BASE_HPP

#include <natpmp/detail/core/operation.hpp>
#include <natpmp/event.hpp>
#include <natpmp/options.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

class async_operation;

/// What the application set by set_observer(). The second function is empty if it takes events
/// only.
struct observer
{
    std::function<void(const event&)> on_event;
    std::function<void(const datagram&)> on_datagram;
};

/// What operations, scoped mappings and the client itself ask of a client_state. The call through
/// the table is made once an operation; without it, five operations with three kinds of token would
/// compile the engine's loop fifteen times.
class client_base
{
public:
    virtual ~client_base() = default;

    /// Starts an operation, which stays with its owner. If this throws, nothing is started.
    virtual void start(async_operation& op) = 0;

    /// Cancels the operation with this number, if it is still pending.
    virtual void cancel(std::uint64_t number, net::cancellation_type type) = 0;

    /// Forgets an operation whose handler is destroyed without being called.
    virtual void withdraw(async_operation& op) noexcept = 0;

    virtual void cancel_all() = 0;
    virtual void network_changed() = 0;

    /// Unmaps without telling the outcome.
    virtual void unmap_quietly(mapping_key key) noexcept = 0;

    [[nodiscard]] virtual std::vector<mapping> mappings() = 0;
    [[nodiscard]] virtual std::optional<mapping> mapping_of(mapping_key key) noexcept = 0;
    [[nodiscard]] virtual natpmp::status status() = 0;

    /// Null takes the application's functions away.
    virtual void set_observer(std::shared_ptr<const observer> functions) = 0;

    /// The end of the client: nothing is sent, every pending operation is cancelled.
    virtual void close() noexcept = 0;

    /// The number of the operation that was initiated last.
    std::uint64_t last_number = 0;
};

/// With NATPMP_SEPARATE_COMPILATION its definition may be missing when the program is linked; then
/// the linker says by the name what to do.
namespace link_natpmp_src_hpp_or_include_natpmp_implementation_hpp {

/// The state of a client on a platform that is made from `source`: an executor or a platform.
/// src.hpp instantiates it for natpmp::client on an executor.
template <class Platform, class Source>
[[nodiscard]] std::shared_ptr<client_base> make_client(const Source& source,
                                                       const client_options& options);

} // namespace link_natpmp_src_hpp_or_include_natpmp_implementation_hpp

using link_natpmp_src_hpp_or_include_natpmp_implementation_hpp::make_client;

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ASIO_CLIENT_CLIENT_BASE_HPP
