// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The engine: everything the client decides, without I/O and without a clock. One engine is one
/// conversation: with one gateway, from one local address, one request at a time.

#ifndef NATPMP_DETAIL_CORE_ENGINE_HPP
#define NATPMP_DETAIL_CORE_ENGINE_HPP

#include <natpmp/detail/core/event_reporter.hpp>
#include <natpmp/detail/core/operation.hpp>
#include <natpmp/detail/core/wire.hpp>
#include <natpmp/options.hpp>

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <span>
#include <variant>

namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail {

enum class request_kind : std::uint8_t
{
    clean_up,
    map,
    remove, ///< the delete of a mapping that nobody wants
    address
};

/// The one request in flight (RFC 6886, section 3.1: no concurrent requests).
struct outstanding_request
{
    request_kind kind = request_kind::address;
    detail::priority priority = priority::background;
    mapping_record* entry = nullptr; ///< null for an address request
    packet bytes{};
    retransmission transmissions{};

    // Of a map request, what the application asks for; a grant makes it the mapping's.
    std::uint16_t suggested_port = 0;
    std::uint32_t lifetime = 0; ///< in seconds

    time_point first_sent{};   ///< set by the first transmission
    time_point granted_from{}; ///< the last transmission before the answer arrived

    /// How long the mapping existed without this request, which may be refused: then nothing is
    /// left to delete.
    time_point existed_until = long_ago;

    bool was_leased = false;         ///< it began while the mapping was up
    time_point next_renewal = never; ///< of a renewal, the next one if this fails

    /// It waits for its answer a second longer and is not sent again: something more urgent waits,
    /// or nobody waits for the answer any more.
    bool yielding = false;

    /// A delete was answered since it began. The gateway may have taken the delete last, so the
    /// mapping is renewed at once.
    bool delete_answered_meanwhile = false;

    /// A success without port and lifetime came that no delete explains. If nothing else comes, the
    /// gateway answers map requests so, and the outcome is errc::invalid_grant.
    bool only_empty_answers = false;
};

/// The last failure, until the same succeeds (status::last_error).
struct last_failure
{
    enum subject : std::uint8_t
    {
        look_up,
        sending,
        address,
        mapping
    };

    /// Takes an outcome: no error is a success.
    void set(subject what, error_code why, mapping_key key = {}) noexcept
    {
        if (why || (what == failed && key == failed_key)) {
            failed = what;
            failed_key = key;
            error = why;
        }
    }

    error_code error{};
    subject failed = look_up;
    mapping_key failed_key{}; ///< of a mapping
};

// What the engine tells its host to do next.

struct send_datagram
{
    bytes_view bytes; ///< valid until the next call of next()
    bool first;       ///< of its request, or since that began anew (retransmission::restart())
};

/// Look up the route, open a socket, and call on_gateway() or on_no_gateway().
struct find_gateway
{};

struct complete_operation
{
    operation* what;
};

/// Tell the application, after the turn.
struct report_events
{
    std::span<const event> events; ///< valid until the next call of next()
};

/// Have the next turn then; at once if that is past.
struct sleep_until
{
    time_point at;
};

/// Nothing is left to do: close everything until the application asks for something.
struct rest
{};

using action =
    std::variant<send_datagram, find_gateway, complete_operation, report_events, sleep_until, rest>;

/// What the application asks and what arrives goes in, actions come out of next(). The time is
/// passed in and never goes back. Not thread-safe.
///
/// Operations wait, mappings act: an operation says what it wants of a mapping and waits for it;
/// only mappings, and the external address, begin requests. A mapping changes its phase in enter()
/// and its next time in reschedule(), and nowhere else.
class engine
{
public:
    engine(const client_options& options, std::uint32_t seed) : options_(options), gateway_(seed)
    {}
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;

    // What the application asks. None of it sends anything: that is up to the next turn.

    void start(operation& op, time_point now);
    void cancel(operation& op, bool total_only, error_code why, time_point now);
    void cancel_all(error_code why, time_point now);
    void withdraw(operation& op);
    void unmap_quietly(mapping_key key, time_point now);
    void network_changed(time_point now);
    void close(time_point now);

    // What happens.

    void on_gateway(const gateway& found, time_point now);
    void on_no_gateway(error_code why, time_point now);
    ignore_reason receive(bytes_view bytes, const arrival_span& arrived);
    ignore_reason announcement(const net::ip::address& source, bytes_view bytes,
                               const arrival_span& arrived);
    void refused(time_point now);
    void not_sent(error_code why) noexcept;

    // What to do: see turn.hpp.

    void begin_turn();
    [[nodiscard]] action next(time_point now);

    // What to tell.

    [[nodiscard]] operation* find(std::uint64_t number) const noexcept;
    [[nodiscard]] natpmp::status status(time_point now);

    /// The host's routes or addresses changed.
    void host_changed(time_point now) noexcept
    {
        gateway_.host_changed(now);
    }

    [[nodiscard]] bool has_gateway() const noexcept
    {
        return gateway_.connected;
    }

    [[nodiscard]] bool in_flight() const noexcept
    {
        return request_.has_value();
    }

    [[nodiscard]] bool closed() const noexcept
    {
        return closed_;
    }

    natpmp::status counters{};
    event_reporter events{records_, gateway_, address_};

    /// Told of every transition of every engine, where a test sets it.
    static inline const transition_recorder* recorder = nullptr;

private:
    // engine_mappings.hpp
    void enter(mapping_record& entry, cause why, phase to, time_point planned, time_point now);
    void reschedule(mapping_record& entry, time_point planned, time_point now);
    void want(mapping_record& entry, time_point now);
    void settle_unwanted(mapping_record& entry, cause why, time_point now);
    void end_mapping(mapping_record& entry, cause why, time_point now);
    void forget_mapping(mapping_record& entry, cause why, time_point now);
    void on_lease_end(mapping_record& entry, cause why, error_code error, time_point now);
    void abandon_request(const mapping_record& entry, time_point now);

    [[nodiscard]] bool requested_for(const mapping_record& entry) const noexcept
    {
        return request_ && request_->entry == &entry;
    }

    // engine_operations.hpp
    [[nodiscard]] error_code refusal(const operation& op, time_point now);
    void progress(operation& op, time_point now);
    void fail(operation& op, error_code why, time_point now);
    void plan_retry(mapping_record& entry, error_code why, time_point now);
    void fail_waiting(error_code why, time_point now);
    void fail_unmaps(error_code why, time_point now);
    void finish(operation& op, error_code why) noexcept;
    void complete(operation& op, error_code why, time_point now);
    void leave(operation& op, std::uint8_t part, error_code why, time_point now);
    void stop_keeping(mapping_record& entry, std::uint64_t before, time_point now);

    // engine_shutdown.hpp
    void begin_shutdown(operation& op, time_point now);
    void shutdown_delete_ended(mapping_record& entry, error_code why, time_point now);
    void finish_shutdown(error_code why, time_point now);

    // engine_gateway.hpp
    void recover(time_point now);
    void retry_failed(time_point now);
    void change_gateway(bool first, time_point now);
    void disconnect(error_code why, time_point now);

    // engine_responses.hpp
    ignore_reason match(const response& answer, const arrival_span& arrived);
    ignore_reason match_map_answer(const response& answer, const arrival_span& arrived);
    void take_late(const response& answer, const arrival_span& arrived);
    void conclude(error_code why, const response* answer, time_point now);
    void map_granted(const outstanding_request& done, const response& answer, time_point now);
    void map_failed(const outstanding_request& done, error_code why, time_point now);
    void plan_after_failure(mapping_record& entry, const outstanding_request& done, error_code why,
                            time_point now);
    void delete_ended(const outstanding_request& done, error_code why, time_point now);
    void address_ended(const outstanding_request& done, error_code why, time_point now);

    // engine_requests.hpp
    void serve_reader();
    void act_by_time(time_point now);
    void act_on_mappings(time_point now);
    void make_ready(mapping_record& entry);
    [[nodiscard]] ready_key address_key(time_point now) const noexcept;
    bool begin_request(time_point now);
    void begin_map(mapping_record& entry, priority urgency, time_point now);
    void begin_delete(mapping_record& entry, priority urgency, time_point now);
    void yield_to_urgent(time_point now);
    void tell_no_response(time_point now);
    send_datagram transmit(time_point now);
    template <class Function> void for_each_asked(Function function);
    [[nodiscard]] time_point look_up_time() const noexcept;
    [[nodiscard]] time_point next_time() const noexcept;

    client_options options_;
    time_point now_ = long_ago; ///< of the last next()

    // What is known, and what is asked.
    mapping_table records_;
    std::optional<outstanding_request> request_; ///< set by begin_request(), reset by conclude()
    gateway_status gateway_;
    external_address address_;

    // The operations. finish() moves them from the first list to the second, begin_turn() from
    // there to the third, and next() hands them out.
    std::list<operation*> pending_; ///< by initiation
    std::list<operation*> finished_;
    std::list<operation*> completing_;
    std::multimap<time_point, operation*> deadlines_; ///< of pending operations that have one

    /// Pending operations that wait for the external address: with none, no search is needed.
    std::size_t awaiting_address_ = 0;

    operation* reader_ = nullptr; ///< the pending async_wait_event; null if there is none

    last_failure last_failure_;

    // The shutdown. Set by begin_shutdown() and finish_shutdown(), and never cleared.
    bool closed_ = false;                 ///< nothing is sent any more
    std::optional<time_point> closes_at_; ///< its limit, once it began: then only deletes are sent
    error_code shutdown_error_{};         ///< its outcome

    /// How long the gateway may hold what was given up without a confirmed delete, so that a
    /// shutdown before that is incomplete. Cleared at another gateway.
    time_point left_behind_until_ = long_ago;
};

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

#endif // NATPMP_DETAIL_CORE_ENGINE_HPP
