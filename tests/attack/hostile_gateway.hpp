// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A gateway on a thread of its own that answers well, and whose neighbour and itself send whatever
// a test wants between two answers.

#ifndef NATPMP_TESTS_ATTACK_HOSTILE_GATEWAY_HPP
#define NATPMP_TESTS_ATTACK_HOSTILE_GATEWAY_HPP

#include "loopback/client_support.hpp"

#include "support/asio.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <utility>

namespace attack_test {

using namespace loopback_test;
using udp = asio::ip::udp;
using bytes = std::vector<std::uint8_t>;

class hostile_gateway
{
public:
    /// What it and a neighbour do, once a millisecond.
    using mischief = std::function<void(hostile_gateway&)>;

    explicit hostile_gateway(mischief does)
        : model_(fake_gateway::now(), brief_leases()), does_(std::move(does))
    {
        gateway_.non_blocking(true);
        for (udp::socket* each : {&gateway_, &neighbour_})
            each->set_option(
                asio::ip::multicast::outbound_interface(asio::ip::address_v4::loopback()));
        thread_ = std::thread([this] { work(); });
    }

    hostile_gateway(const hostile_gateway&) = delete;
    hostile_gateway& operator=(const hostile_gateway&) = delete;

    ~hostile_gateway()
    {
        stop_ = true;
        thread_.join();
    }

    [[nodiscard]] client_options options() const
    {
        client_options result;
        result.gateway = asio::ip::address_v4::loopback();
        result.local_address = asio::ip::address_v4::loopback();
        result.gateway_port = gateway_.local_endpoint().port();
        result.announcement_port = group_.port();
        return result;
    }

    /// The requests so far.
    [[nodiscard]] lines wire()
    {
        const std::lock_guard lock(mutex_);
        return wire_;
    }

    /// How many hostile datagrams were sent so far.
    [[nodiscard]] std::uint64_t sent() const
    {
        return sent_;
    }

    // For the mischief, on its thread.

    /// Where the client asks from; port 0 before it did.
    [[nodiscard]] const udp::endpoint& asker() const
    {
        return asker_;
    }

    [[nodiscard]] const udp::endpoint& group() const
    {
        return group_;
    }

    [[nodiscard]] natpmp::testing::gateway_model& model()
    {
        return model_;
    }

    /// The last answer that told of a mapping.
    [[nodiscard]] const bytes& last_grant() const
    {
        return last_grant_;
    }

    void send_as_gateway(const bytes& packet, const udp::endpoint& to)
    {
        send(gateway_, packet, to);
    }

    void send_as_neighbour(const bytes& packet, const udp::endpoint& to)
    {
        send(neighbour_, packet, to);
    }

private:
    static natpmp::testing::gateway_settings brief_leases()
    {
        natpmp::testing::gateway_settings result;
        result.max_lifetime = 2s;
        result.recorded_requests = 0;
        return result;
    }

    void send(udp::socket& from, const bytes& packet, const udp::endpoint& to)
    {
        asio::error_code full_or_refused; // the attacker does not mind
        from.send_to(asio::buffer(packet), to, 0, full_or_refused);
        ++sent_;
    }

    void work()
    {
        for (auto next = std::chrono::steady_clock::now(); !stop_; next += 1ms) {
            std::this_thread::sleep_until(next);
            answer_all();
            does_(*this);
        }
    }

    void answer_all()
    {
        std::array<std::uint8_t, 64> buffer{};
        for (;;) {
            asio::error_code error;
            udp::endpoint from;
            const std::size_t size = gateway_.receive_from(asio::buffer(buffer), from, 0, error);
            if (error == asio::error::would_block)
                return;
            if (error)
                continue;
            asker_ = from;
            const std::span<const std::uint8_t> request(buffer.data(), size);
            {
                const std::lock_guard lock(mutex_);
                wire_.push_back(request_text(request));
            }
            for (const auto& reply :
                 model_.handle(from.address().to_v4(), request, fake_gateway::now())) {
                gateway_.send_to(asio::buffer(reply.bytes), from, 0, error);
                if (reply.bytes.size() == 16)
                    last_grant_ = reply.bytes;
            }
        }
    }

    asio::io_context context_; // nothing runs on it
    udp::socket gateway_{context_, {asio::ip::address_v4::loopback(), 0}};
    udp::socket neighbour_{context_, {asio::ip::make_address("127.0.0.2"), 0}};
    udp::endpoint group_ =
        udp::socket(context_, {asio::ip::address_v4{0xE0000001}, 0}).local_endpoint();
    udp::endpoint asker_;
    bytes last_grant_;
    natpmp::testing::gateway_model model_;
    mischief does_;
    std::mutex mutex_;
    lines wire_;
    std::atomic<std::uint64_t> sent_{0};
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

/// The kinds of event that a client tells, but for renewals.
class told
{
public:
    explicit told(client& on)
    {
        on.set_observer([this](const natpmp::event& news) {
            if (news.kind == event_kind::renewed)
                ++renewals;
            else
                kinds.emplace_back(to_string(news.kind));
        });
    }

    int renewals = 0;
    lines kinds;
};

} // namespace attack_test

#endif // NATPMP_TESTS_ATTACK_HOSTILE_GATEWAY_HPP
