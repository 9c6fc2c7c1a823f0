// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Where the code of a client comes from: this translation unit, or the one with natpmp/src.hpp.

#ifndef NATPMP_DETAIL_ASIO_CLIENT_MAKE_CLIENT_HPP
#define NATPMP_DETAIL_ASIO_CLIENT_MAKE_CLIENT_HPP

#if !defined(NATPMP_SEPARATE_COMPILATION)
#include <natpmp/implementation.hpp>
#else
#include <natpmp/detail/asio_client/client_base.hpp>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {

template <class Executor>
class asio_platform;

namespace detail {

extern template std::shared_ptr<client_base>
make_client<asio_platform<net::any_io_executor>>(const net::any_io_executor&,
                                                 const client_options&);

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE
#endif

#endif // NATPMP_DETAIL_ASIO_CLIENT_MAKE_CLIENT_HPP
