// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A program that formats.

#include <natpmp/format.hpp>

#include "support/texts.hpp"

#include <cstdio>
#include <format>
#include <string>

int main()
{
    int failures = 0;
    const auto check = [&](const std::string& got, const std::string& expected) {
        if (got == expected)
            return;
        std::fprintf(stderr, "\"%s\", not \"%s\"\n", got.c_str(), expected.c_str());
        ++failures;
    };
    test_support::for_each_text([&](const auto& value, const std::string& text) {
        check(std::format("{}", value), text);
        check(std::format("<{:*^80}>", value), std::format("<{:*^80}>", text));
    });
    check(std::format("{:>5}", natpmp::protocol::tcp), "  tcp");
    return failures == 0 ? 0 : 1;
}
