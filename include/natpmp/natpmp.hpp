// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Everything but natpmp/testing. With NATPMP_SEPARATE_COMPILATION, gateway.hpp and platform.hpp
/// are left out, which take as long to compile as the client.

/// @mainpage
/// natpmp::client opens ports and keeps them open; natpmp::basic_client, of which it is one, has
/// the operations. natpmp::map_request and natpmp::client_options are what can be set,
/// natpmp::mapping, natpmp::event and natpmp::status what is told, natpmp::errc,
/// natpmp::result_code and natpmp::condition the errors. natpmp::testing has gateways for the tests
/// of applications.
///
/// The guides in docs/ say how these are used.

#ifndef NATPMP_NATPMP_HPP
#define NATPMP_NATPMP_HPP

#include <natpmp/address.hpp>
#include <natpmp/client.hpp>
#include <natpmp/describe.hpp>
#include <natpmp/error.hpp>
#include <natpmp/event.hpp>
#include <natpmp/options.hpp>
#include <natpmp/scoped_mapping.hpp>
#include <natpmp/types.hpp>
#include <natpmp/version.hpp>
#if !defined(NATPMP_SEPARATE_COMPILATION)
#include <natpmp/gateway.hpp>
#include <natpmp/platform.hpp>
#endif

#endif // NATPMP_NATPMP_HPP
