// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The client's loop: sockets and timer in, engine, datagrams and completions out.

#ifndef NATPMP_DETAIL_ASIO_CLIENT_CLIENT_STATE_HPP
#define NATPMP_DETAIL_ASIO_CLIENT_CLIENT_STATE_HPP

#include <natpmp/detail/asio_client/async_operation.hpp>
#include <natpmp/detail/asio_client/callback_queue.hpp>
#include <natpmp/detail/asio_client/thread_check.hpp>
#include <natpmp/detail/core/turn.hpp>
#include <natpmp/platform.hpp>

#include <array>
#include <memory>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// Whether an error is what ICMP port unreachable becomes (RFC 6886, section 3.1).
inline bool is_refusal(const error_code& error) noexcept
{
    return error == net::error::connection_refused || error == net::error::connection_reset;
}

/// The state of a client. Every handler of its background work holds it by shared_ptr.
///
/// Decisions are made in turns: when a socket can be read, when the timer fires, when the host's
/// routes change, and after the application called. A turn first reads what lies in the sockets, so
/// that a loop which stood still takes in an answer before it decides by time.
template <platform Platform>
class client_state final : public client_base,
                           public std::enable_shared_from_this<client_state<Platform>>
{
public:
    client_state(const client_options& options, const Platform& platform)
        : options_(options),
          platform_(platform),
          engine_(options, platform_.random()),
          requests_(platform_),
          announcements_(platform_),
          changes_(platform_),
          timer_(platform_)
    {}

    void start(async_operation& op) override
    {
        const thread_check check(inside_);
        request_turn();
        engine_.start(op, platform_.now());
    }

    void cancel(std::uint64_t number, net::cancellation_type type) override
    {
        constexpr auto none = net::cancellation_type::none;
        constexpr auto prompt = net::cancellation_type::terminal | net::cancellation_type::partial;
        const thread_check check(inside_);
        operation* op = type == none ? nullptr : engine_.find(number);
        if (!op)
            return;
        engine_.cancel(*op, (type & prompt) == none, net::error::operation_aborted,
                       platform_.now());
        request_turn();
    }

    void withdraw(async_operation& op) noexcept override
    {
        engine_.withdraw(op);
    }

    void cancel_all() override
    {
        const thread_check check(inside_);
        engine_.cancel_all(platform_.now());
        request_turn();
    }

    void network_changed() override
    {
        const thread_check check(inside_);
        engine_.network_changed(platform_.now());
        request_turn();
    }

    void unmap_quietly(mapping_key key) noexcept override
    {
        const thread_check check(inside_);
        const time_point now = platform_.now();
        engine_.unmap_quietly(key, now);
        if (timer_.is_open) { // it is while there is a mapping, and takes no memory
            timer_set_to_ = now;
            timer_.source.expires_at(now);
        }
    }

    [[nodiscard]] std::vector<mapping> mappings() override
    {
        return engine_.mappings();
    }

    [[nodiscard]] natpmp::status status() override
    {
        return engine_.status(platform_.now());
    }

    void set_callbacks(std::shared_ptr<const callbacks> functions) override
    {
        callbacks_.set(std::move(functions));
        engine_.events.collect(callbacks_.active());
    }

    void close() noexcept override
    {
        set_callbacks(nullptr);
        engine_.close(platform_.now());
        close_all(); // the timer's handler completes what was pending
    }

private:
    /// Something that is waited for, again and again.
    template <class Source>
    struct awaited
    {
        explicit awaited(const Platform& platform) : source(platform.template make<Source>())
        {}

        Source source;
        unsigned session = 0; ///< changed by open and close; a handler of an older one does nothing
        bool is_open = false;
        time_point looked_at = long_ago; ///< when a socket was last found empty, or was opened
    };

    /// Waits for `what`, and calls `ready` each time; ends with an error, or when it is closed.
    template <class Source>
    void wait(awaited<Source>& what, void (client_state::*ready)(error_code))
    {
        what.source.async_wait([self = this->shared_from_this(), &what, ready,
                                session = what.session](error_code error) {
            if (session != what.session)
                return self->after_close();
            ((*self).*ready)(error);
            if (session == what.session)
                self->wait(what, ready);
        });
    }

    template <class Source, class... Where>
    error_code open(awaited<Source>& what, void (client_state::*ready)(error_code),
                    const Where&... where)
    {
        close(what);
        const error_code error = what.source.open(where...);
        if (error)
            return error;
        what.is_open = true;
        what.looked_at = platform_.now();
        wait(what, ready);
        return error;
    }

    template <class Source>
    static void close(awaited<Source>& what)
    {
        ++what.session;
        if (std::exchange(what.is_open, false))
            what.source.close();
    }

    void close_all()
    {
        close(requests_);
        close(announcements_);
        close(changes_);
        close(timer_);
        timer_set_to_ = long_ago;
    }

    /// Completes what was pending when the client was destroyed. Its timer was open then, or a turn
    /// is on its way.
    void after_close()
    {
        if (engine_.closed())
            turn(true);
    }

    void on_requests(error_code error)
    {
        if (error)
            return give_up_requests(error);
        turn(false);
    }

    void on_announcements(error_code error)
    {
        if (error)
            return give_up_announcements(error);
        turn(false);
    }

    void on_change(error_code error)
    {
        if (error)
            return close(changes_);
        if (!changes_.source.read())
            return;
        engine_.host_changed(platform_.now());
        begin_turn();
    }

    void on_timer(error_code error)
    {
        if (error)
            return; // it was set to another time; Asio's timers end their wait by that
        timer_set_to_ = long_ago;
        timer_.source.acknowledge();
        begin_turn();
    }

    void give_up_requests(error_code error)
    {
        close(requests_);
        close(announcements_);
        engine_.on_no_gateway(error, platform_.now());
        request_turn();
    }

    void give_up_announcements(error_code error)
    {
        close(announcements_);
        if (!std::exchange(told_no_announcements_, true))
            engine_.events.report(event_kind::announcements_unavailable, error);
    }

    /// Has a turn follow soon. What the application calls does no more than that, so that nothing
    /// is sent again that an answer in the socket has made needless.
    void request_turn()
    {
        if (turn_requested_ || deciding_)
            return;
        net::post(platform_.get_executor(), [self = this->shared_from_this()] {
            self->turn_requested_ = false;
            self->begin_turn();
        });
        turn_requested_ = true;
    }

    /// A turn that nothing to read has brought. Where a pending wait takes the datagram out of the
    /// socket (Windows' completion ports), what arrived before is queued at the executor: the turn
    /// goes around it once.
    void begin_turn()
    {
        if constexpr (Platform::request_socket_type::completes_with_datagram)
            net::post(platform_.get_executor(),
                      [self = this->shared_from_this()] { self->turn(true); });
        else
            turn(true);
    }

    /// @param went_around Whether everything that arrived before it can be read now.
    void turn(bool went_around)
    {
        const thread_check check(inside_);
        if (std::exchange(in_turn_, true))
            return; // the application runs the context within a handler; the outer turn goes on
        const auto self = this->shared_from_this();
        went_around_ = went_around;
        deciding_ = true;
        take_turn(engine_, *this);
        deciding_ = false;
        if (std::exchange(again_, false))
            request_turn();
        callbacks_.deliver();
        in_turn_ = false;
    }

    // What take_turn() asks of its host.

    friend void detail::take_turn<client_state>(engine&, client_state&);

    /// Reads the sockets. Returns the time of the look, which is the time of what is decided next:
    /// a datagram that goes out then went out when nothing was there to read.
    time_point look()
    {
        const time_point now = platform_.now();
        read(requests_, now);
        read(announcements_, now);
        went_around_ = false;
        return now;
    }

    void complete(operation& done)
    {
        static_cast<async_operation&>(done).complete();
    }

    /// Finds out where to send, and opens the sockets unless they lead there already.
    void find_gateway(time_point)
    {
        if (!changes_.is_open)
            open(changes_, &client_state::on_change); // without notices, failures tell
        error_code error;
        const gateway found = platform_.find_gateway(options_, error);
        const time_point now = platform_.now();
        const bool connected = engine_.has_gateway();
        if (connected && is_shortage(error))
            engine_.host_changed(now); // it is not known yet
        else if (!connected || error || found != gateway_)
            use_gateway(found, error, now);
    }

    void send(const send_datagram& request, time_point now)
    {
        error_code error = requests_.source.send(request.bytes);
        // Linux reports the ICMP error of an earlier datagram instead of sending this one.
        if (is_refusal(error) && request.first)
            error = requests_.source.send(request.bytes);
        if (error)
            engine_.not_sent(error);
        callbacks_.add({error ? datagram::fate::not_sent : datagram::fate::sent,
                        ignore_reason::none, gateway_endpoint(), request.bytes, error});
        if (is_refusal(error))
            engine_.refused(now);
    }

    void report(std::span<const event> events)
    {
        callbacks_.add(events);
    }

    /// Sets the timer. While a request is in flight, an earlier time that is set is left: its
    /// answer will probably come first, which saves a call of the system for each request.
    void sleep(time_point until)
    {
        if (until != never && until <= platform_.now()) {
            again_ = true;
            return;
        }
        if (!timer_.is_open && open(timer_, &client_state::on_timer))
            return; // whatever happens next looks at the time
        const bool is_early = timer_set_to_ != long_ago && timer_set_to_ < until;
        if (until == timer_set_to_ || (is_early && engine_.in_flight()))
            return;
        timer_set_to_ = until;
        timer_.source.expires_at(until);
    }

    void rest()
    {
        close_all();
    }

    /// Reads one socket until nothing is left, or often enough.
    template <class Source>
    void read(awaited<Source>& socket, time_point now)
    {
        constexpr unsigned most_datagrams = 64, most_errors = 16;
        const arrival_span arrived{socket.looked_at, now};
        unsigned errors = 0; // in a row: ICMP reports one for each datagram that was sent
        for (unsigned count = 0; socket.is_open && count < most_datagrams; ++count) {
            error_code error;
            net::ip::udp::endpoint sender;
            const std::size_t size = socket.source.receive_from(buffer_, sender, error);
            if (error == net::error::would_block || error == net::error::try_again) {
                if (went_around_ || !socket.source.awaits_datagram())
                    socket.looked_at = now;
                return;
            }
            errors = error ? errors + 1 : 0;
            const bool is_useless = errors > most_errors;
            take(socket, is_useless, error, {buffer_.data(), size}, sender, arrived);
        }
    }

    using request_socket = awaited<typename Platform::request_socket_type>;
    using announcement_socket = awaited<typename Platform::announcement_socket_type>;

    void take(request_socket&, bool is_useless, error_code error, bytes_view bytes,
              const net::ip::udp::endpoint&, const arrival_span& arrived)
    {
        if (is_useless)
            give_up_requests(error);
        else if (is_refusal(error))
            engine_.refused(arrived.latest);
        else if (!error)
            trace(engine_.receive(bytes, arrived), gateway_endpoint(), bytes);
    }

    void take(announcement_socket&, bool is_useless, error_code error, bytes_view bytes,
              const net::ip::udp::endpoint& sender, const arrival_span& arrived)
    {
        if (is_useless)
            give_up_announcements(error);
        else if (!error)
            trace(engine_.announcement(sender.address(), bytes, arrived), sender, bytes);
    }

    void use_gateway(const gateway& found, error_code error, time_point now)
    {
        gateway_ = found;
        if (!error && !timer_.is_open) // without a timer nothing would end
            error = open(timer_, &client_state::on_timer);
        if (!error)
            error =
                open(requests_, &client_state::on_requests, found, options_.gateway_port.value());
        close(announcements_);
        if (error)
            engine_.on_no_gateway(error, now);
        else
            engine_.on_gateway(found, now);
        if (!engine_.has_gateway())
            return close(requests_);
        if (!options_.announcements)
            return;
        error = open(announcements_, &client_state::on_announcements, found,
                     options_.announcement_port.value());
        if (error)
            give_up_announcements(error);
    }

    /// Tells the application of a datagram, then of the events that it caused.
    void trace(ignore_reason reason, const net::ip::udp::endpoint& peer, bytes_view bytes)
    {
        const bool used = reason == ignore_reason::none;
        const auto fate = used ? datagram::fate::received : datagram::fate::ignored;
        callbacks_.add({fate, reason, peer, bytes});
        callbacks_.add(engine_.events.take_reports());
    }

    [[nodiscard]] net::ip::udp::endpoint gateway_endpoint() const
    {
        return {gateway_.address, options_.gateway_port.value()};
    }

    const client_options options_;
    Platform platform_;
    engine engine_;
    request_socket requests_;
    announcement_socket announcements_;
    awaited<typename Platform::change_notices_type> changes_;
    awaited<typename Platform::timer_type> timer_;
    callback_queue callbacks_;
    std::array<std::uint8_t, receive_buffer_size> buffer_{};
    gateway gateway_{}; ///< that the sockets lead to, or that could not be used
    time_point timer_set_to_ = long_ago;
    bool told_no_announcements_ = false;
    bool turn_requested_ = false; ///< one is on its way through the executor
    bool in_turn_ = false;
    bool deciding_ = false;    ///< this turn is still to decide what to do
    bool again_ = false;       ///< the engine has more to do now
    bool went_around_ = false; ///< everything that arrived before this turn can be read now
    inside_thread inside_{};
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ASIO_CLIENT_CLIENT_STATE_HPP
