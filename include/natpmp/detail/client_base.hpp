// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// A client's state as the rest of the client sees it, whatever the platform.

#ifndef NATPMP_DETAIL_CLIENT_BASE_HPP
#define NATPMP_DETAIL_CLIENT_BASE_HPP

#include <natpmp/detail/hook.hpp>
#include <natpmp/detail/mapping_key.hpp>
#include <natpmp/options.hpp>

#include <memory>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

class pending;

/// What operations, scoped mappings and the client itself ask of a client_state. It is the one
/// border between what each program compiles for its tokens and what is compiled once.
class client_base
{
public:
    client_base() = default;
    client_base(const client_base&) = delete;
    client_base& operator=(const client_base&) = delete;
    virtual ~client_base() = default;

    /// Starts an operation. If this throws, the operation must be withdrawn, unless it is finished.
    virtual void start(pending& what) = 0;
    virtual void cancel(pending& what, bool total_only) = 0;

    /// Forgets an operation, whose handler was destroyed without being called.
    virtual void withdraw(pending& what) = 0;

    virtual void cancel_all() = 0;
    virtual void network_changed() = 0;

    /// Unmaps without telling anybody.
    virtual void give_up(mapping_key key) noexcept = 0;

    [[nodiscard]] virtual std::vector<mapping> mappings() = 0;
    [[nodiscard]] virtual natpmp::status status() const = 0;
    virtual void set_hook(std::shared_ptr<hook> function) = 0;

    /// The end of the client: nothing is sent, everything pending is cancelled.
    virtual void abandon() noexcept = 0;
};

/// Makes the state of a client, on a platform made from `world`: an executor or a platform.
template <class Platform, class World>
[[nodiscard]] std::shared_ptr<client_base> make_client(const World& world,
                                                       const client_options& options);

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CLIENT_BASE_HPP
