// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The one seam to Asio: its version, its namespace, its error_code. No other header names ::asio.

#ifndef NATPMP_DETAIL_ASIO_HPP
#define NATPMP_DETAIL_ASIO_HPP

#include <asio/detail/config.hpp>
#include <asio/version.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/basic_waitable_timer.hpp>
#include <asio/buffer.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/compose.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/execution.hpp>
#include <asio/execution_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/multicast.hpp>
#include <asio/ip/udp.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <asio/query.hpp>
#include <asio/socket_base.hpp>
#include <asio/wait_traits.hpp>

#if defined(ASIO_HAS_POSIX_STREAM_DESCRIPTOR)
#include <asio/posix/stream_descriptor.hpp>
#endif

#if ASIO_VERSION >= 102300
#include <asio/deferred.hpp>
#elif defined(ASIO_HAS_CO_AWAIT)
#include <asio/use_awaitable.hpp>
#endif

#include <natpmp/version.hpp>

#include <system_error>
#include <type_traits>

#if ASIO_VERSION < 102201
#error "asio-natpmp needs Asio 1.22.1 or newer"
#endif

#define NATPMP_SYSTEM_NAMESPACE std

namespace natpmp::inline NATPMP_ABI_NAMESPACE {

namespace net = ::asio;

using error_code = std::error_code;
using error_category = std::error_category;
using error_condition = std::error_condition;

namespace detail {

#if ASIO_VERSION >= 102300
using fallback_token = net::deferred_t;
#elif defined(ASIO_HAS_CO_AWAIT)
using fallback_token = net::use_awaitable_t<>;
#else
using fallback_token = void;
#endif

template <class Executor>
struct default_token_of
{
    using asio_default = typename net::default_completion_token<Executor>::type;
    using type = std::conditional_t<std::is_void_v<asio_default>, fallback_token, asio_default>;
};

/// What an operation uses when it is called without a completion token: Asio's default for the
/// executor if there is one, else a token whose result can be awaited.
template <class Executor>
using default_token = typename default_token_of<Executor>::type;

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ASIO_HPP
