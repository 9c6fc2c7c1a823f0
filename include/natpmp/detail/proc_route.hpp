// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The text of Linux's /proc/net/route to routes, without I/O.

#ifndef NATPMP_DETAIL_PROC_ROUTE_HPP
#define NATPMP_DETAIL_PROC_ROUTE_HPP

#include <natpmp/detail/route.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// A default route of the text, which names its interface: `route` has no interface index yet.
struct named_route
{
    default_route route{};
    std::string interface_name;
};

/// Reads a number of up to 32 bits that takes up the whole text. False if it is none.
[[nodiscard]] NATPMP_COLD inline bool parse_whole(std::string_view text, int base,
                                                  std::int64_t least, std::uint32_t& value) noexcept
{
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number, base);
    value = static_cast<std::uint32_t>(number);
    return error == std::errc{} && stop == end && number >= least &&
           number <= std::numeric_limits<std::uint32_t>::max();
}

/// Reads an address or mask: the kernel prints the four bytes, which are in network order, as one
/// number of the host's own order, always with eight digits. With fewer, the line was cut off.
[[nodiscard]] inline bool parse_kernel_address(std::string_view text,
                                               net::ip::address_v4& address) noexcept
{
    std::uint32_t value = 0;
    if (text.size() != 8 || !parse_whole(text, 16, 0, value))
        return false;
    address = net::ip::address_v4(std::bit_cast<net::ip::address_v4::bytes_type>(value));
    return true;
}

/// Reads a metric, which the kernel prints as a signed number although it is none.
[[nodiscard]] inline bool parse_metric(std::string_view text, std::uint32_t& metric) noexcept
{
    return parse_whole(text, 10, std::numeric_limits<std::int32_t>::min(), metric);
}

/// The route that a line tells of, if it is a usable default route through a gateway, or one that
/// refuses what would take it. Half-routes have the destination 0.0.0.0 too, but a mask; the
/// heading is no route. Routes that drop silently are not told from those that end the search in
/// their table.
[[nodiscard]] NATPMP_COLD inline std::optional<named_route> parse_route_line(std::string_view line)
{
    enum column
    {
        name,
        destination,
        gateway,
        flags,
        references,
        uses,
        metric,
        mask
    };
    std::array<std::string_view, mask + 1> fields;
    for (auto& field : fields) {
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        field = line.substr(0, line.find_first_of(" \t"));
        line.remove_prefix(field.size());
    }

    constexpr std::size_t longest_name = 15;
    constexpr std::uint32_t up = 0x1, through_gateway = 0x2, reject = 0x200;
    net::ip::address_v4 target, netmask;
    std::uint32_t bits = 0;
    named_route found;
    if (fields[name].size() > longest_name || !parse_kernel_address(fields[destination], target) ||
        !parse_kernel_address(fields[gateway], found.route.gateway) ||
        !parse_whole(fields[flags], 16, 0, bits) ||
        !parse_metric(fields[metric], found.route.metric) ||
        !parse_kernel_address(fields[mask], netmask))
        return std::nullopt;
    const bool leads_on = !found.route.gateway.is_unspecified() && (bits & through_gateway) != 0;
    found.route.blocked = (bits & reject) != 0;
    if (!target.is_unspecified() || !netmask.is_unspecified() || (bits & up) == 0 ||
        (!leads_on && !found.route.blocked))
        return std::nullopt;
    found.interface_name = fields[name];
    return found;
}

/// Reads the text piece by piece, and keeps only what is of use: a router may have a million
/// routes. A line that makes no sense is skipped.
class proc_route_reader
{
public:
    /// Takes the next piece, which may begin and end anywhere.
    NATPMP_COLD void read(std::string_view piece)
    {
        while (!piece.empty()) {
            const auto end = piece.find('\n');
            const auto part = piece.substr(0, end);
            // The kernel's lines have 128 characters.
            constexpr std::size_t longest_line = 512;
            too_long_ = too_long_ || line_.size() + part.size() > longest_line;
            if (!too_long_)
                line_ += part;
            if (end == std::string_view::npos)
                return;
            end_line();
            piece.remove_prefix(end + 1);
        }
    }

    /// The routes of the text, in its order; it is at its end.
    [[nodiscard]] std::vector<named_route> finish()
    {
        end_line();
        return std::move(routes_);
    }

private:
    void end_line()
    {
        if (!too_long_)
            if (auto found = parse_route_line(line_))
                routes_.push_back(std::move(*found));
        line_.clear();
        too_long_ = false;
    }

    std::string line_;
    bool too_long_ = false;
    std::vector<named_route> routes_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_PROC_ROUTE_HPP
