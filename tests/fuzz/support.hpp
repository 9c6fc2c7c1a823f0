// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// What the fuzzers share: numbers from the fuzzer's bytes, rules, and what a run has got to.

#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

namespace fuzz {

using bytes_view = std::span<const std::uint8_t>;

/// Ends the run if a rule is broken; libFuzzer then keeps the input.
inline void require(bool holds, const char* rule)
{
    if (holds)
        return;
    std::fprintf(stderr, "BROKEN: %s\n", rule);
    std::abort();
}

/// The bytes that an input is made of. Behind their end everything is 0.
class input
{
public:
    explicit input(bytes_view all) noexcept : rest_(all)
    {}

    [[nodiscard]] bool empty() const noexcept
    {
        return rest_.empty();
    }

    std::uint8_t byte() noexcept
    {
        if (rest_.empty())
            return 0;
        const std::uint8_t value = rest_.front();
        rest_ = rest_.subspan(1);
        return value;
    }

    std::uint16_t word() noexcept
    {
        const unsigned high = byte();
        return static_cast<std::uint16_t>(high << 8 | byte());
    }

    std::uint32_t number() noexcept
    {
        const std::uint32_t high = word();
        return high << 16 | word();
    }

    template <class Value, std::size_t Size>
    const Value& one_of(const Value (&values)[Size]) noexcept
    {
        return values[byte() % Size];
    }

    /// The next bytes, as many as there are; in a buffer of just that size, so that
    /// AddressSanitizer sees a read past its end.
    std::vector<std::uint8_t> take(std::size_t count)
    {
        const bytes_view taken = rest_.first(std::min(count, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return {taken.begin(), taken.end()};
    }

    [[nodiscard]] bytes_view rest() const noexcept
    {
        return rest_;
    }

private:
    bytes_view rest_;
};

/// How often a run got to each of the places that it must get to: a fuzzer whose inputs are all
/// turned away at the door finds nothing. run_one.sh reads what is printed at the end.
template <class Place, std::size_t Count>
class places
{
public:
    explicit places(const std::array<const char*, Count>& names) noexcept : names_(names)
    {}
    places(const places&) = delete;
    places& operator=(const places&) = delete;

    ~places()
    {
        for (std::size_t each = 0; each < Count; ++each)
            std::fprintf(stderr, "reached %llu times: %s\n", counts_[each], names_[each]);
    }

    void reached(Place where, unsigned long long times = 1) noexcept
    {
        counts_[static_cast<std::size_t>(where)] += times;
    }

private:
    std::array<const char*, Count> names_;
    std::array<unsigned long long, Count> counts_{};
};

} // namespace fuzz
