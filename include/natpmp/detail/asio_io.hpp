// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What of Asio only the code needs that does the input and output.

#ifndef NATPMP_DETAIL_ASIO_IO_HPP
#define NATPMP_DETAIL_ASIO_IO_HPP

#include <natpmp/detail/asio.hpp>

// clang-format off
#include NATPMP_ASIO_HEADER(basic_waitable_timer.hpp)
#include NATPMP_ASIO_HEADER(buffer.hpp)
#include NATPMP_ASIO_HEADER(ip/multicast.hpp)
#include NATPMP_ASIO_HEADER(posix/stream_descriptor.hpp)
#include NATPMP_ASIO_HEADER(socket_base.hpp)
#include NATPMP_ASIO_HEADER(wait_traits.hpp)

#if defined(_WIN32)
#include NATPMP_ASIO_HEADER(windows/object_handle.hpp)
#endif
// clang-format on

#endif // NATPMP_DETAIL_ASIO_IO_HPP
