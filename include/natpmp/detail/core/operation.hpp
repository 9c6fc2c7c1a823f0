// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

/// @file
/// What the application waits for, and what came of it.

#ifndef NATPMP_DETAIL_CORE_OPERATION_HPP
#define NATPMP_DETAIL_CORE_OPERATION_HPP

#include <natpmp/detail/core/mapping_key.hpp>
#include <natpmp/detail/core/time.hpp>
#include <natpmp/event.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace natpmp::inline NATPMP_ABI_NAMESPACE {
namespace detail {

enum class operation_kind : std::uint8_t
{
    map,
    map_pair,
    unmap,
    address,
    wait_event,
    shutdown
};

/// How far a map operation is.
enum class operation_stage : std::uint8_t
{
    clean_up,
    create,
    address,
    waiting ///< waiting for a background attempt to succeed
};

struct operation;

/// A place in a list of operations.
struct operation_link
{
    operation* previous = nullptr;
    operation* next = nullptr;
    bool linked = false;
};

/// What the application asks for.
struct operation_request
{
    operation_kind kind;
    map_request request{};
    duration limit{0}; ///< of a shutdown
};

/// An operation under way. Its owner keeps it alive until it is done or withdrawn.
struct operation
{
    explicit operation(operation_kind what) noexcept : kind(what)
    {}

    explicit operation(const operation_request& asked) noexcept
        : kind(asked.kind), request(asked.request), limit(asked.limit)
    {}
    operation(const operation&) = delete;
    operation& operator=(const operation&) = delete;

    operation_kind kind;
    operation_stage stage = operation_stage::clean_up;
    map_request request{};
    duration limit{0}; ///< of a shutdown

    std::uint64_t number = 0;      ///< of all operations of a client
    std::uint8_t part = 0;         ///< which of a pair is being made
    std::array<bool, 2> adopted{}; ///< whether the mapping is wanted because of this operation
    bool started = false;          ///< whether the engine knows it
    bool sent = false;             ///< whether a datagram of its own went out
    bool let_renewal_pass = false; ///< whether it let a renewal pass, which it does once
    time_point not_before = long_ago;
    time_point deadline = never;

    bool done = false;
    error_code error{};
    std::array<mapping, 2> mappings{}; ///< of a pair: TCP, UDP
    net::ip::address address{};
    natpmp::event happened{};

    operation_link order{}; ///< among all, by initiation
    operation_link queue{}; ///< among those that wait for the same thing

    [[nodiscard]] bool maps() const noexcept
    {
        return kind == operation_kind::map || kind == operation_kind::map_pair;
    }

    [[nodiscard]] std::uint8_t parts() const noexcept
    {
        return kind == operation_kind::map_pair ? 2 : 1;
    }

    [[nodiscard]] mapping_key key(std::uint8_t which) const noexcept
    {
        constexpr protocol pair[] = {protocol::tcp, protocol::udp};
        return {kind == operation_kind::map_pair ? pair[which] : request.protocol,
                request.internal_port.value()};
    }

    [[nodiscard]] mapping_key key() const noexcept
    {
        return key(part);
    }

    /// Whether a part of it was granted, or waits for a background attempt.
    [[nodiscard]] bool holds(std::uint8_t which) const noexcept
    {
        return which < part || stage == operation_stage::address ||
               stage == operation_stage::waiting;
    }

    /// Whether it maps, or unmaps, this key.
    [[nodiscard]] bool concerns(mapping_key kept) const noexcept
    {
        for (std::uint8_t which = 0; which < parts(); ++which)
            if (key(which) == kept)
                return true;
        return false;
    }
};

/// Operations in the order in which they were added, linked through one of their hooks.
template <operation_link operation::* Link>
class operation_list
{
public:
    [[nodiscard]] operation* front() const noexcept
    {
        return front_;
    }

    [[nodiscard]] bool empty() const noexcept
    {
        return front_ == nullptr;
    }

    [[nodiscard]] std::size_t size() const noexcept
    {
        return size_;
    }

    static operation* next(const operation& entry) noexcept
    {
        return (entry.*Link).next;
    }

    void push_back(operation& entry) noexcept
    {
        operation_link& link = entry.*Link;
        link = {.previous = back_, .next = nullptr, .linked = true};
        (back_ ? (back_->*Link).next : front_) = &entry;
        back_ = &entry;
        ++size_;
    }

    /// Takes out an operation that is in this list.
    void erase(operation& entry) noexcept
    {
        operation_link& link = entry.*Link;
        (link.previous ? (link.previous->*Link).next : front_) = link.next;
        (link.next ? (link.next->*Link).previous : back_) = link.previous;
        link = {};
        --size_;
    }

private:
    operation* front_ = nullptr;
    operation* back_ = nullptr;
    std::size_t size_ = 0;
};

using operation_order = operation_list<&operation::order>;
using operation_queue = operation_list<&operation::queue>;

} // namespace detail
} // namespace natpmp::inline NATPMP_ABI_NAMESPACE

#endif // NATPMP_DETAIL_CORE_OPERATION_HPP
