// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The whole engine: its interface and all of its jobs.

#ifndef NATPMP_DETAIL_ENGINE_HPP
#define NATPMP_DETAIL_ENGINE_HPP

#include <natpmp/detail/engine_answers.hpp>
#include <natpmp/detail/engine_keeping.hpp>
#include <natpmp/detail/engine_news.hpp>
#include <natpmp/detail/engine_operations.hpp>
#include <natpmp/detail/engine_outcomes.hpp>
#include <natpmp/detail/engine_requests.hpp>
#include <natpmp/detail/engine_schedule.hpp>
#include <natpmp/detail/engine_shutdown.hpp>
#include <natpmp/detail/engine_wishes.hpp>
#include <natpmp/detail/engine_world.hpp>

#endif // NATPMP_DETAIL_ENGINE_HPP
