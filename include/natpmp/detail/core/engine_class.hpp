// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The engine's interface and data: everything the client decides, without I/O and without a clock.

#ifndef NATPMP_DETAIL_CORE_ENGINE_CLASS_HPP
#define NATPMP_DETAIL_CORE_ENGINE_CLASS_HPP

#include <natpmp/detail/core/lease.hpp>
#include <natpmp/detail/core/mapping_table.hpp>
#include <natpmp/detail/core/operation.hpp>
#include <natpmp/detail/core/retransmission.hpp>
#include <natpmp/detail/core/wire.hpp>
#include <natpmp/options.hpp>

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// How urgent a request is; first come, first served within each.
enum class priority : std::uint8_t
{
    deletion,
    overdue, ///< a renewal that has waited for half of what was left of its lease
    operation,
    renewal,
    background,
    nothing
};

enum class request_kind : std::uint8_t
{
    clean_up,
    create,
    remove,
    address
};

/// The one request in flight (RFC 6886, section 3.1: no concurrent requests).
struct outstanding_request
{
    request_kind what = request_kind::address;
    detail::priority priority = priority::background;
    operation* owner = nullptr;      ///< null for the engine's own requests
    mapping_record* entry = nullptr; ///< null for an address request
    packet bytes{};
    std::uint32_t lifetime = 0; ///< as asked
    retransmission transmissions{};
    time_point first_sent{};
    time_point granted_from{};       ///< the last transmission before the answer arrived
    time_point next_attempt = never; ///< of a renewal that fails
    bool might_exist = false;        ///< whether the gateway may have had the mapping before
    bool was_leased = false;         ///< whether the mapping was up before
    bool abandoned = false;          ///< its operation is gone; the answer may still matter
    bool yielding = false;           ///< something more urgent waits
    bool delete_answered_meanwhile =
        false;                       ///< a delete was answered meanwhile; it may have come last
    bool only_empty_answers = false; ///< a success without port and lifetime came, of no delete
};

/// Datagrams, ticks and commands in, datagrams and completions out; the time is passed in.
class engine
{
public:
    engine(const client_options& options, std::uint32_t seed) : options_(options), random_(seed)
    {}
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;

    // Commands.
    void start(operation& what, time_point now);
    void cancel(operation& what, bool total_only, error_code why, time_point now);
    void cancel_all(time_point now);
    void withdraw(operation& what);
    void close(time_point now);
    void network_changed(time_point now);
    void host_changed(time_point now);
    void unmap_quietly(mapping_key key, time_point now);

    // The gateway, and the host.
    [[nodiscard]] bool wants_gateway(time_point now) const noexcept;
    [[nodiscard]] bool wants_recheck(time_point now) const noexcept;
    [[nodiscard]] bool take_recheck(time_point now);
    void on_gateway(const gateway& found, time_point now);
    void on_no_gateway(error_code why, time_point now);
    void on_idle();

    // What arrives.
    ignore_reason receive(bytes_view bytes, const arrival_span& arrived);
    ignore_reason announcement(const net::ip::address& source, bytes_view bytes,
                               const arrival_span& arrived);
    void refused(time_point now);
    void announcements_unavailable(error_code why);

    // What to do.
    [[nodiscard]] bool holds_gateway_error(time_point now) const noexcept
    {
        return now < gateway_error_until_;
    }

    [[nodiscard]] const packet* advance(time_point now);
    [[nodiscard]] time_point deadline() const noexcept;
    [[nodiscard]] bool first_transmission() const noexcept;
    void not_sent(error_code why) noexcept;
    operation* take_finished() noexcept;
    [[nodiscard]] std::size_t finished_count();
    [[nodiscard]] operation* find(std::uint64_t number) const noexcept;

    // What to tell.
    void serve_reader();
    [[nodiscard]] std::optional<event> take_event();
    std::vector<event>& collected_events() noexcept;
    void collect_events(bool on) noexcept;
    [[nodiscard]] std::vector<mapping> mappings();
    [[nodiscard]] natpmp::status status(time_point now) const;

    /// Whether there is anything to do, now or later.
    [[nodiscard]] bool active() const noexcept
    {
        return !closed_ &&
               (operations_ > 0 || kept_ > 0 || !deletes_.empty() || !guarded_.empty() ||
                !shutdown_waiters_.empty() || reader_ ||
                (request_ && request_->entry && request_->what != request_kind::clean_up));
    }

    [[nodiscard]] bool has_gateway() const noexcept
    {
        return has_gateway_;
    }

    /// Whether there was another gateway too often lately, so that it is not asked for yet.
    [[nodiscard]] bool limited(time_point now) const noexcept
    {
        return !has_gateway_ && now < gateway_not_before_;
    }

    /// Whether a request waits for its answer.
    [[nodiscard]] bool in_flight() const noexcept
    {
        return request_.has_value();
    }

    [[nodiscard]] bool closed() const noexcept
    {
        return closed_;
    }

    natpmp::status counters{};

private:
    // engine_operations.hpp
    [[nodiscard]] error_code refusal(const operation& what, time_point now) const;
    void acquire_all(operation& what);
    mapping_record& acquire(mapping_key key);
    operation_queue& queue_of(const operation& what) noexcept;
    void progress(operation& what, time_point now);
    void fail(operation& what, error_code why, time_point now);
    void fail_at_gateway(error_code why, time_point now);
    void fail_queued(error_code why, time_point now);
    void move_to(operation& what, operation_stage stage) noexcept;
    void unlink(operation& what) noexcept;
    void finish(operation& what, error_code why, time_point now);

    // engine_operations.hpp: which mappings are kept
    void stop_keeping(mapping_record& entry, time_point now);
    void unmap_record(mapping_record& entry, time_point now);
    void fail_unmaps(error_code why, time_point now);
    void abort_maps_of(mapping_key key, time_point now);
    void pass_claim_on(mapping_record& entry) noexcept;
    void wait_for_background(operation& what, error_code why, time_point now);
    void schedule_retry(mapping_record& entry, error_code why, time_point now);
    [[nodiscard]] bool concerns_assigned(const response& answer, mapping_key asked) noexcept;
    void retry_sooner_if_awaited(mapping_record& entry, time_point now) const;
    void complete_waiting(mapping_record& entry, bool was_leased, time_point now);
    void set_kept(mapping_record& entry, bool kept) noexcept;
    bool pause_background(error_code why, time_point now);
    void schedule_background(mapping_record& entry, error_code why, time_point now);

    // engine_requests.hpp: by time
    void expire(time_point now);
    [[nodiscard]] time_point overdue_at() const noexcept;
    [[nodiscard]] priority waiting(time_point now) const noexcept;
    void yield_to_urgent(time_point now);
    void abandon_request(time_point now);
    const packet* transmit(time_point now);

    // engine_requests.hpp
    bool begin_next(time_point now);
    bool begin_delete(time_point now);
    bool begin_operation(time_point now);
    bool begin_stage(operation& what, time_point now);
    bool defer_create(mapping_record& entry, time_point now);
    bool begin_renewal(time_point now);
    bool begin_background(time_point now);
    [[nodiscard]] bool clean_up_due(const mapping_record& entry) const noexcept;
    [[nodiscard]] bool clean_up_awaited(const mapping_record& entry) const noexcept;
    void begin_create(mapping_record& entry, operation* owner, std::uint16_t port,
                      std::uint32_t lifetime, priority urgency, retransmission transmissions);
    void begin_delete_request(mapping_record& entry, operation* owner, request_kind what,
                              retransmission transmissions);
    void begin_address(operation* owner, retransmission transmissions);

    // engine_responses.hpp
    ignore_reason judge(const response& answer, const arrival_span& arrived);
    ignore_reason judge_delete_answer(mapping_record& entry) noexcept;
    ignore_reason judge_late(const response& answer, const arrival_span& arrived);
    void accept(const response& answer, const arrival_span& arrived);

    // engine_responses.hpp: what follows
    void conclude(error_code why, const response* answer, time_point now);
    void conclude_clean_up(mapping_record& entry, time_point now);
    [[nodiscard]] static time_point next_renewal(const outstanding_request& done) noexcept;
    void conclude_create(const outstanding_request& done, error_code why, time_point now);
    void create_failed(mapping_record& entry, const outstanding_request& done, error_code why,
                       time_point now);
    void grant(mapping_record& entry, const outstanding_request& done, const response& answer,
               time_point now);
    void conclude_remove(const outstanding_request& done, error_code why, time_point now);
    void conclude_address(const outstanding_request& done, error_code why, time_point now);
    void set_address(const net::ip::address_v4& address, error_code why, time_point now);
    [[nodiscard]] bool address_fresh(time_point now) const noexcept;

    // engine_mappings.hpp
    void set_leased(mapping_record& entry, bool leased) noexcept;
    void unplace(mapping_record& entry) noexcept;
    void place(mapping_record& entry);
    void delete_if_unwanted(mapping_record& entry, time_point now);
    void end_mapping(mapping_record& entry, time_point now);
    void erase_when_read(mapping_record& entry);
    void on_lease_end(mapping_record& entry, error_code why, time_point now);

    // engine_gateway.hpp
    void on_gateway_reset(time_point now);
    void on_doubtful_epoch(time_point now);
    void plan_recovery(bool asks_only, time_point now);
    [[nodiscard]] duration random_delay(duration most) noexcept;
    void recover(time_point now);
    void retry_failed_now(time_point now);
    void limited_retry(time_point now);
    void request_limited_retry(bool ask_address, time_point now);
    void drop_request(time_point now);
    [[nodiscard]] bool may_use_gateway(const gateway& found, time_point now) noexcept;
    void change_gateway(const gateway& found, time_point now);
    void leave_gateway(mapping_record& entry, time_point now);

    // engine_shutdown.hpp
    void begin_shutdown(operation& what, time_point now);
    bool begin_shutdown_delete(time_point now);
    void conclude_shutdown_delete(mapping_record& entry, error_code why, time_point now);
    void finish_shutdown(error_code why, time_point now);

    // engine_events.hpp
    void mark_unread(mapping_record& entry);
    void report(event_kind kind, mapping_record& entry);
    void report_unmapped(mapping_record& entry);
    void report_client(event_kind kind, error_code why);
    void report_to_callback(const event& happened);
    [[nodiscard]] mapping mapping_of(const mapping_record& entry) const noexcept;
    [[nodiscard]] event event_of(event_kind kind, const mapping_record& entry) const noexcept;
    [[nodiscard]] std::optional<event_kind> unread_kind(const mapping_record& entry) const noexcept;
    [[nodiscard]] std::optional<event> take_client_event();
    static void mark_read(mapping_record& entry) noexcept;

    client_options options_;
    std::uint32_t random_; ///< the state of a generator; chance here only spreads requests in time
    time_point now_ = long_ago; ///< of the last advance()

    mapping_table records_;
    due_schedule renewals_; ///< wanted and live
    due_schedule retries_;  ///< wanted and not live
    due_schedule deletes_;  ///< to be deleted
    due_schedule guarded_;  ///< deleted, a late grant is possible
    expiry_schedule expiries_;
    unread_schedule unread_;
    std::size_t kept_ = 0, up_ = 0;
    std::set<mapping_key> cleaned_; ///< outlives the records: a clean-up is sent once for each key

    operation_order order_;      ///< all but waiters and shutdowns
    operation_queue user_queue_; ///< map and address operations
    operation_queue unmap_queue_;
    operation_queue waiting_;
    operation_queue finished_;
    operation_queue shutdown_waiters_; ///< shutdowns
    operation* reader_ = nullptr;
    std::size_t operations_ = 0;

    std::optional<outstanding_request> request_;
    bool has_gateway_ = false;
    bool recheck_ = false;                       ///< whether the gateway may be another one
    std::optional<time_point> recheck_route_at_; ///< when the host's changes are looked at
    std::optional<gateway> gateway_;             ///< the last one, also while detached
    time_point look_up_at_ = long_ago;
    time_point gateway_not_before_ = long_ago; ///< set when gateway_changes_ is used up
    unsigned look_up_failures_ = 0;
    token_bucket gateway_changes_{10, 30s}; ///< of the gateway, and its returns

    error_code
        gateway_error_{}; ///< that the gateway has no NAT-PMP, kept for a while (section 3.1)
    time_point gateway_error_until_ = long_ago;
    time_point background_not_before_ = long_ago; ///< of background requests to a silent gateway
    unsigned silent_attempts_ = 0;

    epoch_tracker epoch_;
    std::uint32_t generation_ = 0;
    std::optional<time_point> recovery_at_;
    bool recovery_asks_ = false;                 ///< whether it only asks for the address
    time_point recovery_delay_until_ = long_ago; ///< no earlier after a loss of state (section 3.7)
    token_bucket recoveries_{3, 5min};
    token_bucket retry_limit_{3, 5min};
    std::optional<time_point>
        limited_retry_at_; ///< when failed requests are tried again, for a notice or a packet
    bool retry_asks_address_ = false; ///< whether it is one to ask for the address

    struct
    {
        net::ip::address_v4 value{};
        error_code error{}; ///< why it is not known
        time_point asked_at = long_ago;
        time_point due = never;
        std::uint32_t generation = 0;
        unsigned failures = 0;
    } address_;

    bool closing_ = false, closed_ = false;
    time_point close_at_ = never;
    error_code shutdown_error_{};
    time_point unreachable_leases_until_ =
        long_ago; ///< what was given up without a gateway may last so long

    bool collects_ = false;
    std::vector<event> collected_;
    std::uint32_t next_unread_ = 0;
    bool gateway_change_unread_ = false, announcements_error_unread_ = false, reported_any_ = false;
    error_code announcements_error_{};
    std::optional<net::ip::address_v4> reported_address_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CORE_ENGINE_CLASS_HPP
