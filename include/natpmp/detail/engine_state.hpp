// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// The engine's interface and data: everything the client decides, without I/O and without a clock.

#ifndef NATPMP_DETAIL_ENGINE_STATE_HPP
#define NATPMP_DETAIL_ENGINE_STATE_HPP

#include <natpmp/detail/epoch.hpp>
#include <natpmp/detail/flight.hpp>
#include <natpmp/detail/lease.hpp>
#include <natpmp/detail/mapping_table.hpp>
#include <natpmp/detail/wire.hpp>
#include <natpmp/options.hpp>

#include <optional>
#include <set>
#include <vector>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

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
    void give_up(mapping_key key, time_point now);

    // The world.
    [[nodiscard]] bool wants_gateway(time_point now) const noexcept;
    [[nodiscard]] bool wants_recheck(time_point now) const noexcept;
    [[nodiscard]] bool take_recheck(time_point now);
    void attach(const gateway& found, time_point now);
    void detach(error_code why, time_point now);
    void suspend();

    // What arrives.
    ignore_reason receive(bytes_view bytes, const arrival_span& arrived);
    ignore_reason announcement(const net::ip::address& source, bytes_view bytes,
                               const arrival_span& arrived);
    void refused(time_point now);
    void announcements_unavailable(error_code why);

    // What to do.
    [[nodiscard]] bool holds_verdict(time_point now) const noexcept
    {
        return now < verdict_until_;
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
    std::vector<event>& hooked() noexcept;
    void hook_events(bool on) noexcept;
    [[nodiscard]] std::vector<mapping> mappings();
    [[nodiscard]] natpmp::status status(time_point now) const;

    /// Whether there is anything to do, now or later.
    [[nodiscard]] bool active() const noexcept
    {
        return !closed_ && (operations_ > 0 || kept_ > 0 || !removals_.empty() ||
                            !lingering_.empty() || !leavers_.empty() || reader_ ||
                            (flight_ && flight_->entry && flight_->what != request_kind::clean_up));
    }

    [[nodiscard]] bool attached() const noexcept
    {
        return attached_;
    }

    /// Whether there was another gateway too often lately, so that it is not asked for yet.
    [[nodiscard]] bool limited(time_point now) const noexcept
    {
        return !attached_ && now < attach_not_before_;
    }

    /// Whether a request waits for its answer.
    [[nodiscard]] bool in_flight() const noexcept
    {
        return flight_.has_value();
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
    void judge_gateway(error_code why, time_point now);
    void fail_queued(error_code why, time_point now);
    void move_to(operation& what, operation_stage stage) noexcept;
    void unlink(operation& what) noexcept;
    void finish(operation& what, error_code why, time_point now);

    // engine_wishes.hpp
    void unwish(mapping_record& entry, time_point now);
    void forget(mapping_record& entry, time_point now);
    void fail_unmaps(error_code why, time_point now);
    void abort_maps_of(mapping_key key, time_point now);
    void bequeath(mapping_record& entry) noexcept;
    void park(operation& what, error_code why, time_point now);
    void renew_soon(mapping_record& entry, error_code why, time_point now);
    [[nodiscard]] bool concerns_assigned(const response& answer, mapping_key asked) noexcept;
    void hurry_if_awaited(mapping_record& entry, time_point now) const;
    void unpark(mapping_record& entry, bool was_live, time_point now);
    void set_wanted(mapping_record& entry, bool wanted) noexcept;
    bool close_gate(error_code why, time_point now);
    void postpone(mapping_record& entry, error_code why, time_point now);

    // engine_schedule.hpp
    void expire(time_point now);
    [[nodiscard]] time_point overdue_at() const noexcept;
    [[nodiscard]] rank waiting(time_point now) const noexcept;
    void give_way(time_point now);
    void orphan(time_point now);
    const packet* transmit(time_point now);

    // engine_requests.hpp
    bool begin_next(time_point now);
    bool begin_removal(time_point now);
    bool begin_operation(time_point now);
    bool begin_stage(operation& what, time_point now);
    bool defer_create(mapping_record& entry, time_point now);
    bool begin_renewal(time_point now);
    bool begin_background(time_point now);
    [[nodiscard]] bool clean_up_due(const mapping_record& entry) const noexcept;
    [[nodiscard]] bool clean_up_awaited(const mapping_record& entry) const noexcept;
    void begin_create(mapping_record& entry, operation* owner, std::uint16_t port,
                      std::uint32_t lifetime, rank urgency, burst transmissions);
    void begin_remove(mapping_record& entry, operation* owner, request_kind what,
                      burst transmissions);
    void begin_address(operation* owner, burst transmissions);

    // engine_answers.hpp
    ignore_reason judge(const response& answer, const arrival_span& arrived);
    ignore_reason judge_delete_answer(mapping_record& entry) noexcept;
    ignore_reason judge_late(const response& answer, const arrival_span& arrived);
    void accept(const response& answer, const arrival_span& arrived);

    // engine_outcomes.hpp
    void conclude(error_code why, const response* answer, time_point now);
    void conclude_clean_up(mapping_record& entry, time_point now);
    [[nodiscard]] static time_point next_renewal(const flight& done) noexcept;
    void conclude_create(const flight& done, error_code why, time_point now);
    void create_failed(mapping_record& entry, const flight& done, error_code why, time_point now);
    void grant(mapping_record& entry, const flight& done, const response& answer, time_point now);
    void conclude_remove(const flight& done, error_code why, time_point now);
    void conclude_address(const flight& done, error_code why, time_point now);
    void set_address(const net::ip::address_v4& address, error_code why, time_point now);
    [[nodiscard]] bool address_fresh(time_point now) const noexcept;

    // engine_keeping.hpp
    void set_live(mapping_record& entry, bool live) noexcept;
    void unplace(mapping_record& entry) noexcept;
    void place(mapping_record& entry);
    void release(mapping_record& entry, time_point now);
    void retire(mapping_record& entry, time_point now);
    void drop(mapping_record& entry);
    void lose(mapping_record& entry, error_code why, time_point now);

    // engine_world.hpp
    void state_lost(time_point now);
    void doubt_state(time_point now);
    void plan_recovery(bool asks_only, time_point now);
    [[nodiscard]] duration random_delay(duration most) noexcept;
    void recover(time_point now);
    void hint(time_point now);
    void take_hint(time_point now);
    void hint_by_rumour(bool ask_address, time_point now);
    void drop_flight(time_point now);
    [[nodiscard]] bool may_attach(const gateway& found, time_point now) noexcept;
    void change_gateway(const gateway& found, time_point now);
    void leave_gateway(mapping_record& entry, time_point now);

    // engine_shutdown.hpp
    void begin_shutdown(operation& what, time_point now);
    bool begin_farewell(time_point now);
    void conclude_farewell(mapping_record& entry, error_code why, time_point now);
    void finish_shutdown(error_code why, time_point now);

    // engine_news.hpp
    void note(mapping_record& entry);
    void tell(event_kind kind, mapping_record& entry);
    void tell_unmapped(mapping_record& entry);
    void tell_client(event_kind kind, error_code why);
    void tell_hook(const event& news);
    [[nodiscard]] mapping mapping_of(const mapping_record& entry) const noexcept;
    [[nodiscard]] event event_of(event_kind kind, const mapping_record& entry) const noexcept;
    [[nodiscard]] std::optional<event_kind> news_of(const mapping_record& entry) const noexcept;
    [[nodiscard]] std::optional<event> take_client_event() noexcept;
    static void mark_read(mapping_record& entry) noexcept;

    client_options options_;
    std::uint32_t random_; ///< the state of a generator; chance here only spreads requests in time
    time_point now_ = long_ago; ///< of the last advance()

    mapping_table records_;
    due_schedule renewals_;  ///< wanted and live
    due_schedule retries_;   ///< wanted and not live
    due_schedule removals_;  ///< to be deleted
    due_schedule lingering_; ///< deleted, a late grant is possible
    expiry_schedule expiries_;
    news_schedule news_;
    std::size_t kept_ = 0, up_ = 0;
    std::set<mapping_key> cleaned_; ///< outlives the records: a clean-up is sent once for each key

    operation_order order_;      ///< all but waiters and shutdowns
    operation_queue user_queue_; ///< map and address operations
    operation_queue unmap_queue_;
    operation_queue parked_;
    operation_queue finished_;
    operation_queue leavers_; ///< shutdowns
    operation* reader_ = nullptr;
    std::size_t operations_ = 0;

    std::optional<flight> flight_;
    bool attached_ = false;
    bool recheck_ = false;                 ///< whether the gateway may be another one
    std::optional<time_point> settled_at_; ///< when the host's changes are looked at
    std::optional<gateway> gateway_;       ///< the last one, also while detached
    time_point attach_at_ = long_ago;
    time_point attach_not_before_ = long_ago; ///< set when changes_ is used up
    unsigned attach_failures_ = 0;
    token_bucket changes_{10, 30s}; ///< of the gateway, and its returns

    error_code verdict_{}; ///< "no NAT-PMP here" (T-6)
    time_point verdict_until_ = long_ago;
    time_point gate_ = long_ago; ///< of background requests to a silent gateway
    unsigned silences_ = 0;

    epoch_tracker epoch_;
    std::uint32_t generation_ = 0;
    std::optional<time_point> recovery_at_;
    bool recovery_asks_ = false;        ///< whether it only asks for the address
    time_point quiet_until_ = long_ago; ///< what a loss of state hurries waits so long (R-1)
    token_bucket recoveries_{3, 5min};
    token_bucket hints_{3, 5min};
    std::optional<time_point> hint_at_; ///< when the next hint of a packet counts
    bool hint_asks_ = false;            ///< whether it is one to ask for the address

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
    error_code farewell_error_{};
    time_point left_until_ = long_ago; ///< what was given up without a gateway may last so long

    bool hook_on_ = false;
    std::vector<event> hooked_;
    std::uint32_t next_news_ = 0;
    bool gateway_news_ = false, deaf_news_ = false, told_any_ = false;
    error_code deaf_error_{};
    std::optional<net::ip::address_v4> reported_address_;
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ENGINE_STATE_HPP
