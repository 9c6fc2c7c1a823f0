// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Values and the words for them, however they are written.

#ifndef NATPMP_TESTS_SUPPORT_TEXTS_HPP
#define NATPMP_TESTS_SUPPORT_TEXTS_HPP

#include <natpmp/event.hpp>

namespace test_support {

inline natpmp::mapping example()
{
    return {.protocol = natpmp::protocol::tcp,
            .internal_port = 6881,
            .external_port = 6882,
            .external_address = natpmp::net::ip::make_address("203.0.113.7"),
            .lifetime = std::chrono::seconds{7200}};
}

inline natpmp::event example(natpmp::event_kind kind, natpmp::error_code error = {})
{
    return {.kind = kind,
            .mapping = example(),
            .error = error,
            .gateway = natpmp::net::ip::make_address("192.168.1.1")};
}

/// Calls `check` with each value and its text.
template <class Check>
void for_each_text(Check check)
{
    using natpmp::event_kind;
    using natpmp::net::ip::make_address;

    check(natpmp::protocol::udp, "udp");
    check(static_cast<natpmp::protocol>(9), "unknown");
    check(natpmp::address_kind::private_use, "private");
    check(event_kind::endpoint_changed, "endpoint_changed");
    check(natpmp::ignore_reason::wrong_source, "wrong source");
    check(natpmp::datagram::fate::not_sent, "not sent");

    const natpmp::mapping tcp = example();
    check(tcp, "tcp 6881 -> 203.0.113.7:6882 for 7200 s");
    natpmp::mapping udp{.protocol = natpmp::protocol::udp, .internal_port = 6881};
    check(udp, "udp 6881 -> unknown:0 for 0 s");
    check(natpmp::mapping_pair{.tcp = tcp, .udp = udp},
          "tcp 6881 -> 203.0.113.7:6882 for 7200 s, udp 6881 -> unknown:0 for 0 s");

    natpmp::gateway router;
    check(router, "none");
    router.address = make_address("192.168.1.1");
    check(router, "192.168.1.1");
    router.local_address = make_address("192.168.1.2");
    check(router, "192.168.1.1 from 192.168.1.2");
    router.interface_index = 3;
    check(router, "192.168.1.1 from 192.168.1.2, interface 3");

    check(example(event_kind::renewed), "renewed tcp 6881 -> 203.0.113.7:6882 for 7200 s");
    check(example(event_kind::renewal_failing, natpmp::errc::invalid_grant),
          "renewal_failing tcp 6881 -> 203.0.113.7:6882 for 7200 s: "
          "the gateway granted port 0 or lifetime 0");
    check(example(event_kind::lost), "lost tcp 6881");
    check(example(event_kind::unmapped, natpmp::errc::gateway_changed),
          "unmapped tcp 6881: the default gateway or the local address changed during the request");
    check(natpmp::event{.kind = event_kind::mapping_failing, .mapping = udp},
          "mapping_failing udp 6881");
    check(example(event_kind::address_changed), "address_changed 203.0.113.7");
    check(natpmp::event{.kind = event_kind::address_changed}, "address_changed unknown");
    check(example(event_kind::gateway_changed), "gateway_changed 192.168.1.1");
    check(natpmp::event{.kind = event_kind::gateway_changed}, "gateway_changed none");
    check(example(event_kind::announcements_unavailable, natpmp::errc::closed),
          "announcements_unavailable: the client was shut down");
}

} // namespace test_support

#endif // NATPMP_TESTS_SUPPORT_TEXTS_HPP
