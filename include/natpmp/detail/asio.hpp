// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The one seam to Asio, standalone or Boost's (NATPMP_USE_BOOST_ASIO): its headers, its version,
/// its namespace, its error_code. No other header names ::asio.

#ifndef NATPMP_DETAIL_ASIO_HPP
#define NATPMP_DETAIL_ASIO_HPP

#include <natpmp/version.hpp>

#include <system_error>
#include <type_traits>

// The two flavours. A header of Asio is included by its name within it.
#if defined(NATPMP_USE_BOOST_ASIO)
#define NATPMP_ASIO_HEADER(name) <boost/asio/name>
#else
#define NATPMP_ASIO_HEADER(name) <asio/name>
#endif

// clang-format off
#include NATPMP_ASIO_HEADER(version.hpp)

#if defined(NATPMP_USE_BOOST_ASIO)
#define NATPMP_ASIO_VERSION BOOST_ASIO_VERSION
#else
#define NATPMP_ASIO_VERSION ASIO_VERSION
#endif

// Before the headers that an older Asio lacks, which would be the error that one sees.
#if NATPMP_ASIO_VERSION < 102201
#error "asio-natpmp needs Asio 1.22.1 or newer (Boost 1.78 or newer)"
#endif

#include NATPMP_ASIO_HEADER(detail/config.hpp)
#include NATPMP_ASIO_HEADER(detail/throw_error.hpp)

#include NATPMP_ASIO_HEADER(any_io_executor.hpp)
#include NATPMP_ASIO_HEADER(associated_allocator.hpp)
#include NATPMP_ASIO_HEADER(associated_cancellation_slot.hpp)
#include NATPMP_ASIO_HEADER(associated_executor.hpp)
#include NATPMP_ASIO_HEADER(async_result.hpp)
#include NATPMP_ASIO_HEADER(cancellation_signal.hpp)
#include NATPMP_ASIO_HEADER(cancellation_type.hpp)
#include NATPMP_ASIO_HEADER(dispatch.hpp)
#include NATPMP_ASIO_HEADER(error.hpp)
#include NATPMP_ASIO_HEADER(execution.hpp)
#include NATPMP_ASIO_HEADER(execution_context.hpp)
#include NATPMP_ASIO_HEADER(executor_work_guard.hpp)
#include NATPMP_ASIO_HEADER(ip/address.hpp)
#include NATPMP_ASIO_HEADER(ip/udp.hpp)
#include NATPMP_ASIO_HEADER(post.hpp)
#include NATPMP_ASIO_HEADER(prefer.hpp)
#include NATPMP_ASIO_HEADER(query.hpp)

#if defined(NATPMP_USE_BOOST_ASIO)
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#define NATPMP_ASIO_NAMESPACE boost::asio
#define NATPMP_SYSTEM_NAMESPACE boost::system
#if defined(BOOST_ASIO_HAS_CO_AWAIT)
#define NATPMP_ASIO_HAS_CO_AWAIT
#endif
#if defined(BOOST_ASIO_HAS_CONCEPTS)
#define NATPMP_ASIO_HAS_CONCEPTS
#endif
#if defined(BOOST_ASIO_HAS_IOCP)
#define NATPMP_ASIO_HAS_IOCP
#endif
#else
#define NATPMP_ASIO_NAMESPACE asio
#define NATPMP_SYSTEM_NAMESPACE std
#if defined(ASIO_HAS_CO_AWAIT)
#define NATPMP_ASIO_HAS_CO_AWAIT
#endif
#if defined(ASIO_HAS_CONCEPTS)
#define NATPMP_ASIO_HAS_CONCEPTS
#endif
#if defined(ASIO_HAS_IOCP)
#define NATPMP_ASIO_HAS_IOCP
#endif
#endif

#if NATPMP_ASIO_VERSION >= 102300
#include NATPMP_ASIO_HEADER(deferred.hpp)
#elif defined(NATPMP_ASIO_HAS_CO_AWAIT)
#include NATPMP_ASIO_HEADER(use_awaitable.hpp)
#endif
// clang-format on

// Marks what runs once for a network or a failure: such code is compiled for its size.
#if defined(__GNUC__)
#define NATPMP_COLD [[gnu::cold]]
#else
#define NATPMP_COLD
#endif

namespace natpmp::inline NATPMP_ABI_NAMESPACE {

namespace net = ::NATPMP_ASIO_NAMESPACE;

using error_code = NATPMP_SYSTEM_NAMESPACE::error_code;
using error_category = NATPMP_SYSTEM_NAMESPACE::error_category;
using error_condition = NATPMP_SYSTEM_NAMESPACE::error_condition;
using system_error = NATPMP_SYSTEM_NAMESPACE::system_error;

namespace detail {

#if NATPMP_ASIO_VERSION >= 102300
using fallback_token = net::deferred_t;
#elif defined(NATPMP_ASIO_HAS_CO_AWAIT)
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

/// What an operation takes that completes with an error and these values: a token that Asio knows,
/// or a handler that can be called so.
#if defined(NATPMP_ASIO_HAS_CONCEPTS)
template <class Token, class... Values>
concept token_for = net::completion_token_for<Token, void(error_code, Values...)>;
#else // ASIO_DISABLE_CONCEPTS is defined
template <class Token, class... Values>
concept token_for = true;
#endif

/// Throws a system_error; where exceptions are off, calls what Asio has the application define.
inline void throw_error(const error_code& error)
{
    net::detail::throw_error(error);
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ASIO_HPP
