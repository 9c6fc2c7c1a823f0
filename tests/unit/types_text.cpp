// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Values in words, and in a stream.

#include <natpmp/event.hpp>

#include "support/catch.hpp"
#include "support/texts.hpp"

#include <iomanip>
#include <ostream>
#include <sstream>
#include <string>

namespace types_text_test {

template <class Type>
std::string streamed(const Type& value)
{
    std::ostringstream out;
    out << value;
    return out.str();
}

TEST_CASE("types: each value in words, the same in a stream", "[types]")
{
    test_support::for_each_text([](const auto& value, const std::string& text) {
        CHECK(to_string(value) == text);
        CHECK(streamed(value) == text);
    });
}

TEST_CASE("types: a stream's width counts for the whole text", "[types]")
{
    std::ostringstream out;
    out << std::setw(6) << std::left << natpmp::protocol::tcp << '|' << std::setw(42)
        << test_support::example() << '|';
    CHECK(out.str() == "tcp   |tcp 6881 -> 203.0.113.7:6882 for 7200 s   |");
}

} // namespace types_text_test
