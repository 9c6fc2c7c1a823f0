// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Errors: categories, numbers, conditions and texts (C-2; design: errors).

#include <natpmp/error.hpp>

#include "support/catch.hpp"

#include <set>
#include <string>
#include <vector>

namespace types_errors_test {
using natpmp::condition;
using natpmp::errc;
using natpmp::error_code;
using natpmp::result_code;

constexpr errc all_errors[] = {errc::invalid_options,
                               errc::closed,
                               errc::already_waiting,
                               errc::no_gateway,
                               errc::not_behind_nat,
                               errc::gateway_silent,
                               errc::not_supported,
                               errc::invalid_grant,
                               errc::timed_out,
                               errc::gateway_changed,
                               errc::shutdown_incomplete,
                               errc::routes_unreadable,
                               errc::invalid_protocol,
                               errc::invalid_internal_port,
                               errc::invalid_external_port,
                               errc::invalid_lifetime,
                               errc::invalid_timeout,
                               errc::no_local_address};

/// The conditions that an error belongs to, as a bit each.
unsigned conditions_of(const error_code& error)
{
    return (error == condition::refused ? 1U : 0U) | (error == condition::unreachable ? 2U : 0U) |
           (error == condition::transient ? 4U : 0U) |
           (error == condition::invalid_argument ? 8U : 0U);
}

TEST_CASE("errors: numbers and categories", "[types]")
{
    const error_code success = result_code::success;
    CHECK_FALSE(success);
    const error_code refused = result_code::not_authorized;
    CHECK(refused);
    CHECK(refused.value() == 2);
    CHECK(refused.category() == natpmp::result_category());
    CHECK(std::string{refused.category().name()} == "natpmp.result");
    const error_code silent = errc::gateway_silent;
    CHECK(silent.category() == natpmp::library_category());
    CHECK(std::string{silent.category().name()} == "natpmp");
    CHECK(silent == errc::gateway_silent);
    CHECK(silent != errc::not_supported);
    // The same number in both lists is not the same error.
    CHECK(error_code{result_code::unsupported_version} != error_code{errc::invalid_options});
    CHECK(std::string{natpmp::condition_category().name()} == "natpmp.condition");
}

TEST_CASE("errors: unknown result codes keep their number (C-2, V-8)", "[types]")
{
    for (const int number : {6, 255, 256, 65'535}) {
        const error_code error = static_cast<result_code>(number);
        CHECK(error.value() == number);
        CHECK(error);
        CHECK(error == condition::refused);
        CHECK(error.message().find(std::to_string(number)) != std::string::npos);
    }
}

TEST_CASE("errors: each belongs to at most one condition", "[types]")
{
    CHECK(conditions_of(result_code::success) == 0);
    CHECK(conditions_of(error_code{}) == 0);
    CHECK(conditions_of(result_code::unsupported_version) == 2);
    CHECK(conditions_of(result_code::not_authorized) == 1);
    CHECK(conditions_of(result_code::network_failure) == 4);
    CHECK(conditions_of(result_code::out_of_resources) == 4);
    CHECK(conditions_of(result_code::unsupported_opcode) == 1);
    const std::vector<unsigned> expected{8, 0, 0, 2, 2, 2, 2, 4, 4, 4, 0, 2, 8, 8, 8, 8, 8, 2};
    std::vector<unsigned> found;
    for (const errc each : all_errors)
        found.push_back(conditions_of(each));
    CHECK(found == expected);
    // Other categories' errors belong to none, whatever their number.
    CHECK(conditions_of(std::make_error_code(std::errc::no_such_file_or_directory)) == 0);
}

TEST_CASE("errors: every text is its own, and says something", "[types]")
{
    std::set<std::string> texts;
    for (const errc each : all_errors)
        texts.insert(error_code{each}.message());
    for (std::uint16_t number = 0; number <= 7; ++number)
        texts.insert(error_code{static_cast<result_code>(number)}.message());
    for (int number = 1; number <= 4; ++number)
        texts.insert(make_error_condition(static_cast<condition>(number)).message());
    CHECK(texts.size() == std::size(all_errors) + 8 + 4);
    for (const std::string& text : texts)
        CHECK(text.size() > 5);
    for (const errc each : {errc::no_gateway, errc::routes_unreadable})
        CHECK(error_code(each).message().find("client_options::gateway") != std::string::npos);
    for (const errc each :
         {errc::invalid_options, errc::invalid_internal_port, errc::invalid_external_port})
        CHECK(error_code(each).message().find("65535") != std::string::npos);
    CHECK(error_code(errc::invalid_lifetime).message().find("4294967295") != std::string::npos);
    CHECK_FALSE(natpmp::library_category().message(99).empty());
    CHECK_FALSE(natpmp::condition_category().message(99).empty());
}

TEST_CASE("errors: comparing with standard conditions does not mislead", "[types]")
{
    CHECK(error_code{errc::timed_out} != std::errc::timed_out); // its own list, by design closed
    CHECK(error_code{result_code::success} != error_code{errc::invalid_options});
    CHECK(natpmp::make_error_condition(condition::refused) == result_code::not_authorized);
}

} // namespace types_errors_test
