// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What is known of the gateway: whether there is one, whether it answers, whether it kept its
/// state, and its external address.

#ifndef NATPMP_DETAIL_CORE_GATEWAY_STATUS_HPP
#define NATPMP_DETAIL_CORE_GATEWAY_STATUS_HPP

#include <natpmp/detail/core/lease.hpp>
#include <natpmp/error.hpp>
#include <natpmp/options.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail {

/// After how long without an answer the application is told.
constexpr duration no_response_time = 4s;

/// Whether a gateway that answers so has no NAT-PMP at all, or not now (RFC 6886, section 3.1).
inline bool is_gateway_error(const error_code& why) noexcept
{
    return why == errc::gateway_silent || why == errc::not_supported ||
           why == result_code::unsupported_version;
}

/// The external address, as far as the gateway tells it (RFC 6886, section 3.2).
struct external_address
{
    net::ip::address_v4 value{};
    error_code error{};            ///< why it is not known
    time_point told_at = long_ago; ///< when the gateway last told it
    time_point due = never;        ///< when it is asked for, though no operation waits for it
    std::uint32_t generation = 0;
    unsigned failures = 0;

    /// Takes what the gateway told; returns whether that is another address.
    bool set(std::uint32_t told, error_code why, std::uint32_t of_generation, time_point now)
    {
        const net::ip::address_v4 before = std::exchange(value, net::ip::address_v4{told});
        error = why;
        if (told != 0) {
            told_at = now;
            generation = of_generation;
        }
        return before != value;
    }

    /// Whether it is good enough for a new mapping: younger than 15 minutes, and of this state.
    [[nodiscard]] bool fresh(std::uint32_t of_generation, time_point now) const noexcept
    {
        return generation == of_generation && !value.is_unspecified() && now - told_at < 15min;
    }
};

/// How much of something that was planned is due.
enum class due_part : std::uint8_t
{
    none,
    lesser, ///< what settles a doubt
    whole
};

/// Something that is planned once, however often it is asked for, and that happens three times in a
/// row and then once in five minutes.
class limited_plan
{
public:
    /// @param whole Whether all of it is wanted, rather than the lesser form.
    /// @param earliest No sooner than then.
    void request(bool whole, time_point earliest) noexcept
    {
        whole_ = whole_ || whole;
        if (at == never)
            at = std::max(earliest, limit_.next());
    }

    /// What of it is due. Then it is planned no more.
    due_part take(time_point now) noexcept
    {
        if (at > now)
            return due_part::none;
        at = never;
        limit_.take(now);
        return std::exchange(whole_, false) ? due_part::whole : due_part::lesser;
    }

    void cancel() noexcept
    {
        at = never;
        whole_ = false;
    }

    time_point at = never; ///< when it is due; never if it is not planned

private:
    bool whole_ = false;
    token_bucket limit_{3, 5min};
};

/// What found() makes of a gateway.
enum class gateway_change : std::uint8_t
{
    none,
    first,
    other,    ///< another gateway or another local address
    back,     ///< the same, after there was none
    too_often ///< it is not used yet
};

/// The gateway, apart from what it granted.
class gateway_status
{
public:
    explicit gateway_status(std::uint32_t seed) noexcept : random_(seed)
    {}

    // Whether there is one.

    std::optional<gateway> last; ///< the last one, also while there is none

    /// There is a socket that leads to it. Set by found(), cleared by engine::disconnect() and at
    /// the end of a shutdown.
    bool connected = false;

    /// A gateway was found. Ten changes in a row count, then one in 30 s: the routes of some hosts
    /// come and go several times a second.
    gateway_change found(const gateway& one, time_point now) noexcept
    {
        const bool returns = last && !connected;
        if ((last && last != one) || (returns && absence)) {
            not_before_ = std::max(not_before_, changes_.next());
            if (not_before_ > now) {
                absence = errc::gateway_changed;
                return gateway_change::too_often;
            }
            changes_.take(now);
        }
        look_up_failures_ = 0;
        not_before_ = long_ago;
        absence = {};
        connected = true;
        if (last == one)
            return returns ? gateway_change::back : gateway_change::none;
        return std::exchange(last, one) ? gateway_change::other : gateway_change::first;
    }

    /// There is no gateway, or no way to it.
    void not_found(error_code why, time_point now) noexcept
    {
        absence = why;
        look_up_at_ = now + pause_after(++look_up_failures_, false);
    }

    /// Why there was none when it was last looked for; none if there was one. Set by not_found(),
    /// and by found() for one that changes too often; cleared by found().
    error_code absence{};

    /// When a gateway is looked for again: where operations wait for it, as soon as the limit of
    /// its changes allows; else after a pause that grows with the failures.
    [[nodiscard]] time_point look_up_at(bool awaited) const noexcept
    {
        return awaited ? not_before_ : std::max(look_up_at_, not_before_);
    }

    /// The application says that the network changed.
    void network_changed(time_point now) noexcept
    {
        look_up_at_ = now;
        look_up_failures_ = 0;
        doubt = true;
    }

    /// The host's routes or addresses changed, and go on changing for a moment.
    void host_changed(time_point now) noexcept
    {
        routes_settled_at = std::min(routes_settled_at, now + duration{250ms});
    }

    /// Whether to look which gateway it is though there is one. Asking takes the doubt away.
    bool take_doubt(time_point now) noexcept
    {
        if (routes_settled_at <= now) {
            routes_settled_at = never;
            look_up_at_ = now;
            doubt = true;
            retry.request(false, now);
        }
        return std::exchange(doubt, false) && connected;
    }

    /// It may be another one. Set by silence, by ICMP errors and by hints; cleared by take_doubt().
    bool doubt = false;

    /// When a change of the host's routes is looked at: a quarter of a second after the first
    /// notice of many. Set by host_changed(), cleared by take_doubt().
    time_point routes_settled_at = never;

    // Whether it answers.

    /// The error of the gateway as a whole, which answers for it for ten seconds (RFC 6886, section
    /// 3.1); none if it may answer.
    [[nodiscard]] error_code error(time_point now) const noexcept
    {
        return now < error_until_ ? error_ : error_code{};
    }

    void set_error(error_code why, time_point now) noexcept
    {
        error_ = why;
        error_until_ = now + duration{10s};
    }

    void clear_error() noexcept
    {
        error_until_ = long_ago;
    }

    /// A datagram went out, the first of its request or another one.
    void asked(bool first, time_point now) noexcept
    {
        if (unanswered_since_ == never || (first && now - last_asked_ > no_response_time))
            unanswered_since_ = now;
        last_asked_ = now;
    }

    /// ICMP answered in its place, which is told otherwise.
    void refused() noexcept
    {
        unanswered_since_ = never;
    }

    /// It answered.
    void answered() noexcept
    {
        unanswered_since_ = never;
        no_response = {};
        has_answered = true;
        clear_failures();
    }

    /// Another gateway, which was not asked yet.
    void forget() noexcept
    {
        answered();
        has_answered = false;
        epoch.forget();
        recovery.cancel();
        recovery_delay_until = long_ago;
    }

    /// When it will not have answered for too long; never if that was told.
    [[nodiscard]] time_point no_response_at() const noexcept
    {
        if (no_response || unanswered_since_ == never)
            return never;
        return std::max(unanswered_since_ + no_response_time, last_asked_ + first_wait);
    }

    error_code no_response{};  ///< why, since that was told; cleared by answered()
    bool has_answered = false; ///< it did at least once; false for another gateway

    /// Nothing is held against it any more: neither its error nor the pause of background requests.
    void clear_failures() noexcept
    {
        clear_error();
        background_not_before = long_ago;
        silent_attempts = 0;
    }

    /// Silence is the gateway's, not a mapping's: background requests pause together, then one of
    /// them asks for all. Returns whether `why` is silence.
    bool pause_background(error_code why, time_point now) noexcept
    {
        const bool silent = why == errc::gateway_silent || why == errc::not_supported;
        if (silent && background_not_before <= now)
            background_not_before = now + pause_after(++silent_attempts, false);
        return silent;
    }

    /// The end of that pause. Cleared by clear_failures(); brought forward by the loss of a
    /// mapping, which is worth one request.
    time_point background_not_before = long_ago;
    unsigned silent_attempts = 0; ///< pauses in a row; cleared by clear_failures()

    // Whether it kept its state (RFC 6886, sections 3.6 and 3.7).

    epoch_tracker epoch;
    std::uint32_t generation = 0; ///< what was granted under another number is gone
    std::uint64_t resets = 0;     ///< losses that were certain

    /// Takes the gateway's clock from a packet, and plans a recovery if it tells of a loss and
    /// there is something to recover. After an announcement a loss may be in doubt: the answer to
    /// the next request, which is read in time, settles it.
    void take_epoch(std::uint32_t value, const arrival_span& arrived, bool recovers,
                    bool announced) noexcept
    {
        const epoch_sign sign = epoch.update(value, arrived);
        const bool lost = sign == epoch_sign::certainly_lost;
        generation += lost;
        resets += lost;
        if (recovers && (lost || (announced && sign == epoch_sign::perhaps_lost)))
            plan_recovery(lost, arrived.latest);
    }

    /// Plans a recovery, after one random wait of up to 5 s for all that tells of the same loss.
    ///
    /// @param whole Whether the loss is certain. Where it is not, the gateway is asked for its
    ///     address: the answer settles it.
    void plan_recovery(bool whole, time_point now) noexcept
    {
        constexpr duration most = 5s;
        if (recovery.at == never && now - recovery_delay_until >= most) {
            random_ = random_ * 1664525U + 1013904223U; // its low bits repeat soon
            recovery_delay_until = now + most * (random_ >> 8) / (1 << 24);
        }
        recovery.request(whole, recovery_delay_until);
    }

    limited_plan recovery; ///< of everything that was granted; the lesser form asks for the address
    time_point recovery_delay_until = long_ago; ///< no request that follows a loss goes out before

    /// Of what failed, after a route notice or an announcement: notices come every few seconds on
    /// some hosts, and anyone on the network can forge an announcement. The whole of it also asks
    /// for the address.
    limited_plan retry;

private:
    time_point unanswered_since_ = never; ///< the first datagram without an answer
    time_point last_asked_ = long_ago;    ///< when a datagram last went out

    /// When a gateway is looked for again though no operation waits for one. Set by not_found(), to
    /// a pause that grows with the failures in a row; a hint sets it to now.
    time_point look_up_at_ = long_ago;
    unsigned look_up_failures_ = 0;

    // The limit on changes of the gateway. While it is used up, no gateway is taken.
    token_bucket changes_{10, 30s};
    time_point not_before_ = long_ago;

    // The error of the gateway as a whole. Set by set_error(), cleared by clear_error().
    error_code error_{};
    time_point error_until_ = long_ago;
    std::uint32_t random_; ///< the state of a generator; chance only spreads requests in time
};

} // namespace natpmp::inline NATPMP_ABI_NAMESPACE::detail

#endif // NATPMP_DETAIL_CORE_GATEWAY_STATUS_HPP
