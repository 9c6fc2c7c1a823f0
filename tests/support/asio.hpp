// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What the tests use of Asio itself, under the name asio in either flavour.

#pragma once

#include <natpmp/detail/asio.hpp>

// clang-format off
#include NATPMP_ASIO_HEADER(awaitable.hpp)
#include NATPMP_ASIO_HEADER(bind_allocator.hpp)
#include NATPMP_ASIO_HEADER(bind_cancellation_slot.hpp)
#include NATPMP_ASIO_HEADER(bind_executor.hpp)
#include NATPMP_ASIO_HEADER(co_spawn.hpp)
#include NATPMP_ASIO_HEADER(detached.hpp)
#include NATPMP_ASIO_HEADER(io_context.hpp)
#include NATPMP_ASIO_HEADER(redirect_error.hpp)
#include NATPMP_ASIO_HEADER(steady_timer.hpp)
#include NATPMP_ASIO_HEADER(strand.hpp)
#include NATPMP_ASIO_HEADER(this_coro.hpp)
#include NATPMP_ASIO_HEADER(thread_pool.hpp)
#include NATPMP_ASIO_HEADER(use_awaitable.hpp)
#include NATPMP_ASIO_HEADER(use_future.hpp)
#if NATPMP_ASIO_VERSION >= 102300
#include NATPMP_ASIO_HEADER(as_tuple.hpp)
#else
#include NATPMP_ASIO_HEADER(experimental/as_tuple.hpp)
#include NATPMP_ASIO_HEADER(experimental/deferred.hpp)
#endif
// clang-format on

#if defined(NATPMP_USE_BOOST_ASIO)
namespace asio = boost::asio;
#endif
