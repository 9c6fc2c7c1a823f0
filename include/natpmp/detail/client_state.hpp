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
        ask_for_turn();
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
        command([](engine& core, time_point now) { core.cancel_all(now); });
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
        const auto end = [&] {
            const serial_section section(serial_);
            engine_.close(world_.now());
            finish_all();
            rest();
        };
        attempt(end, [] { return false; }); // the timer looks again
    }

private:
    /// A turn that was asked for. If the executor destroys it unrun, another one can be asked for.
    class requested_turn
    {
    public:
        explicit requested_turn(client_state& state)
            : state_(std::static_pointer_cast<client_state>(state.shared_from_this()))
        {
            state.turn_requested_ = true;
        }

        requested_turn(requested_turn&&) noexcept = default;
        requested_turn& operator=(requested_turn&&) = delete;

        ~requested_turn()
        {
            if (state_)
                state_->turn_requested_ = false;
        }

        void operator()()
        {
            const auto state = std::exchange(state_, nullptr);
            state->turn_requested_ = false;
            state->turn();
        }

    private:
        std::shared_ptr<client_state> state_;
    };

    /// What the application asks for is done in the client's next turn: by then the client has
    /// looked into its sockets, and sends nothing again that is answered.
    void ask_for_turn()
    {
        if (turn_requested_ || decides_later_)
            return;
        attempt([&] { net::post(world_.get_executor(), requested_turn(*this)); },
                [&] {
                    alarm_.set_running(world_.now()); // without memory, the timer brings it
                    return !alarm_.active();
                });
    }

    /// A turn: takes in what lies in the sockets, then decides by time. A loop that stood still
    /// finds both at once, the answer and the time at which it would have given up.
    void turn() override
    {
        const serial_section section(serial_);
        const auto self = shared_from_this();
        if (!decides_later_ && !pumping_)
            settle(look());
    }

    /// Takes in what lies in the sockets. Returns the time of the look, which is the time of what
    /// is decided next: a datagram that goes out then went out when nothing was there to read.
    time_point look()
    {
        const raised_flag reading(decides_later_);
        const time_point now = world_.now();
        network_.read(now);
        return now;
    }

    void received(error_code error, bytes_view bytes, const arrival_span& arrived) override
    {
        if (!error) {
            trace(engine_.receive(bytes, arrived), gateway_endpoint(), bytes);
        } else if (is_refusal(error)) {
            engine_.refused(arrived.latest);
        } else {
            network_.close();
            engine_.detach(error, world_.now());
            ask_for_turn();
        }
    }

    void heard(error_code error, const net::ip::udp::endpoint& source, bytes_view bytes,
               const arrival_span& arrived) override
    {
        if (error)
            deaf(error);
        else
            trace(engine_.announcement(source.address(), bytes, arrived), source, bytes);
    }

    void changed() override
    {
        engine_.host_changed(world_.now());
        turn();
    }

    /// Calls the engine, and does what it then wants.
    template <class Command>
    void command(Command call)
    {
        const serial_section section(serial_);
        call(engine_, world_.now());
        ask_for_turn();
    }

    /// The operation that a turn has finished is completed before the rest is done, since its
    /// handler may ask for more: the timer and the sockets are then left as they are.
    void settle(time_point now)
    {
        bool called = false; // the application, which may have taken its time
        const auto complete_one = [&] {
            const raised_flag before_decisions(decides_later_);
            log_.collect(engine_.hooked());
            called = log_.deliver();
            // A gateway in doubt is looked for first. Others are posted: each has its own errors.
            const bool doubts = engine_.wants_recheck(now);
            if (operation* done = doubts ? nullptr : engine_.take_finished()) {
                called = true;
                static_cast<pending*>(done)->complete();
            }
        };
        do_both(complete_one, [&] { pump(called ? look() : now); });
    }

    /// Does what the engine wants, until it wants nothing more now. If that throws for want of
    /// memory, the timer looks again soon.
    void pump(time_point now)
    {
        const auto self = shared_from_this();
        const auto work_now = [&] {
            const raised_flag at_work(pumping_);
            work(now);
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
            now = find_gateway(now);
            send_all(now);
        } while (engine_.wants_gateway(now) || engine_.wants_recheck(now));
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

    /// Finds out where to send, if the engine wants to send and cannot, or has doubts. Returns the
    /// time: where the routes are many this takes long, and answers may have come meanwhile.
    time_point find_gateway(time_point now)
    {
        return look_up(now) ? look() : now;
    }

    /// Whether the gateway was looked up.
    bool look_up(time_point now)
    {
        const bool doubts = engine_.take_recheck(now);
        if (!doubts && !engine_.wants_gateway(now))
            return false;
        network_.watch();
        gateway found;
        error_code error;
        error = or_no_memory([&] { return found = world_.find_gateway(options_, error), error; });
        now = world_.now();
        if (doubts && is_shortage(error)) {
            engine_.host_changed(now); // it is not known yet
            return true;
        }
        if (doubts && !error && found == where_)
            return true;
        where_ = found;
        if (!error) // without a timer nothing would end
            error = or_no_memory([&] { return alarm_.start(); });
        if (!error)
            error = network_.open(found, options_.gateway_port.value(), now);
        if (error)
            engine_.detach(error, now);
        else
            engine_.attach(found, now);
        if (!engine_.attached())
            network_.close();
        else if (options_.announcements)
            deaf(network_.listen(found, options_.announcement_port.value(), now));
        return true;
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
            error_code error = network_.send(bytes);
            // Linux reports the ICMP error of an earlier datagram instead of sending this one.
            if (is_refusal(error) && engine_.first_transmission())
                error = network_.send(bytes);
            if (error)
                engine_.not_sent(error);
            const auto fate = error ? datagram::fate::not_sent : datagram::fate::sent;
            log_.add(engine_.hooked(), {fate, ignore_reason::none, gateway_endpoint(), error},
                     bytes);
            if (is_refusal(error))
                engine_.refused(now);
        }
    }

    void trace(ignore_reason reason, const net::ip::udp::endpoint& peer, bytes_view bytes)
    {
        const bool used = reason == ignore_reason::none;
        const auto fate = used ? datagram::fate::received : datagram::fate::ignored;
        log_.add_first(engine_.hooked(), {fate, reason, peer}, bytes);
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
    bool turn_requested_ = false; ///< whether one is on its way through the executor
    bool decides_later_ = false;  ///< whether this turn is to decide what to do still
    serial_guard serial_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CLIENT_STATE_HPP
