// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The client on any executor and any platform, which has to be compiled where it is used.
/// client.hpp includes it unless NATPMP_SEPARATE_COMPILATION is defined.

#ifndef NATPMP_IMPLEMENTATION_HPP
#define NATPMP_IMPLEMENTATION_HPP

#include <natpmp/detail/asio_client/client_state.hpp>

#include <memory>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

namespace link_natpmp_src_hpp_or_include_natpmp_implementation_hpp {

template <class Platform, class Source>
std::shared_ptr<client_base> make_client(const Source& source, const client_options& options)
{
    return std::make_shared<client_state<Platform>>(options, Platform(source));
}

} // namespace link_natpmp_src_hpp_or_include_natpmp_implementation_hpp

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_IMPLEMENTATION_HPP
