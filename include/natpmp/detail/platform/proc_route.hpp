// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// Linux without netlink, which a sandbox may forbid: the routes from the text of /proc/net/route,
/// the addresses by ioctl.

#ifndef NATPMP_DETAIL_PLATFORM_PROC_ROUTE_HPP
#define NATPMP_DETAIL_PLATFORM_PROC_ROUTE_HPP

#include <natpmp/detail/platform/route.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

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

/// The route that a line tells of, if it is a usable default route through a gateway, or one that
/// refuses what would take it. Half-routes have the destination 0.0.0.0 too, but a mask; the
/// heading is no route. Routes that drop silently are not told from those that end the search in
/// their table.
[[nodiscard]] NATPMP_COLD inline std::optional<named_route> parse_route_line(std::string_view line)
{
    std::array<std::string_view, 8> fields;
    for (auto& field : fields) { // there are more, which tell nothing of use
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        field = line.substr(0, line.find_first_of(" \t"));
        line.remove_prefix(field.size());
    }
    const auto& [name, destination, gateway, flags, references, uses, metric, mask] = fields;

    constexpr std::size_t longest_name = 15; // what a name in an ifreq has room for
    constexpr std::uint32_t up = 0x1, through_gateway = 0x2, reject = 0x200;
    constexpr std::int64_t least_metric = std::numeric_limits<std::int32_t>::min();
    net::ip::address_v4 target, netmask;
    std::uint32_t bits = 0;
    named_route found;
    if (name.size() > longest_name || !parse_kernel_address(destination, target) ||
        !parse_kernel_address(gateway, found.route.gateway) || !parse_whole(flags, 16, 0, bits) ||
        // The kernel prints a metric as a signed number, although it is none.
        !parse_whole(metric, 10, least_metric, found.route.metric) ||
        !parse_kernel_address(mask, netmask))
        return std::nullopt;
    const bool leads_on = !found.route.gateway.is_unspecified() && (bits & through_gateway) != 0;
    found.route.blocked = (bits & reject) != 0;
    if (!target.is_unspecified() || !netmask.is_unspecified() || (bits & up) == 0 ||
        (!leads_on && !found.route.blocked))
        return std::nullopt;
    found.interface_name = name;
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

#if defined(__linux__)

inline constexpr const char* proc_route_file = "/proc/net/route";

/// Reads the default routes from a file. An error if not all of it can be read.
[[nodiscard]] NATPMP_COLD inline std::vector<named_route> read_proc_routes(const char* path,
                                                                           error_code& error)
{
    const descriptor_guard file(::open(path, O_RDONLY | O_CLOEXEC));
    proc_route_reader reader;
    std::array<char, 4096> buffer;
    constexpr int most_reads = 1'000'000; // 30 million routes: the file has no end
    for (int count = 0; file.get() >= 0 && count < most_reads; ++count) {
        const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            break;
        if (size == 0) { // only a whole table is one: what is missing may be the best route
            error.clear();
            return reader.finish();
        }
        reader.read({buffer.data(), static_cast<std::size_t>(size)});
    }
    error = errc::routes_unreadable;
    return {};
}

/// Asks about interfaces and their addresses, by any socket. getifaddrs() would ask netlink.
class interface_queries
{
public:
    /// Asks about what the request names. False and errno on failure. The question is a constant,
    /// which converts to whichever type the C library wants.
    template <int Question>
    [[nodiscard]] bool ask(ifreq& request) const noexcept
    {
        return ::ioctl(socket_.get(), Question, &request) == 0;
    }

    /// Every IPv4 address of the host, each with the name of its interface. False on failure. The
    /// system fills the room that it is given, and does not say whether that was enough.
    [[nodiscard]] bool list(std::vector<ifreq>& addresses) const
    {
        constexpr std::size_t most = 65'536;
        for (std::size_t room = 64; room <= most; room *= 4) {
            addresses.resize(room);
            ifconf request{};
            request.ifc_len = static_cast<int>(room * sizeof(ifreq));
            request.ifc_req = addresses.data();
            if (::ioctl(socket_.get(), SIOCGIFCONF, &request) != 0)
                return false;
            const std::size_t count = static_cast<std::size_t>(request.ifc_len) / sizeof(ifreq);
            addresses.resize(std::min(count, room));
            if (count < room)
                return true;
        }
        return true;
    }

private:
    descriptor_guard socket_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

/// The IPv4 address that an answer is.
[[nodiscard]] inline net::ip::address_v4 address_of(const sockaddr& answer) noexcept
{
    sockaddr_in internet;
    std::memcpy(&internet, &answer, sizeof internet);
    return net::ip::address_v4(
        std::bit_cast<net::ip::address_v4::bytes_type>(internet.sin_addr.s_addr));
}

/// Finds the index of a route's interface. False if the interface is gone or has no connection:
/// when a cable is pulled its route stays, and only netlink marks it. An error if the system does
/// not tell.
[[nodiscard]] NATPMP_COLD inline bool resolve_interface(const interface_queries& queries,
                                                        named_route& found, error_code& error)
{
    ifreq request{};
    found.interface_name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    if (queries.ask<SIOCGIFINDEX>(request)) {
        found.route.interface_index = static_cast<std::uint32_t>(request.ifr_ifindex);
        if (queries.ask<SIOCGIFFLAGS>(request))
            return (request.ifr_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
    }
    if (errno != ENODEV)
        error = errc::routes_unreadable;
    return false;
}

/// What is to be known about an address of the list.
[[nodiscard]] inline interface_address describe_address(const interface_queries& queries,
                                                        const ifreq& listed,
                                                        std::uint32_t interface_index) noexcept
{
    const auto address = address_of(listed.ifr_addr);
    interface_address entry{interface_index, address, address, 32};
    // The request tells not only the name but also which of the interface's addresses is meant.
    ifreq request = listed;
    if (queries.ask<SIOCGIFNETMASK>(request))
        entry.prefix_length =
            static_cast<std::uint8_t>(std::popcount(address_of(request.ifr_netmask).to_uint()));
    request = listed;
    if (queries.ask<SIOCGIFDSTADDR>(request)) // the peer, or the address itself
        entry.network = address_of(request.ifr_dstaddr);
    return entry;
}

/// Reads the default routes from a file, and their interfaces' addresses. The only error is
/// errc::routes_unreadable. A route that lets nothing out has no interface ("*").
[[nodiscard]] NATPMP_COLD inline route_table read_proc_table(const char* path, error_code& error)
{
    route_table table;
    std::vector<named_route> routes = read_proc_routes(path, error);
    if (error || routes.empty())
        return table;
    const interface_queries queries;
    for (auto& found : routes)
        if (found.route.blocked || resolve_interface(queries, found, error))
            table.routes.push_back(found.route);
    std::vector<ifreq> addresses;
    if (!queries.list(addresses))
        error = errc::routes_unreadable;
    if (error)
        return {};
    for (const auto& listed : addresses) {
        // An address may have a label of its own, "eth0:1".
        const std::string_view label(listed.ifr_name, ::strnlen(listed.ifr_name, IFNAMSIZ));
        const auto route = std::find_if(routes.begin(), routes.end(), [&](const auto& entry) {
            return entry.interface_name == label.substr(0, label.find(':'));
        });
        if (route != routes.end())
            table.addresses.push_back(
                describe_address(queries, listed, route->route.interface_index));
    }
    return table;
}

#endif // defined(__linux__)

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_PLATFORM_PROC_ROUTE_HPP
