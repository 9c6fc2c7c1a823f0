// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What is known of the gateway: whether there is one, whether it answers, whether it kept its
/// state, and its external address.

#ifndef NATPMP_DETAIL_CORE_GATEWAY_STATUS_HPP
#define NATPMP_DETAIL_CORE_GATEWAY_STATUS_HPP

#include <natpmp/detail/core/lease.hpp>
#include <natpmp/detail/core/retransmission.hpp>
#include <natpmp/error.hpp>
#include <natpmp/options.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// The longest wait between a loss of the gateway's state and the requests that follow (RFC 6886,
/// section 3.7).
constexpr duration most_recovery_delay = 5s;

/// How long an error of the gateway as a whole answers for it (RFC 6886, section 3.1).
constexpr duration gateway_error_time = 10s;

/// How long the host's routes go on changing after the first notice of a change.
constexpr duration route_settling_time = 250ms;

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
    error_code error{}; ///< why it is not known
    time_point asked_at = long_ago;
    time_point due = never; ///< when it is asked for without an operation
    std::uint32_t generation = 0;
    unsigned failures = 0;

    /// Whether it is good enough for a new mapping: younger than 15 minutes and of this state.
    [[nodiscard]] bool fresh(std::uint32_t now_generation, time_point now) const noexcept
    {
        return generation == now_generation && !value.is_unspecified() && now - asked_at < 15min;
    }
};

/// What on_gateway() found, compared with the gateway before.
enum class gateway_change : std::uint8_t
{
    none,
    first,    ///< the first one of all
    other,    ///< another gateway or another local address
    back,     ///< the same, after there was none
    too_often ///< changed too often lately; it is not used yet
};

class gateway_status
{
public:
    explicit gateway_status(std::uint32_t seed) noexcept : random_(seed)
    {}

    // Whether there is one.

    [[nodiscard]] bool connected() const noexcept
    {
        return connected_;
    }

    /// The last gateway, also while there is none.
    [[nodiscard]] const std::optional<gateway>& last() const noexcept
    {
        return gateway_;
    }

    /// Whether it changed too often lately to be looked for.
    [[nodiscard]] bool limited(time_point now) const noexcept
    {
        return !connected_ && now < not_before_;
    }

    /// Whether mappings wait for a gateway that was not there, and it is time to look again.
    [[nodiscard]] bool look_up_due(time_point now) const noexcept
    {
        return look_up_at_ <= now;
    }

    /// Whether there was none when it was looked for last, or whether it changed too often.
    [[nodiscard]] bool lost() const noexcept
    {
        return look_up_failures_ > 0 || not_before_ != long_ago;
    }

    /// A gateway was found. Ten changes in a row count, then one in 30 s: the routes of some hosts
    /// come and go several times a second.
    gateway_change found(const gateway& now_found, time_point now) noexcept
    {
        const bool other = gateway_ && gateway_ != now_found;
        const bool returns = gateway_ && !connected_;
        if (other || (returns && lost())) {
            not_before_ = std::max(not_before_, changes_.next());
            if (not_before_ > now)
                return gateway_change::too_often;
            changes_.take(now);
        }
        look_up_failures_ = 0;
        not_before_ = long_ago;
        connected_ = true;
        if (gateway_ == now_found)
            return returns ? gateway_change::back : gateway_change::none;
        return std::exchange(gateway_, now_found) ? gateway_change::other : gateway_change::first;
    }

    /// There is no gateway, or no way to it: looks again after a pause.
    void not_found(time_point now) noexcept
    {
        look_up_at_ = now + pause_after(++look_up_failures_, false);
    }

    /// The socket is closed.
    void disconnect() noexcept
    {
        connected_ = false;
    }

    /// Everything that is known of the gateway before.
    void forget() noexcept
    {
        epoch_.forget();
        recovery_at_ = never;
        recovery_delay_until_ = long_ago;
    }

    /// The application says that the network changed: looks at once.
    void network_changed(time_point now) noexcept
    {
        look_up_at_ = now;
        look_up_failures_ = 0;
        recheck_ = true;
    }

    /// The host's routes or addresses changed, and probably go on changing for a moment.
    void host_changed(time_point now) noexcept
    {
        host_changed_until_ = std::min(host_changed_until_, now + route_settling_time);
    }

    /// A request failed; the gateway may be another one.
    void doubt() noexcept
    {
        recheck_ = true;
    }

    /// Whether to look for the gateway though there is one. Asking takes the doubt away.
    bool take_recheck(time_point now) noexcept
    {
        if (host_changed_until_ <= now) {
            host_changed_until_ = never;
            look_up_at_ = now;
            recheck_ = true;
            request_retry(false, now);
        }
        return std::exchange(recheck_, false) && connected_;
    }

    // Whether it answers.

    /// The error of the gateway as a whole; none if it may answer.
    [[nodiscard]] error_code error(time_point now) const noexcept
    {
        return now < error_until_ ? error_ : error_code{};
    }

    void set_error(error_code why, time_point now) noexcept
    {
        error_ = why;
        error_until_ = now + gateway_error_time;
    }

    /// Something of the gateway was heard, or it may be another one.
    void clear_error() noexcept
    {
        error_until_ = long_ago;
    }

    /// It answered, or may do so again.
    void answered() noexcept
    {
        clear_error();
        background_not_before_ = long_ago;
        silent_attempts_ = 0;
    }

    /// Silence is the gateway's, not a mapping's: background requests pause together, then one of
    /// them asks for all. Returns whether `why` is silence.
    bool pause_background(error_code why, time_point now) noexcept
    {
        const bool silent = why == errc::gateway_silent || why == errc::not_supported;
        if (silent && background_not_before_ <= now)
            background_not_before_ = now + pause_after(++silent_attempts_, false);
        return silent;
    }

    [[nodiscard]] unsigned silent_attempts() const noexcept
    {
        return silent_attempts_;
    }

    [[nodiscard]] time_point background_not_before() const noexcept
    {
        return background_not_before_;
    }

    /// Lets one background request through at that time, though the gateway is silent: a lost
    /// lease is worth it.
    void end_pause(time_point at) noexcept
    {
        background_not_before_ = std::min(background_not_before_, at);
    }

    // Whether it kept its state (RFC 6886, sections 3.6 and 3.7).

    /// Counts the losses of state; what was granted under another number is gone.
    [[nodiscard]] std::uint32_t generation() const noexcept
    {
        return generation_;
    }

    epoch_sign epoch(std::uint32_t value, const arrival_span& arrived) noexcept
    {
        const epoch_sign sign = epoch_.update(value, arrived);
        generation_ += sign == epoch_sign::certainly_lost;
        return sign;
    }

    /// Another gateway: nothing that was granted counts there.
    void next_generation() noexcept
    {
        ++generation_;
    }

    /// Plans one recovery, after one random wait for all that tells of the same loss: three in a
    /// row, then one in five minutes. One that only asks is for an announcement which leaves the
    /// loss in doubt: an answer of the gateway settles it.
    void plan_recovery(bool asks_only, time_point now) noexcept
    {
        const bool planned = recovery_at_ != never;
        recovery_asks_ = asks_only && (!planned || recovery_asks_);
        if (planned)
            return;
        if (now - recovery_delay_until_ >= most_recovery_delay) {
            random_ = random_ * 1664525U + 1013904223U; // its low bits repeat soon
            recovery_delay_until_ = now + most_recovery_delay * (random_ >> 8) / (1 << 24);
        }
        recovery_at_ = std::max(recovery_delay_until_, recoveries_.next());
    }

    /// Whether the recovery is due, and whether it only asks; then none is planned any more.
    std::optional<bool> take_recovery(time_point now) noexcept
    {
        if (recovery_at_ > now)
            return std::nullopt;
        recovery_at_ = never;
        recoveries_.take(now);
        return recovery_asks_;
    }

    /// No request that follows a loss of state goes out before.
    [[nodiscard]] time_point recovery_delay_until() const noexcept
    {
        return recovery_delay_until_;
    }

    /// Plans to try again what failed, after a route notice or an announcement: three in a row,
    /// then one in five minutes. Notices come every few seconds on some hosts, and anyone on the
    /// network can forge an announcement.
    void request_retry(bool asks_address, time_point now) noexcept
    {
        retry_asks_address_ = retry_asks_address_ || asks_address;
        if (retry_at_ == never)
            retry_at_ = std::max(now, retries_.next());
    }

    /// Whether that retry is due, and whether it also asks for the address.
    std::optional<bool> take_retry(time_point now) noexcept
    {
        if (retry_at_ > now)
            return std::nullopt;
        retry_at_ = never;
        retries_.take(now);
        return std::exchange(retry_asks_address_, false);
    }

    /// A shutdown plans no more.
    void stop() noexcept
    {
        recovery_at_ = retry_at_ = never;
    }

    /// Calls `consider` with each time at which the gateway is to be looked at.
    ///
    /// @param wanted Whether mappings wait for a gateway while there is none.
    /// @param awaited Whether operations do, which are not put off but by the limit.
    template <class Function>
    void for_each_time(bool wanted, bool awaited, Function consider) const
    {
        consider(recovery_at_);
        consider(retry_at_);
        consider(host_changed_until_);
        if (!connected_ && wanted)
            consider(std::max(look_up_at_, not_before_));
        if (!connected_ && awaited)
            consider(not_before_);
    }

private:
    std::optional<gateway> gateway_;
    bool connected_ = false;
    bool recheck_ = false;                  ///< it may be another one; set by failures
    time_point host_changed_until_ = never; ///< when a change of the host's routes is looked at
    time_point look_up_at_ = long_ago;      ///< when a gateway that was not there is looked for
    time_point not_before_ = long_ago;      ///< set while `changes_` is used up
    unsigned look_up_failures_ = 0;
    token_bucket changes_{10, 30s};

    error_code error_{};
    time_point error_until_ = long_ago;
    time_point background_not_before_ = long_ago;
    unsigned silent_attempts_ = 0;

    epoch_tracker epoch_;
    std::uint32_t generation_ = 0;
    std::uint32_t random_; ///< the state of a generator; chance only spreads requests in time
    time_point recovery_at_ = never;
    time_point recovery_delay_until_ = long_ago;
    bool recovery_asks_ = false;
    token_bucket recoveries_{3, 5min};
    time_point retry_at_ = never;
    bool retry_asks_address_ = false;
    token_bucket retries_{3, 5min};
};

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CORE_GATEWAY_STATUS_HPP
