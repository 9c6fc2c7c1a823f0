// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#ifndef NATPMP_TESTS_UNIT_GATEWAY_NETLINK_SUPPORT_HPP
#define NATPMP_TESTS_UNIT_GATEWAY_NETLINK_SUPPORT_HPP

// Builds rtnetlink messages, as the kernel would.

#include <natpmp/detail/platform/netlink.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include <linux/fib_rules.h>

namespace gateway_netlink_test {

namespace net = natpmp::net;
namespace detail = natpmp::detail;
using buffer = std::vector<std::byte>;

inline net::ip::address_v4 v4(const std::string& text)
{
    return net::ip::make_address_v4(text);
}

inline buffer joined(const std::vector<buffer>& parts)
{
    buffer result;
    for (const auto& part : parts)
        result.insert(result.end(), part.begin(), part.end());
    return result;
}

template <class Value>
buffer raw(const Value& value)
{
    buffer result(sizeof value);
    std::memcpy(result.data(), &value, sizeof value);
    return result;
}

template <class Value>
void put(buffer& into, std::size_t at, const Value& value)
{
    std::memcpy(into.data() + at, &value, sizeof value);
}

inline buffer padded(buffer value)
{
    value.resize((value.size() + 3) / 4 * 4);
    return value;
}

inline buffer attribute(unsigned short type, const buffer& body)
{
    rtattr header{};
    header.rta_len = static_cast<unsigned short>(sizeof header + body.size());
    header.rta_type = type;
    return padded(joined({raw(header), body}));
}

inline buffer attribute(unsigned short type, std::uint32_t value)
{
    return attribute(type, raw(value));
}

inline buffer attribute(unsigned short type, const std::string& address)
{
    return attribute(type, raw(v4(address).to_bytes()));
}

inline buffer message(std::uint16_t type, const buffer& body, std::uint16_t flags = NLM_F_MULTI)
{
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + body.size());
    header.nlmsg_type = type;
    header.nlmsg_flags = flags;
    return padded(joined({raw(header), body}));
}

/// The fixed part of an IPv4 default route of the main table.
inline rtmsg fixed_route()
{
    rtmsg result{};
    result.rtm_family = AF_INET;
    result.rtm_table = RT_TABLE_MAIN;
    result.rtm_protocol = RTPROT_STATIC;
    result.rtm_scope = RT_SCOPE_UNIVERSE;
    result.rtm_type = RTN_UNICAST;
    return result;
}

inline buffer route(const rtmsg& fixed, const std::vector<buffer>& attributes)
{
    return message(RTM_NEWROUTE, joined({raw(fixed), joined(attributes)}));
}

inline std::vector<buffer> via(const std::string& gateway, std::uint32_t interface_index)
{
    return {attribute(RTA_TABLE, RT_TABLE_MAIN), attribute(RTA_GATEWAY, gateway),
            attribute(RTA_OIF, interface_index)};
}

inline std::vector<buffer> via(const std::string& gateway, std::uint32_t interface_index,
                               std::uint32_t metric)
{
    auto result = via(gateway, interface_index);
    result.push_back(attribute(RTA_PRIORITY, metric));
    return result;
}

inline buffer next_hop(const std::string& gateway, int interface_index, unsigned char flags = 0)
{
    const auto attributes = attribute(RTA_GATEWAY, gateway);
    rtnexthop header{};
    header.rtnh_len = static_cast<unsigned short>(sizeof header + attributes.size());
    header.rtnh_flags = flags;
    header.rtnh_ifindex = interface_index;
    return joined({raw(header), attributes});
}

/// The message body of a routing rule that leads all traffic to a table.
inline buffer rule_to(std::uint32_t table)
{
    fib_rule_hdr fixed{};
    fixed.family = AF_INET;
    fixed.table = static_cast<unsigned char>(table < 256 ? table : unsigned{RT_TABLE_COMPAT});
    fixed.action = FR_ACT_TO_TBL;
    return joined({raw(fixed), attribute(FRA_TABLE, table)});
}

inline buffer done(std::int32_t status = 0, std::uint16_t flags = NLM_F_MULTI)
{
    return message(NLMSG_DONE, raw(status), flags);
}

inline buffer failure(std::int32_t status)
{
    return message(NLMSG_ERROR, joined({raw(status), raw(nlmsghdr{})}), 0);
}

} // namespace gateway_netlink_test

#endif // NATPMP_TESTS_UNIT_GATEWAY_NETLINK_SUPPORT_HPP
