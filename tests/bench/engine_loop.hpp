// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// An engine with the loop of a client around it, in virtual time, at a gateway that grants
// everything: hardly anything but the engine costs time or memory.

#ifndef NATPMP_TESTS_BENCH_ENGINE_LOOP_HPP
#define NATPMP_TESTS_BENCH_ENGINE_LOOP_HPP

#include "bench/measure.hpp"

#include <natpmp/detail/core/turn.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <list>
#include <span>

namespace bench {

using natpmp::detail::duration;
using natpmp::detail::operation;
using natpmp::detail::operation_kind;
using namespace std::chrono_literals;

/// One after the other the ports from 1 on, each for both protocols.
inline natpmp::detail::mapping_key nth_mapping(std::size_t which) noexcept
{
    return {which % 2 ? natpmp::protocol::udp : natpmp::protocol::tcp,
            static_cast<std::uint16_t>(which / 2 + 1)};
}

class engine_loop
{
public:
    static constexpr duration round_trip = 1ms;

    natpmp::detail::engine core{natpmp::client_options{}, 7};
    natpmp::time_point now{std::chrono::hours{1}};

    /// Starts an operation. It ends in next().
    void start(operation_kind kind, natpmp::detail::mapping_key key = {}, duration limit = 0s)
    {
        operation& what = operations_.emplace_back(kind);
        what.request.protocol = key.protocol;
        what.request.internal_port = key.internal_port;
        what.limit = limit;
        what.number = ++last_number_;
        ++pending_;
        core.start(what, now);
    }

    [[nodiscard]] std::size_t pending() const noexcept
    {
        return pending_;
    }

    /// Frees the operations, which are all done.
    void forget_operations()
    {
        operations_.clear();
    }

    /// The gateway loses its state, and says so.
    void reboot()
    {
        booted_at_ = now;
        prepare(0);
        core.announcement(home().address, answer(), {now, now});
        pump();
    }

    /// Does what comes next: a tick, or the answer that arrives.
    void next()
    {
        now = std::max(now, std::min(arrival_, deadline_));
        if (arrival_ <= now) {
            arrival_ = natpmp::detail::never;
            core.receive(answer(), {now, now});
        }
        pump();
    }

    /// Turns, until there is nothing more to do now.
    void pump()
    {
        do {
            natpmp::detail::take_turn(core, *this);
        } while (deadline_ <= now);
    }

    // What the engine asks of its host.

    natpmp::time_point look()
    {
        return now;
    }

    void complete(operation& done)
    {
        --pending_;
        failures += done.error ? 1U : 0U;
    }

    void find_gateway(natpmp::time_point)
    {
        if (!core.has_gateway())
            core.on_gateway(home(), now);
    }

    void send(const natpmp::detail::send_datagram& request, natpmp::time_point)
    {
        prepare(request.bytes[1]);
        if (request.bytes.size() == 12) // what was asked for is granted; a delete answers by zeros
            std::copy_n(&request.bytes[4], 8, &answer_[8]);
        arrival_ = now + round_trip;
    }

    void report(std::span<const natpmp::event>)
    {}

    void sleep(natpmp::time_point until, natpmp::time_point)
    {
        deadline_ = until;
    }

    void rest()
    {
        deadline_ = natpmp::detail::never;
    }

    std::size_t failures = 0; ///< operations that ended with an error

private:
    static const natpmp::gateway& home()
    {
        static const natpmp::gateway result{.address = natpmp::net::ip::make_address("192.168.1.1"),
                                            .local_address =
                                                natpmp::net::ip::make_address("192.168.1.2")};
        return result;
    }

    [[nodiscard]] natpmp::detail::bytes_view answer() const noexcept
    {
        return {answer_.data(), answer_size_};
    }

    /// The answer to an opcode: the external address; a request's own fields follow if it has any.
    void prepare(std::uint8_t opcode)
    {
        const auto epoch = static_cast<std::uint32_t>((now - booted_at_) / 1s);
        answer_ = {0, static_cast<std::uint8_t>(0x80 | opcode), 0, 0, 0, 0, 0, 0, 203, 0, 113, 7};
        for (std::size_t at = 0; at < 4; ++at)
            answer_[4 + at] = static_cast<std::uint8_t>(epoch >> (24 - 8 * at));
        answer_size_ = opcode == 0 ? 12 : 16;
    }

    std::list<operation> operations_;
    std::size_t pending_ = 0;
    std::uint64_t last_number_ = 0;
    natpmp::time_point booted_at_{};
    natpmp::time_point arrival_ = natpmp::detail::never, deadline_ = natpmp::detail::never;
    std::array<std::uint8_t, 16> answer_{};
    std::size_t answer_size_ = 0;
};

} // namespace bench

#endif // NATPMP_TESTS_BENCH_ENGINE_LOOP_HPP
