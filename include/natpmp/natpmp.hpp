// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Everything but natpmp/testing.

#ifndef NATPMP_NATPMP_HPP
#define NATPMP_NATPMP_HPP

#include <natpmp/address.hpp>
#include <natpmp/client.hpp>
#include <natpmp/describe.hpp>
#include <natpmp/error.hpp>
#include <natpmp/event.hpp>
#include <natpmp/gateway.hpp>
#include <natpmp/options.hpp>
#include <natpmp/platform.hpp>
#include <natpmp/scoped_mapping.hpp>
#include <natpmp/types.hpp>
#include <natpmp/version.hpp>

#endif // NATPMP_NATPMP_HPP
