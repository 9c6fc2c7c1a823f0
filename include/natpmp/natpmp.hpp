// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Everything but natpmp/testing. With NATPMP_SEPARATE_COMPILATION, gateway.hpp and platform.hpp
/// are left out, which take as long to compile as the client.

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
