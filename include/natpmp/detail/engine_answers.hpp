// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What arrives: which datagram answers what.

#ifndef NATPMP_DETAIL_ENGINE_ANSWERS_HPP
#define NATPMP_DETAIL_ENGINE_ANSWERS_HPP

#include <natpmp/detail/engine_state.hpp>

#include <algorithm>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

/// How long an answer to an earlier datagram is expected to arrive still.
constexpr duration late_answer_window = 10s;

/// How long an error, which may refuse either request, is taken to refuse an earlier delete.
constexpr duration late_error_window = 1s;

inline void count_down(std::uint8_t& unanswered) noexcept
{
    if (unanswered > 0)
        --unanswered;
}

/// A datagram from the gateway, on the socket that requests go out from. Returns why it was
/// ignored, if it was; then it has stopped no timer and changed no state.
inline ignore_reason engine::receive(bytes_view bytes, const arrival_span& arrived)
{
    const response answer = decode(bytes);
    const ignore_reason reason =
        answer.reason != ignore_reason::none ? answer.reason : judge(answer, arrived);
    if (reason != ignore_reason::none) {
        ++counters.ignored[static_cast<std::size_t>(reason)];
        return reason;
    }
    ++counters.received;
    accept(answer, arrived);
    return reason;
}

/// Whether this is the answer to the request in flight (V-3 to V-7).
inline ignore_reason engine::judge(const response& answer, const arrival_span& arrived)
{
    if (!answer.opcode)
        return flight_ ? ignore_reason::none : ignore_reason::not_awaited;
    if (!flight_ || !flight_->transmissions.started())
        return judge_late(answer, arrived);
    mapping_record* entry = flight_->entry;
    const std::uint8_t opcode =
        entry ? static_cast<std::uint8_t>(entry->key.protocol) : address_opcode;
    if (*answer.opcode != opcode) {
        judge_late(answer, arrived);
        return ignore_reason::wrong_opcode;
    }
    if (!entry)
        return ignore_reason::none;
    if (!answer.concerns(entry->key.internal_port) || concerns_assigned(answer, entry->key)) {
        judge_late(answer, arrived);
        return ignore_reason::wrong_port;
    }

    const bool removes = flight_->what != request_kind::create;
    const bool grants = answer.success() && answer.lifetime != 0;
    if (removes && !grants) {
        count_down(entry->removes_unanswered);
        return ignore_reason::none;
    }
    if (!removes && answer.success() && answer.external_port == 0 && answer.lifetime == 0)
        return judge_delete_answer(*entry);
    if (!removes && !answer.success() && entry->removes_unanswered > 0 &&
        arrived.earliest - entry->last_remove < late_error_window) {
        count_down(entry->removes_unanswered);
        return ignore_reason::not_awaited;
    }
    count_down(entry->creates_unanswered);
    return removes ? ignore_reason::not_awaited : ignore_reason::none;
}

/// Whether an error that names internal port 0 is about the port that the gateway assigns, while
/// another one is asked for. Some gateways leave the port out of an error.
inline bool engine::concerns_assigned(const response& answer, mapping_key asked) noexcept
{
    if (answer.internal_port != 0 || answer.echoed_port || asked.assigned())
        return false;
    const mapping_record* assigned = records_.find({asked.protocol, 0});
    return assigned && (assigned->live || assigned->creates_unanswered > 0);
}

/// A success without port and lifetime while a map request is in flight: the answer to a delete
/// (RFC 6886, section 3.4). That delete may have reached the gateway after the map request, so the
/// mapping is made sure of once it is granted. Where no delete is left to explain it, the gateway
/// may answer map requests so: the request ends sooner, for another answer or for none.
inline ignore_reason engine::judge_delete_answer(mapping_record& entry) noexcept
{
    flight_->doubtful = true;
    if (entry.removes_unanswered > 0) {
        count_down(entry.removes_unanswered);
    } else {
        flight_->answered_empty = true;
        flight_->transmissions.end_by(flight_->first_sent + crowded_burst);
    }
    return ignore_reason::not_awaited;
}

/// An answer that nothing in flight awaits may still tell that the gateway took requests in another
/// order than they were answered.
inline ignore_reason engine::judge_late(const response& answer, const arrival_span& arrived)
{
    constexpr auto reason = ignore_reason::not_awaited;
    const time_point now = arrived.latest;
    if (!answer.success() || *answer.opcode == address_opcode || !answer.internal_port)
        return reason;
    mapping_record* entry =
        records_.find({static_cast<protocol>(*answer.opcode), *answer.internal_port});
    if (!entry)
        return reason;
    if (answer.lifetime != 0) {
        count_down(entry->creates_unanswered);
        if (lingering_.contains(*entry) && !entry->late_removal) {
            unplace(*entry);
            entry->late_removal = true;
            entry->due = now;
            removals_.push(*entry);
        }
    } else {
        const bool expected = entry->removes_unanswered > 0;
        count_down(entry->removes_unanswered);
        if (entry->farewell) {
            if (expected)
                conclude_farewell(*entry, {}, now);
        } else if (entry->wanted && entry->live && renewals_.contains(*entry) &&
                   arrived.earliest - entry->last_remove <= late_answer_window) {
            unplace(*entry);
            entry->removes_unanswered = 0;
            entry->due = std::max(now, entry->last_create + least_request_gap);
            place(*entry);
        }
    }
    return reason;
}

/// The answer to the request in flight.
inline void engine::accept(const response& answer, const arrival_span& arrived)
{
    const time_point now = arrived.latest;
    verdict_ = {};
    verdict_until_ = long_ago;
    gate_ = long_ago;
    silences_ = 0;
    const arrival_span after_request{std::max(arrived.earliest, flight_->first_sent), now};
    flight_->granted_from = flight_->transmissions.last_until(after_request.earliest);
    if (answer.epoch && epoch_.update(*answer.epoch, after_request) == epoch_sign::certainly_lost)
        state_lost(now);

    error_code why{static_cast<int>(answer.result), result_category()};
    if (!why && flight_->what == request_kind::create &&
        (answer.external_port == 0 || answer.lifetime == 0))
        why = errc::invalid_grant; // C-6
    if (!why && flight_->what == request_kind::address && answer.address == 0)
        why = result_code::network_failure; // C-5
    conclude(why, &answer, now);
}

/// ICMP port unreachable (T-5).
inline void engine::refused(time_point now)
{
    if (!flight_ || !flight_->transmissions.started())
        return;
    recheck_ = true;
    conclude(errc::not_supported, nullptr, now);
}

/// A datagram that came to the announcement port (B-3, B-4, B-10).
inline ignore_reason engine::announcement(const net::ip::address& source, bytes_view bytes,
                                          const arrival_span& arrived)
{
    const time_point now = arrived.latest;
    const auto reason = [&] {
        if (!attached_ || source != gateway_->address)
            return ignore_reason::wrong_source;
        if (bytes.size() < 2)
            return ignore_reason::too_short;
        if (bytes[1] != (address_opcode | response_bit))
            return ignore_reason::wrong_opcode;
        if (bytes[0] == pcp_version)
            return ignore_reason::none;
        if (bytes[0] != 0)
            return ignore_reason::wrong_version;
        if (bytes.size() < 12)
            return ignore_reason::too_short;
        const response answer = decode(bytes);
        const bool has_epoch = answer.opcode && answer.epoch; // not so with codes 1 and 5
        return has_epoch ? ignore_reason::none : ignore_reason::wrong_opcode;
    }();
    if (reason != ignore_reason::none) {
        ++counters.ignored[static_cast<std::size_t>(reason)];
        return reason;
    }
    ++counters.received;
    verdict_ = {};
    verdict_until_ = long_ago;
    if (bytes[0] == pcp_version) {
        hint_by_rumour(true, now);
    } else {
        const response answer = decode(bytes);
        const epoch_sign sign = epoch_.update(*answer.epoch, arrived);
        if (sign == epoch_sign::certainly_lost)
            state_lost(now);
        else if (sign == epoch_sign::perhaps_lost)
            doubt_state(now);
        if (answer.success() && answer.address != 0)
            set_address(net::ip::address_v4{answer.address}, {}, now);
        hint_by_rumour(false, now);
    }
    return reason;
}

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_ENGINE_ANSWERS_HPP
