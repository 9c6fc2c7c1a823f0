// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What a client shares with its pending work: the engine, the network and the timer, and the loop
/// that joins them.

#ifndef NATPMP_DETAIL_CLIENT_STATE_HPP
#define NATPMP_DETAIL_CLIENT_STATE_HPP

#include <natpmp/detail/alarm.hpp>
#include <natpmp/detail/engine.hpp>
#include <natpmp/detail/hook_log.hpp>
#include <natpmp/detail/network.hpp>
#include <natpmp/detail/pending.hpp>
#include <natpmp/detail/serial.hpp>

#include <memory>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// The state of a client. Every handler of its background work holds it by shared_ptr.
template <platform Platform>
class client_state final : public client_base, public loop_owner
{
public:
    client_state(const client_options& options, const Platform& world)
        : options_(options),
          world_(world),
          engine_(options, world_.random()),
          network_(world_, *this),
          alarm_(world_, *this)
    {}

    void start(pending& what) override
    {
        const serial_section section(serial_);
        const time_point now = world_.now();
        error_code error;
        // A verdict is about one gateway, and nobody watches the routes while the client rests.
        if (engine_.holds_verdict(now) && !engine_.attached() &&
            world_.find_gateway(options_, error) != where_)
            engine_.network_changed(now);
        engine_.start(what, now);
        attempt([&] { pump(); }, [&] { return !alarm_.active(); }); // else it looks again
    }

    void cancel(pending& what, bool total_only) override
    {
        command([&](engine& core, time_point now) {
            core.cancel(what, total_only, net::error::operation_aborted, now);
        });
    }

    void withdraw(pending& what) override
    {
        engine_.withdraw(what);
    }

    void cancel_all() override
    {
        command([](engine& core, time_point) { core.cancel_all(); });
    }

    void network_changed() override
    {
        command([](engine& core, time_point now) { core.network_changed(now); });
    }

    void give_up(mapping_key key) noexcept override
    {
        const auto end = [&](engine& core, time_point now) { core.give_up(key, now); };
        attempt([&] { command(end); }, [] { return false; }); // the timer looks again
    }

    [[nodiscard]] std::vector<mapping> mappings() override
    {
        return engine_.mappings();
    }

    [[nodiscard]] natpmp::status status() const override
    {
        return engine_.status(world_.now());
    }

    void set_hook(std::shared_ptr<hook> function) override
    {
        log_.set_hook(std::move(function));
        engine_.hook_events(log_.on());
    }

    void abandon() noexcept override
    {
        set_hook(nullptr);
        const auto end = [&] { command([](engine& core, time_point) { core.close(); }); };
        attempt(end, [] { return false; }); // the timer looks again
    }

private:
    void received(error_code error, bytes_view bytes) override
    {
        react([&](engine& core, time_point now) {
            if (!error) {
                trace(core.receive(bytes, now), gateway_endpoint(), bytes);
            } else if (is_refusal(error)) {
                core.refused(now);
            } else {
                network_.close();
                core.detach(error, now);
            }
        });
    }

    void heard(error_code error, const net::ip::udp::endpoint& source, bytes_view bytes) override
    {
        react([&](engine& core, time_point now) {
            if (error)
                deaf(error);
            else
                trace(core.announcement(source.address(), bytes, now), source, bytes);
        });
    }

    void changed() override
    {
        react([](engine& core, time_point now) { core.host_changed(now); });
    }

    void woken() override
    {
        react([](engine&, time_point) {});
    }

    /// Calls the engine, and does what it then wants.
    template <class Command>
    void command(Command call)
    {
        const serial_section section(serial_);
        call(engine_, world_.now());
        pump();
    }

    /// The same for what the loops bring. The handler that it is for is called before the rest is
    /// done, since it may ask for more: the timer and the sockets are then left as they are.
    template <class Command>
    void react(Command call)
    {
        const serial_section section(serial_);
        const auto self = shared_from_this();
        call(engine_, world_.now());
        settle();
    }

    void settle()
    {
        log_.collect(engine_.hooked());
        log_.deliver();
        const auto complete_one = [&] {
            // A gateway in doubt is looked for first. Others are posted: each has its own errors.
            if (operation* done = engine_.wants_recheck() ? nullptr : engine_.take_finished())
                static_cast<pending*>(done)->complete();
        };
        do_both(complete_one, [&] { pump(); });
    }

    /// Does what the engine wants, until it wants nothing more now. If that throws for want of
    /// memory, the timer looks again soon.
    void pump()
    {
        if (pumping_)
            return;
        const auto self = shared_from_this();
        const auto work_now = [&] {
            const raised_flag at_work(pumping_);
            work(world_.now());
        };
        attempt(work_now, [&] {
            alarm_.set_running(world_.now() + pause_without_memory);
            return true;
        });
        log_.deliver();
    }

    void work(time_point now)
    {
        do {
            find_gateway(now);
            send_all(now);
        } while (engine_.wants_gateway(now) || engine_.wants_recheck());
        finish_all();
        if (engine_.active()) {
            network_.revive();
            alarm_.revive();
            alarm_.set(engine_.deadline(), engine_.in_flight());
        } else {
            rest();
        }
        log_.collect(engine_.hooked());
    }

    void finish_all()
    {
        while (operation* done = engine_.take_finished())
            attempt([&] { static_cast<pending*>(done)->finish(); },
                    [&] {
                        engine_.give_back(*done);
                        return true;
                    });
    }

    /// Finds out where to send, if the engine wants to send and cannot, or has doubts.
    void find_gateway(time_point now)
    {
        const bool doubts = engine_.take_recheck(now);
        if (!doubts && !engine_.wants_gateway(now))
            return;
        network_.watch();
        gateway found;
        error_code error;
        error = or_no_memory([&] { return found = world_.find_gateway(options_, error), error; });
        if (doubts && is_shortage(error))
            return engine_.host_changed(now); // it is not known yet
        if (doubts && !error && found == where_)
            return;
        where_ = found;
        if (!error) // without a timer nothing would end
            error = or_no_memory([&] { return alarm_.start(); });
        if (!error)
            error = network_.open(found, options_.gateway_port.value());
        if (error)
            engine_.detach(error, now);
        else
            engine_.attach(found, now);
        if (!engine_.attached())
            network_.close();
        else if (options_.announcements)
            deaf(network_.listen(found, options_.announcement_port.value()));
    }

    void deaf(const error_code& error)
    {
        if (error && !std::exchange(told_deaf_, true))
            engine_.announcements_unavailable(error);
    }

    void send_all(time_point now)
    {
        while (const packet* request = engine_.advance(now)) {
            const bytes_view bytes = request->view();
            log_.add(engine_.hooked(), datagram::fate::sent, ignore_reason::none,
                     gateway_endpoint(), bytes);
            error_code error = network_.send(bytes);
            // Linux reports the ICMP error of an earlier datagram instead of sending this one.
            if (is_refusal(error) && engine_.first_transmission())
                error = network_.send(bytes);
            if (is_refusal(error))
                engine_.refused(now);
        }
    }

    void trace(ignore_reason reason, const net::ip::udp::endpoint& peer, bytes_view bytes)
    {
        const bool used = reason == ignore_reason::none;
        log_.add_first(engine_.hooked(), used ? datagram::fate::received : datagram::fate::ignored,
                       reason, peer, bytes);
    }

    /// Nothing is to be done until the application asks for something.
    void rest()
    {
        engine_.suspend();
        network_.close();
        network_.stop_watching();
        alarm_.stop();
    }

    [[nodiscard]] net::ip::udp::endpoint gateway_endpoint() const
    {
        return {where_.address, options_.gateway_port.value()};
    }

    static constexpr duration pause_without_memory = 1s;

    const client_options options_;
    Platform world_;
    engine engine_;
    network<Platform> network_;
    alarm<Platform> alarm_;
    hook_log log_;
    gateway where_{};
    bool told_deaf_ = false, pumping_ = false;
    serial_guard serial_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CLIENT_STATE_HPP
