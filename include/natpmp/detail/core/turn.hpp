// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The loop around an engine, written once: for the client, and for tests and benchmarks.

#ifndef NATPMP_DETAIL_CORE_TURN_HPP
#define NATPMP_DETAIL_CORE_TURN_HPP

#include <natpmp/detail/core/engine_requests.hpp>

#include <variant>

namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail {

/// One turn: takes in what arrived, completes what is finished, and does all that is due. Whatever
/// takes time ends with another look, so that no decision is made while an answer lies in a socket.
///
/// @param host Does what the engine decides:
///     time_point look(): reads the sockets into the engine; returns the time of the look.
///     void complete(operation&), void send(const send_datagram&, time_point).
///     void find_gateway(time_point): ends in on_gateway() or on_no_gateway() of the engine, or in
///     neither where the gateway in use is found.
///     void report(std::span<const event>).
///     void sleep(time_point, time_point now): the next turn is then; at once if that is not in
///     the future.
///     void rest(): closes everything.
template <class Host>
void take_turn(engine& core, Host& host)
{
    time_point now = host.look();
    core.begin_turn();
    for (;;) {
        const action todo = core.next(now);
        if (const auto* datagram = std::get_if<send_datagram>(&todo)) {
            host.send(*datagram, now); // takes no time that counts, so there is no look after it
        } else if (const auto* done = std::get_if<complete_operation>(&todo)) {
            host.complete(*done->what);
            now = host.look();
        } else if (std::holds_alternative<find_gateway>(todo)) {
            host.find_gateway(now);
            now = host.look();
        } else if (const auto* events = std::get_if<report_events>(&todo)) {
            host.report(events->events);
        } else if (const auto* sleep = std::get_if<sleep_until>(&todo)) {
            return host.sleep(sleep->at, now);
        } else {
            return host.rest();
        }
    }
}

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

#endif // NATPMP_DETAIL_CORE_TURN_HPP
