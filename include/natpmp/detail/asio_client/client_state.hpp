// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The client's loop: sockets and timer in, engine, datagrams and completions out.

#ifndef NATPMP_DETAIL_ASIO_CLIENT_CLIENT_STATE_HPP
#define NATPMP_DETAIL_ASIO_CLIENT_CLIENT_STATE_HPP

#include <natpmp/detail/asio_client/async_operation.hpp>
#include <natpmp/detail/core/turn.hpp>
#include <natpmp/platform.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

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
        : options_(options), platform_(platform), engine_(options, platform_.random())
    {
        // Has Asio make its reactor. If descriptors run out that throws here, not out of a turn.
        static_cast<void>(platform_.template make<typename Platform::request_socket_type>());
    }

    void start(async_operation& op) override
    {
        const auto inside = enter();
        // First what may throw: a turn too many does no harm.
        request_turn();
        engine_.start(op, platform_.now());
    }

    void cancel(std::uint64_t number, net::cancellation_type type) override
    {
        constexpr auto prompt = net::cancellation_type::terminal | net::cancellation_type::partial;
        const auto inside = enter();
        // An operation that completed is not found: the handler's slot may be used after that.
        operation* op = engine_.find(number);
        if (!op || type == net::cancellation_type::none)
            return;
        // Total cancellation alone waits for the answer to a request that was sent.
        engine_.cancel(*op, (type & prompt) == net::cancellation_type::none,
                       net::error::operation_aborted, platform_.now());
        request_turn();
    }

    /// No turn follows: the operation's context is being destroyed, or its initiation threw.
    void withdraw(async_operation& op) noexcept override
    {
        engine_.withdraw(op);
    }

    void cancel_all() override
    {
        const auto inside = enter();
        engine_.cancel_all(net::error::operation_aborted, platform_.now());
        request_turn();
    }

    void network_changed() override
    {
        const auto inside = enter();
        engine_.network_changed(platform_.now());
        request_turn();
    }

    void unmap_quietly(mapping_key key) noexcept override
    {
        const auto inside = enter();
        const time_point now = platform_.now();
        engine_.unmap_quietly(key, now);
        // The timer is open while there is a mapping. Setting it takes no memory, a post does.
        if (timer_)
            timer_->source.expires_at(timer_set_to_ = now);
    }

    [[nodiscard]] std::vector<mapping> mappings() override
    {
        const auto inside = enter();
        return engine_.events.mappings();
    }

    [[nodiscard]] std::optional<mapping> mapping_of(mapping_key key) noexcept override
    {
        const auto inside = enter();
        return engine_.closed() ? std::nullopt : engine_.events.mapping_of(key);
    }

    [[nodiscard]] natpmp::status status() override
    {
        const auto inside = enter();
        return engine_.status(platform_.now());
    }

    void set_observer(std::shared_ptr<const observer> functions) override
    {
        const auto inside = enter();
        engine_.events.collect(functions != nullptr);
        observer_ = std::move(functions);
        calls_.clear();
    }

    /// The pending operations complete in the turn that the timer's aborted wait brings, or in one
    /// that was requested before: a destructor must not throw, and a post may.
    void close() noexcept override
    {
        set_observer(nullptr);
        engine_.close(platform_.now());
        rest();
    }

private:
    /// A socket, timer or subscription that is open.
    template <class Source>
    struct opened
    {
        opened(const Platform& platform, time_point now)
            : source(platform.template make<Source>()), looked_at(now)
        {}

        Source source;
        time_point looked_at; ///< of a socket: when it was last found empty, or was opened
    };

    /// Null while it is closed. Each call of open() makes another object: a handler whose wait
    /// ended before that, and which has not run yet, knows by this that it is late.
    template <class Source>
    using awaited = std::shared_ptr<opened<Source>>;

    using request_socket = awaited<typename Platform::request_socket_type>;
    using announcement_socket = awaited<typename Platform::announcement_socket_type>;
    using change_notices = awaited<typename Platform::change_notices_type>;
    using timer = awaited<typename Platform::timer_type>;

    /// Opens a source and begins to wait for it. After an error it is closed.
    template <auto Source, class... Where>
    error_code open(const Where&... where)
    {
        auto& what = this->*Source;
        using opened_type = typename std::remove_reference_t<decltype(what)>::element_type;
        close(what);
        const auto made = std::make_shared<opened_type>(platform_, platform_.now());
        const error_code error = made->source.open(where...);
        if (!error) {
            what = made;
            wait<Source>();
        }
        return error;
    }

    /// Closes a source, whose pending wait ends with operation_aborted.
    template <class Source>
    static void close(awaited<Source>& what)
    {
        if (const auto closed = std::exchange(what, nullptr))
            closed->source.close();
    }

    /// The handler of every wait. One type for all sources: each type is a kilobyte of Asio's code.
    auto wait_handler(std::shared_ptr<void> waited,
                      void (client_state::*ended)(const std::shared_ptr<void>&, error_code))
    {
        return [self = this->shared_from_this(), waited = std::move(waited),
                ended](error_code error) { (*self.*ended)(waited, error); };
    }

    /// Calls on_ready() at the end of each wait, until the source is closed or opened anew.
    template <auto Source>
    void wait()
    {
        const auto& what = this->*Source;
        what->source.async_wait(wait_handler(what, &client_state::wait_ended<Source>));
    }

    /// When a client is destroyed its waits end, and the first that does brings the turn that
    /// completes the pending operations.
    template <auto Source>
    void wait_ended(const std::shared_ptr<void>& waited, error_code error)
    {
        auto& what = this->*Source;
        if (waited == what)
            on_ready(what, error);
        else if (engine_.closed())
            turn(true);
        if (waited == what)
            wait<Source>();
    }

    /// A socket has something to read: the turn does that. An error is of the wait, not of ICMP.
    template <class Socket>
    void on_ready(awaited<Socket>& socket, error_code error)
    {
        if (error)
            give_up(socket, error);
        else
            turn(false);
    }

    void on_ready(change_notices&, error_code error)
    {
        if (error)
            return close(changes_);
        if (changes_->source.read()) {
            engine_.host_changed(platform_.now());
            begin_turn();
        }
    }

    void on_ready(timer&, error_code error)
    {
        // Asio's timers end a wait so when they are set to another time, which may have come.
        if (error && timer_set_to_ > platform_.now())
            return;
        timer_set_to_ = long_ago;
        timer_->source.acknowledge();
        begin_turn();
    }

    /// The socket for requests fails: there is no gateway without it. The engine looks again later.
    void give_up(request_socket&, error_code error)
    {
        close(requests_);
        close(announcements_);
        engine_.on_no_gateway(error, platform_.now());
        request_turn();
    }

    /// Without announcements, answers tell that the gateway restarted (RFC 6886, section 3.6). The
    /// application is told once.
    void give_up(announcement_socket&, error_code error)
    {
        close(announcements_);
        if (!std::exchange(told_no_announcements_, true))
            engine_.events.report(event_kind::announcements_unavailable, error);
        request_turn();
    }

    /// Posts a turn. What the application calls does no more than that, so that nothing is sent
    /// again that an answer in the socket has made needless.
    void request_turn()
    {
        if (turn_requested_ || deciding_)
            return;
        net::post(platform_.get_executor(), [self = this->shared_from_this()] {
            self->turn_requested_ = false;
            self->turn(true);
        });
        turn_requested_ = true;
    }

    /// Begins a turn that nothing to read has brought. On Windows' completion ports a datagram that
    /// arrived may be in the executor's queue instead of the socket; a posted turn comes after it.
    void begin_turn()
    {
        if constexpr (Platform::request_socket_type::completes_with_datagram)
            request_turn();
        else
            turn(true);
    }

    /// Reads, decides, and calls the application back. `read_all` tells whether everything that
    /// arrived before the turn can be read in it.
    void turn(bool read_all)
    {
        const auto inside = enter();
        if (deciding_)
            return; // the handler of an operation runs its context: the outer turn goes on
        reads_all_ = read_all;
        deciding_ = true;
        take_turn(engine_, *this);
        deciding_ = false;
        call_observer();
    }

    /// Makes the queued calls. The observer may set another one, destroy the client, or run its
    /// context: then a turn in there goes on with the next call.
    void call_observer()
    {
        while (observer_ && !calls_.empty()) {
            const auto functions = observer_;
            const auto call = std::move(calls_.front());
            calls_.pop_front();
            call(*functions);
        }
    }

    // What take_turn() asks of its host: see turn.hpp.
    friend void detail::take_turn<client_state>(engine&, client_state&);

    /// Reads the sockets. Returns the time of the look, which is the time of what is decided next:
    /// a datagram that goes out then went out when nothing was there to read.
    time_point look()
    {
        const time_point now = platform_.now();
        read(requests_, now);
        read(announcements_, now);
        reads_all_ = false;
        return now;
    }

    /// Calls the handler, which may start the next operation and even destroy the client.
    void complete(operation& done)
    {
        static_cast<async_operation&>(done).complete();
    }

    /// Finds out where to send, and opens the sockets unless they lead there already.
    void find_gateway(time_point)
    {
        // The timer first: without one no request would end.
        const error_code no_timer = timer_ ? error_code{} : open<&client_state::timer_>();
        if (!changes_)
            open<&client_state::changes_>(); // without notices, a failing request tells of a change
        error_code error;
        const gateway found = platform_.find_gateway(options_, error);
        const time_point now = platform_.now();
        const bool connected = engine_.has_gateway();
        if (connected && is_shortage(error))
            return engine_.host_changed(now); // it could not be read: the engine asks again later
        if (connected && !error && found == gateway_)
            return;
        gateway_ = found;
        if (!error)
            error = no_timer;
        if (!error)
            error = open<&client_state::requests_>(found, options_.gateway_port.value());
        close(announcements_);
        if (error)
            engine_.on_no_gateway(error, now);
        else
            engine_.on_gateway(found, now);
        // The engine may refuse it: there is no NAT between the host and a public address.
        if (!engine_.has_gateway())
            return close(requests_);
        if (!options_.announcements)
            return;
        error = open<&client_state::announcements_>(found, options_.announcement_port.value());
        if (error)
            give_up(announcements_, error);
    }

    /// Sends a request, or notes that the system would not.
    void send(const send_datagram& request, time_point now)
    {
        error_code error = requests_->source.send(request.bytes);
        // Linux reports the ICMP error of an earlier datagram instead of sending this one.
        if (is_refusal(error) && request.first)
            error = requests_->source.send(request.bytes);
        if (error)
            engine_.not_sent(error);
        const net::ip::udp::endpoint peer(gateway_.address, options_.gateway_port.value());
        const auto fate = error ? datagram::fate::not_sent : datagram::fate::sent;
        report({fate, ignore_reason::none, peer, request.bytes, error});
        if (is_refusal(error))
            engine_.refused(now);
    }

    /// Queues events for the observer. The engine has none if the application did not set one.
    void report(std::span<const event> events)
    {
        for (const event& happened : events)
            calls_.emplace_back([happened](const observer& to) { to.on_event(happened); });
    }

    /// Queues a datagram, with a copy of its bytes: the next one is read into the same buffer.
    void report(const datagram& seen)
    {
        if (!observer_ || !observer_->on_datagram)
            return;
        std::vector<std::uint8_t> bytes(seen.bytes.begin(), seen.bytes.end());
        calls_.emplace_back([bytes = std::move(bytes), copy = seen](const observer& to) mutable {
            copy.bytes = bytes;
            to.on_datagram(copy);
        });
    }

    /// Sets the timer. An earlier time that is set stays while a request is in flight: the answer
    /// will probably come before it, which saves a call of the system for each request.
    void sleep(time_point until, time_point now)
    {
        const bool opens = until > now && !timer_;
        const error_code error = opens ? open<&client_state::timer_>() : error_code{};
        if (error) // descriptors ran out: nothing can wait
            engine_.cancel_all(error, now);
        if (error || until <= now) { // operations are left to complete: that takes no timer
            deciding_ = false;
            return request_turn();
        }
        const bool is_early = timer_set_to_ != long_ago && timer_set_to_ < until;
        if (until != timer_set_to_ && !(is_early && engine_.in_flight()))
            timer_->source.expires_at(timer_set_to_ = until);
    }

    /// Closes everything. No wait is pending then, and run() can return.
    void rest()
    {
        close(requests_);
        close(announcements_);
        close(changes_);
        close(timer_);
        timer_set_to_ = long_ago;
    }

    /// Reads one socket until it is empty, closed, or has given enough for one turn.
    template <class Socket>
    void read(awaited<Socket>& socket, time_point now)
    {
        constexpr bool is_connected = std::is_same_v<awaited<Socket>, request_socket>;
        constexpr unsigned most_datagrams = 64, most_errors = 16;
        const arrival_span arrived{socket ? socket->looked_at : now, now};
        unsigned errors = 0; // in a row: ICMP reports one for each datagram that was sent
        for (unsigned count = 0; socket && count < most_datagrams; ++count) {
            error_code error;
            net::ip::udp::endpoint sender;
            const std::size_t size = socket->source.receive_from(buffer_, sender, error);
            if (error == net::error::would_block || error == net::error::try_again) {
                if (reads_all_ || !socket->source.awaits_datagram())
                    socket->looked_at = now;
                return;
            }
            errors = error ? errors + 1 : 0;
            if (!error)
                take(bytes_view(buffer_.data(), size), sender, is_connected, arrived);
            else if (errors > most_errors)
                give_up(socket, error);
            else if (is_connected && is_refusal(error))
                engine_.refused(now);
        }
    }

    /// Takes in one datagram, from the socket that is connected to the gateway or the other one.
    void take(bytes_view bytes, const net::ip::udp::endpoint& sender, bool is_connected,
              const arrival_span& arrived)
    {
        const ignore_reason reason = is_connected
                                         ? engine_.receive(bytes, arrived)
                                         : engine_.announcement(sender.address(), bytes, arrived);
        const bool is_used = reason == ignore_reason::none;
        const auto fate = is_used ? datagram::fate::received : datagram::fate::ignored;
        report({fate, reason, sender, bytes});
        report(engine_.events.take_reports()); // after the datagram that caused them
    }

    /// Holds the mutex for the time that a thread spends inside the client, which it may enter
    /// again. A debug build ends here if another thread is inside: the executor is not serial.
    [[nodiscard]] std::unique_lock<std::recursive_mutex> enter()
    {
        std::unique_lock lock(mutex_, std::defer_lock);
#if !defined(NDEBUG)
        if (!lock.try_lock()) {
            std::fputs("natpmp::client is used by two threads at a time; give it a strand "
                       "(see docs/threads.md)\n",
                       stderr);
            std::abort();
        }
#endif
        return lock;
    }

    const client_options options_;
    Platform platform_;
    engine engine_;
    // The sources of turns. Open while the client is not at rest.
    request_socket requests_;
    announcement_socket announcements_;
    change_notices changes_;
    timer timer_;
    std::array<std::uint8_t, receive_buffer_size> buffer_{};
    // Null: the application has set none.
    std::shared_ptr<const observer> observer_;
    // Filled in take_turn(), called after it; emptied when another observer is set.
    std::list<std::function<void(const observer&)>> calls_;
    // The gateway that the sockets lead to, or that could not be used.
    gateway gateway_{};
    // What sleep() set the timer to; long_ago once it fired or was closed.
    time_point timer_set_to_ = long_ago;
    // Set by give_up(), and never cleared.
    bool told_no_announcements_ = false;
    // Set when a turn is posted, cleared when it begins.
    bool turn_requested_ = false;
    // Set within take_turn(), which goes on until nothing is left to decide. Cleared at its end.
    bool deciding_ = false;
    // Set by turn() for its first look, cleared by that.
    bool reads_all_ = false;
    // Locked by enter().
    std::recursive_mutex mutex_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ASIO_CLIENT_CLIENT_STATE_HPP
