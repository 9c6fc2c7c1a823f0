// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The client: its operations and their documentation.

#ifndef NATPMP_CLIENT_HPP
#define NATPMP_CLIENT_HPP

#include <natpmp/detail/asio_client/async_operation.hpp>
#include <natpmp/platform_concept.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#if !defined(NATPMP_SEPARATE_COMPILATION)
#include <natpmp/implementation.hpp>
#endif

namespace natpmp::inline NATPMP_ABI_NAMESPACE {

class scoped_mapping;

template <class Executor>
class asio_platform;

/// Keeps ports of this host open on a NAT gateway by NAT-PMP (RFC 6886).
///
/// The client owns its mappings: one that async_map_port made is renewed until it is unmapped, or
/// the client is shut down or destroyed. Its background work starts with the first operation and
/// rests when there is no operation, mapping or reader of events; then `run()` can return.
///
/// @par Operations
/// Each async_ function takes any completion token for its completion signature, or none: then the
/// result can be awaited. The handler is never called from within the initiating function; it is
/// called on its associated executor, by default the client's. Memory comes from its associated
/// allocator and is freed before the call. If memory is refused, the initiating function throws
/// std::bad_alloc and has started nothing. After an exception from `run()`, the client can only be
/// destroyed.
///
/// The default token is Asio's deferred, before Asio 1.23 use_awaitable. Only use_awaitable goes
/// with `||` and `&&` of asio::experimental::awaitable_operators: pass it, or make it the default
/// by `asio::use_awaitable.as_default_on(natpmp::client(executor))`.
///
/// @par Per-operation cancellation
/// All three types. Before the first datagram of an operation is sent, each completes it with
/// `operation_aborted` and no effect. After that, terminal and partial complete it at once, and a
/// mapping that the gateway may have made meanwhile is deleted again unless something else wants
/// it; total waits for the outcome. map_request::timeout, or client_options::timeout, acts as a
/// terminal cancellation that completes with errc::timed_out; with map_request::keep_trying the
/// mapping stays wanted then.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: unsafe. The executor must be serial, a strand or a
/// context run by one thread; every call, construction, destruction and cancellation has to happen
/// on it. Without NDEBUG, two threads at work in one end the program with a message.
///
/// @par Moving
/// Moves the mappings and the pending operations too. A client that was moved from can only be
/// destroyed or assigned to; its operations complete with errc::closed. Assigning destroys first.
///
/// @par Destruction
/// Sends nothing, never blocks and never throws. Pending operations complete with
/// `operation_aborted`. What the gateway has runs out; use async_shutdown to delete it.
///
/// @tparam Executor What the handlers run on by default.
template <class Executor = net::any_io_executor>
class basic_client
{
    using default_token = detail::default_token<Executor>;

public:
    /// The type of the client's executor.
    using executor_type = Executor;

    /// The same client on another type of executor.
    template <class Other>
    struct rebind_executor
    {
        /// That client.
        using other = basic_client<Other>;
    };

    /// A client on an executor, with the sockets, the clock and the routing table of the system.
    /// Sends nothing yet.
    ///
    /// @param executor A serial executor.
    /// @param options See client_options; bad ones make every operation fail with
    ///                errc::invalid_options or errc::invalid_timeout.
    /// @throws natpmp::system_error If the system is out of file descriptors.
    /// @throws std::bad_alloc If it is out of memory.
    explicit basic_client(const executor_type& executor, const client_options& options = {})
        : basic_client(executor, detail::make_client<asio_platform<Executor>>(executor, options))
    {}

    /// A client on the executor of an execution context, such as an io_context that one thread
    /// runs.
    template <class Context>
        requires std::is_convertible_v<Context&, net::execution_context&>
    explicit basic_client(Context& context, const client_options& options = {})
        : basic_client(executor_type(context.get_executor()), options)
    {}

    /// A client on another platform, such as testing::simulated_network::platform(). It runs on the
    /// platform's executor.
    ///
    /// @param platform Clock, timer, sockets and routing table; see the concept natpmp::platform.
    ///                 With NATPMP_SEPARATE_COMPILATION, the file that makes such a client includes
    ///                 natpmp/implementation.hpp.
    /// @param options As above.
    template <natpmp::platform Platform>
        requires std::convertible_to<typename Platform::executor_type, Executor>
    explicit basic_client(const Platform& platform, const client_options& options = {})
        : basic_client(platform.get_executor(), detail::make_client<Platform>(platform, options))
    {}

    /// Takes over the mappings and the pending operations.
    basic_client(basic_client&& other) noexcept
        : executor_(other.get_executor()), state_(std::move(other.state_))
    {}

    /// Takes over the mappings and the pending operations of a client on another type of executor:
    /// what `asio::use_awaitable.as_default_on(std::move(client))` does.
    template <class Other>
        requires(!std::same_as<Other, Executor> && std::convertible_to<Other, Executor>)
    // Of the other client the state is moved.
    // NOLINTNEXTLINE(google-explicit-constructor,cppcoreguidelines-rvalue-reference-param-not-moved)
    basic_client(basic_client<Other>&& other) noexcept
        : executor_(other.get_executor()), state_(std::move(other.state_))
    {}

    /// Destroys what was there, then takes over.
    basic_client& operator=(basic_client&& other) noexcept
    {
        if (this != &other) {
            close();
            executor_ = other.executor_;
            state_ = std::move(other.state_);
        }
        return *this;
    }

    /// Sends nothing; pending operations complete with `operation_aborted`.
    ~basic_client()
    {
        close();
    }

    /// The client's executor.
    [[nodiscard]] executor_type get_executor() const noexcept
    {
        return executor_;
    }

    /// Opens a port at the gateway and keeps it open: cleans up what a crashed run left behind,
    /// asks for the mapping and for the external address, and renews at half of the granted
    /// lifetime (RFC 6886, sections 3.2 to 3.4).
    ///
    /// It succeeds too when the gateway grants another port or lifetime, and when it does not tell
    /// its address. A second call for the same protocol and port asks again, and does not undo the
    /// first if it fails; calls that wait for the same request share its answer.
    ///
    /// @param protocol UDP or TCP.
    /// @param internal_port The port that the application listens on, 1..65535, any integer type.
    /// @param token A completion token for `void(error_code, mapping)`.
    /// @par Errors
    /// Before anything is sent: those of condition::invalid_argument, errc::closed. Then, or when
    /// the gateway is lost meanwhile: errc::no_gateway, errc::no_local_address,
    /// errc::routes_unreadable, errc::not_behind_nat, an error of the system's if no socket can be
    /// had or the socket fails. Later: any result_code but success,
    /// errc::not_supported, errc::gateway_silent (after 129.5 s), errc::invalid_grant,
    /// errc::timed_out, errc::closed, and operation_aborted when it is cancelled or the port is
    /// unmapped meanwhile. After a failure the mapping is not kept, unless map_request::keep_trying
    /// says so.
    template <detail::token_for<mapping> Token = default_token>
    auto async_map_port(natpmp::protocol protocol, port_number internal_port,
                        Token&& token = Token())
    {
        return async_map_port(map_request{.protocol = protocol, .internal_port = internal_port},
                              std::forward<Token>(token));
    }

    /// Opens a port as the overload above does, with every setting of a map_request.
    ///
    /// With map_request::keep_trying a failure does not end it: it completes with the first
    /// success, and events tell the failures meanwhile.
    ///
    /// @param request What to ask for. Ports are 0..65535 as map_request says for each, the
    ///                lifetime is 1..2^32-1 seconds; the rest has defaults. It is copied.
    /// @param token A completion token for `void(error_code, mapping)`; the mapping is what was
    ///              granted, its lifetime in seconds.
    /// @par Errors
    /// As the overload above. With keep_trying only these: those of condition::invalid_argument,
    /// errc::timed_out after map_request::timeout, errc::closed, and operation_aborted.
    /// @par Per-operation cancellation
    /// As for every operation; after a cancellation the mapping is not kept. With keep_trying total
    /// cancellation after the first datagram waits for the first success, and the timeout ends the
    /// operation only: the client goes on asking for the mapping.
    template <detail::token_for<mapping> Token = default_token>
    auto async_map_port(const map_request& request, Token&& token = Token())
    {
        return detail::initiate<mapping>(state_, executor_,
                                         {.kind = detail::operation_kind::map, .request = request},
                                         std::forward<Token>(token));
    }

    /// Opens one port for TCP and for UDP, as async_map_port does: first TCP, then UDP with the
    /// external port that TCP was granted. Compare the two external ports: the gateway may give
    /// others. If one fails, that is the error, and the other is unmapped again.
    ///
    /// @param internal_port The port that the application listens on, 1..65535, any integer type.
    /// @param token A completion token for `void(error_code, mapping_pair)`.
    /// @par Errors
    /// As async_map_port.
    template <detail::token_for<mapping_pair> Token = default_token>
    auto async_map_port_pair(port_number internal_port, Token&& token = Token())
    {
        return async_map_port_pair(map_request{.internal_port = internal_port},
                                   std::forward<Token>(token));
    }

    /// Opens one port for TCP and for UDP as the overload above does, with every setting of a
    /// map_request.
    ///
    /// @param request What to ask for, twice; see async_map_port(const map_request&, Token&&). Its
    ///                protocol does not matter. map_request::external_port is what TCP suggests;
    ///                UDP suggests what TCP was granted.
    /// @param token A completion token for `void(error_code, mapping_pair)`; the mappings are what
    ///              was granted, their lifetimes in seconds.
    /// @par Errors
    /// As async_map_port(const map_request&, Token&&): with map_request::keep_trying a failure of
    /// either mapping does not end it.
    /// @par Per-operation cancellation
    /// As async_map_port(const map_request&, Token&&), for both mappings: neither is kept, unless
    /// something else wants it.
    template <detail::token_for<mapping_pair> Token = default_token>
    auto async_map_port_pair(const map_request& request, Token&& token = Token())
    {
        return detail::initiate<mapping_pair>(
            state_, executor_, {.kind = detail::operation_kind::map_pair, .request = request},
            std::forward<Token>(token));
    }

    /// Deletes a mapping at the gateway, known to this client or not, and stops keeping it (RFC
    /// 6886, section 3.4). A pending async_map_port for it completes with operation_aborted.
    ///
    /// @param protocol UDP or TCP.
    /// @param internal_port 1..65535, any integer type; 0 for a port that the gateway assigned, for
    ///                      which nothing is sent.
    /// @param token A completion token for `void(error_code)`. Success too if there was nothing to
    ///              delete.
    /// @par Errors
    /// As async_map_port; errc::gateway_silent after 7.75 s, errc::gateway_changed if there is
    /// another gateway now. The mapping is not kept once its delete was sent, or if there is no
    /// gateway; cancelled, timed out or refused before that, the call has no effect.
    template <detail::token_for Token = default_token>
    auto async_unmap_port(natpmp::protocol protocol, port_number internal_port,
                          Token&& token = Token())
    {
        return detail::initiate(state_, executor_,
                                {.kind = detail::operation_kind::unmap,
                                 .request = {.protocol = protocol, .internal_port = internal_port}},
                                std::forward<Token>(token));
    }

    /// Asks the gateway for its external address (RFC 6886, section 3.2). It may be private: see
    /// publicly_routable().
    ///
    /// @param token A completion token for `void(error_code, net::ip::address)`.
    /// @par Errors
    /// As async_map_port; result_code::network_failure too if the gateway answers 0.0.0.0.
    template <detail::token_for<net::ip::address> Token = default_token>
    auto async_external_address(Token&& token = Token())
    {
        return detail::initiate<net::ip::address>(state_, executor_,
                                                  {.kind = detail::operation_kind::address},
                                                  std::forward<Token>(token));
    }

    /// Waits for something to tell about the mappings. An event is the difference between what was
    /// last read and now, so that a slow reader misses no state and needs no memory.
    ///
    /// @param token A completion token for `void(error_code, event)`.
    /// @par Errors
    /// errc::already_waiting if another one waits; errc::closed after a shutdown, when everything
    /// has been read; operation_aborted.
    template <detail::token_for<event> Token = default_token>
    auto async_wait_event(Token&& token = Token())
    {
        return detail::initiate<event>(state_, executor_,
                                       {.kind = detail::operation_kind::wait_event},
                                       std::forward<Token>(token));
    }

    /// Deletes every mapping of this client at the gateway, one at a time, then closes the client
    /// (RFC 6886, sections 3.1 and 3.4). Pending and later operations complete with errc::closed.
    /// The outcome for each mapping is an event.
    ///
    /// In a coroutine that was cancelled, `co_await asio::this_coro::reset_cancellation_state()`
    /// has to come first, or awaiting this throws before the shutdown starts.
    ///
    /// A second call joins the first: both complete at the end, for which the earlier limit counts.
    ///
    /// @param limit How long it may take, at most 24 hours; a negative one is 0. Each mapping has
    ///              1.75 s or its share of this.
    /// @param token A completion token for `void(error_code)`.
    /// @par Errors
    /// errc::shutdown_incomplete if the gateway did not confirm every deletion; the client is
    /// closed all the same. A gateway that never answered has 250 ms, and that is a success.
    /// errc::closed from a client that was moved from.
    /// @par Per-operation cancellation
    /// Any type ends the waiting with operation_aborted; if nobody else waits for the shutdown, the
    /// client is closed at once.
    template <class Rep, class Period, detail::token_for Token = default_token>
    auto async_shutdown(std::chrono::duration<Rep, Period> limit, Token&& token = Token())
    {
        using seconds = std::chrono::duration<double>;
        const auto most = std::clamp<seconds>(limit, seconds{0}, std::chrono::hours{24});
        return detail::initiate(state_, executor_,
                                {.kind = detail::operation_kind::shutdown,
                                 .limit = std::chrono::duration_cast<detail::duration>(most)},
                                std::forward<Token>(token));
    }

    /// Ends every pending operation with operation_aborted, as a terminal cancellation would: a
    /// client whose async_shutdown is pending is closed at once. Mappings are kept.
    ///
    /// @throws std::bad_alloc The operations have ended all the same.
    void cancel()
    {
        if (const auto state = state_)
            state->cancel_all();
    }

    /// Tells that the network changed, for applications that know it better than the host: looks
    /// for the gateway again, and tries again at once what failed.
    void network_changed()
    {
        if (const auto state = state_)
            state->network_changed();
    }

    /// The mappings that are up now, by protocol and port.
    [[nodiscard]] std::vector<mapping> mappings() const
    {
        return state_ ? state_->mappings() : std::vector<mapping>{};
    }

    /// One of mappings(), as it is now: after a renewal its external port, its external address and
    /// its lifetime may be others than async_map_port told. Takes no memory.
    ///
    /// @param protocol UDP or TCP.
    /// @param internal_port As asked for, any integer type; 0 for a port that the gateway assigned.
    /// @return Empty if that mapping is not up now, or this client does not keep it.
    [[nodiscard]] std::optional<mapping> mapping_of(natpmp::protocol protocol,
                                                    port_number internal_port) const noexcept
    {
        if (!state_ || !internal_port.valid())
            return std::nullopt;
        return state_->mapping_of({protocol, internal_port.value()});
    }

    /// Counters, the gateway, the external address, and what comes next.
    [[nodiscard]] natpmp::status status() const
    {
        return state_ ? state_->status() : natpmp::status{};
    }

    /// Sets the function to call with every `const event&`, and with every `const datagram&` that
    /// is sent, received or ignored if it can be called so. It takes the place of the one that was
    /// set before. It is called on the client's executor, after the actions are done; it may call
    /// anything, also destroy the client, and must not throw. It may be move-only. A null pointer
    /// and an empty std::function take it away.
    ///
    /// @throws std::bad_alloc The function of before stays.
    template <class Function>
    void set_observer(Function function)
    {
        if (!state_)
            return;
        // A lambda is never empty, though it may convert to a pointer.
        if constexpr (std::is_pointer_v<Function> || requires { function.operator bool(); })
            if (!function)
                return set_observer(nullptr);
        const auto shared = std::make_shared<Function>(std::move(function));
        auto functions = std::make_shared<detail::observer>();
        functions->on_event = [shared](const event& happened) { (*shared)(happened); };
        if constexpr (std::is_invocable_v<Function&, const datagram&>)
            functions->on_datagram = [shared](const datagram& seen) { (*shared)(seen); };
        state_->set_observer(std::move(functions));
    }

    /// Takes the function away.
    void set_observer(std::nullptr_t)
    {
        if (state_)
            state_->set_observer(nullptr);
    }

private:
    friend class scoped_mapping;
    template <class>
    friend class basic_client;

    basic_client(const Executor& executor, std::shared_ptr<detail::client_base> state)
        : executor_(executor), state_(std::move(state))
    {
        // A service that is made while its context goes down is not told so.
        detail::operation_service::of(executor_);
    }

    void close() noexcept
    {
        if (const auto state = std::exchange(state_, nullptr))
            state->close();
    }

    Executor executor_; // a client that was moved from still has one
    std::shared_ptr<detail::client_base> state_;
};

/// The client for most programs.
using client = basic_client<>;

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_CLIENT_HPP
