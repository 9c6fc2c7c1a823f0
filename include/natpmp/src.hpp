// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What one source file of a program includes that defines NATPMP_SEPARATE_COMPILATION for all:
/// the code of natpmp::client.

#ifndef NATPMP_SRC_HPP
#define NATPMP_SRC_HPP

#include <natpmp/implementation.hpp>

#include <memory>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail::link_natpmp_src_hpp_or_include_natpmp_implementation_hpp {

template std::shared_ptr<client_base>
make_client<asio_platform<net::any_io_executor>>(const net::any_io_executor&,
                                                 const client_options&);

} // namespace detail::link_natpmp_src_hpp_or_include_natpmp_implementation_hpp
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_SRC_HPP
