// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The whole engine: its class and the definitions of its members.

#ifndef NATPMP_DETAIL_CORE_ENGINE_HPP
#define NATPMP_DETAIL_CORE_ENGINE_HPP

#include <natpmp/detail/core/engine_events.hpp>
#include <natpmp/detail/core/engine_gateway.hpp>
#include <natpmp/detail/core/engine_mappings.hpp>
#include <natpmp/detail/core/engine_operations.hpp>
#include <natpmp/detail/core/engine_requests.hpp>
#include <natpmp/detail/core/engine_responses.hpp>
#include <natpmp/detail/core/engine_shutdown.hpp>

#endif // NATPMP_DETAIL_CORE_ENGINE_HPP
