// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// Fuzzes the wire format: any bytes as an answer, and as the fields of a request.

#include "fuzz/support.hpp"

#include <natpmp/describe.hpp>
#include <natpmp/detail/core/wire.hpp>
#include <natpmp/testing/gateway_packets.hpp>

#include <algorithm>

namespace {

using namespace fuzz;
using natpmp::ignore_reason;
using natpmp::detail::decode;
using natpmp::detail::response;
using natpmp::testing::gateway_packet;

enum class place
{
    grant,
    address,
    refusal,
    short_refusal,
    echo,
    unsupported_version,
    pcp,
    ignored,
    count
};

places<place, static_cast<std::size_t>(place::count)>
    seen({"a grant", "an address", "a refusal", "a refusal without a port", "an echo",
          "unsupported version", "PCP", "an ignored datagram"});

bool same(const response& left, const response& right)
{
    return left.reason == right.reason && left.opcode == right.opcode &&
           left.result == right.result && left.epoch == right.epoch &&
           left.internal_port == right.internal_port && left.echoed_port == right.echoed_port &&
           left.external_port == right.external_port && left.lifetime == right.lifetime &&
           left.address == right.address;
}

response without_reason(response value)
{
    value.reason = ignore_reason::none;
    return value;
}

/// What a gateway would have sent to say this, written by the code of the test gateway.
std::vector<std::uint8_t> encode(const response& value, std::uint8_t opcode)
{
    gateway_packet packet(opcode, value.result, value.epoch.value_or(0));
    if (value.opcode && *value.opcode == 0)
        packet.four(value.address);
    else if (value.internal_port)
        packet.two(*value.internal_port).two(value.external_port).four(value.lifetime);
    return packet.take();
}

bool begins_with(bytes_view whole, bytes_view part, std::size_t size)
{
    return whole.size() >= size && part.size() >= size &&
           std::equal(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(size),
                      whole.begin());
}

void check_version_2(bytes_view bytes, const response& answer)
{
    seen.reached(place::pcp);
    require(bytes[0] == 2 && (bytes[1] & 0x80) != 0, "only PCP's answers count beside ours (X-6)");
    require(same(answer, {.result = 1}), "PCP's answer tells nothing but that (X-6)");
}

/// The fields of an answer that counts, by its kind.
void check_fields(bytes_view bytes, const response& answer)
{
    require(bytes.size() >= 4, "an answer has a result");
    require(answer.result == (bytes[2] << 8 | bytes[3]), "the result has 16 bits (V-8)");
    require(answer.epoch.has_value() == (bytes.size() >= 8 && answer.result != 5),
            "the epoch is where there is room, and not in an echo (E-8)");
    if (!answer.opcode) {
        seen.reached(place::unsupported_version);
        require(answer.result == 1, "only code 1 answers whatever was asked (C-1)");
        require(!answer.internal_port && !answer.echoed_port, "code 1 has no port");
        return;
    }
    require(*answer.opcode <= 2 && bytes[1] == (0x80 | *answer.opcode),
            "the opcode is that of a request, with the top bit (V-3)");
    const bool maps = *answer.opcode != 0;
    if (answer.result == 5) {
        seen.reached(place::echo);
        require(answer.internal_port.has_value() == (maps && bytes.size() >= 10) &&
                    answer.internal_port.has_value() == answer.echoed_port.has_value(),
                "an echo has both ports or none");
        return;
    }
    require(!answer.echoed_port, "only an echo repeats the port of the request");
    if (!answer.success()) {
        seen.reached(maps && !answer.internal_port ? place::short_refusal : place::refusal);
        require(answer.external_port == 0 && answer.lifetime == 0 && answer.address == 0,
                "a refusal grants nothing (C-3)");
        require(begins_with(bytes, encode(answer, bytes[1]), answer.internal_port ? 10 : 8),
                "a refusal is what its bytes say");
        return;
    }
    seen.reached(maps ? place::grant : place::address);
    require(begins_with(bytes, encode(answer, bytes[1]), maps ? 16 : 12),
            "what decodes encodes to the same bytes");
}

/// Which ports an answer may speak of (V-4).
void check_ports(const response& answer, std::uint16_t port)
{
    if (answer.opcode == 0)
        return;
    if (answer.success() && answer.opcode)
        require(answer.concerns(port) == (answer.internal_port == port),
                "a grant concerns its own port alone");
    else if (answer.internal_port.value_or(0) == port || answer.echoed_port == port)
        require(answer.concerns(port), "an error concerns the ports in it");
    else if (answer.internal_port.value_or(0) != 0)
        require(!answer.concerns(port), "an error with a port concerns no other");
}

void check_answer(bytes_view bytes)
{
    const response answer = decode(bytes);
    require(same(answer, decode(bytes)), "decoding depends on the bytes alone");
    require(!natpmp::describe(bytes).empty(), "everything has a description");
    if (answer.reason != ignore_reason::none) {
        seen.reached(place::ignored);
        require(same(without_reason(answer), {}), "what is ignored has no fields");
        return;
    }
    require(bytes.size() >= 2, "an answer has an opcode");
    if (bytes[0] == 0)
        check_fields(bytes, answer);
    else
        check_version_2(bytes, answer);
    for (const int port : {1, 80, 0x5000, 65535})
        check_ports(answer, static_cast<std::uint16_t>(port));
    if (answer.internal_port)
        check_ports(answer, *answer.internal_port);

    if (bytes.size() >= 16) {
        std::vector<std::uint8_t> longer(bytes.begin(), bytes.end());
        longer.push_back(static_cast<std::uint8_t>(bytes.size()));
        require(same(answer, decode(longer)), "trailing bytes are ignored");
        require(same(answer, decode(bytes.first(16))), "16 bytes tell everything");
    }
}

/// The same bytes as the fields of a request.
void check_request(input from)
{
    const auto protocol = from.byte() % 2 ? natpmp::protocol::tcp : natpmp::protocol::udp;
    const std::uint16_t internal = from.word(), external = from.word();
    const std::uint32_t lifetime = from.number();
    const auto packet = natpmp::detail::encode_map_request(protocol, internal, external, lifetime);
    const bytes_view sent = packet.view();
    require(sent.size() == 12 && sent[0] == 0 && sent[2] == 0 && sent[3] == 0,
            "a map request has 12 bytes, version 0, and zeros where they must be (M-1, M-2)");
    const auto read = natpmp::testing::gateway_map_fields::read(sent);
    require(read.opcode == static_cast<std::uint8_t>(protocol) && read.internal_port == internal &&
                read.external_port == external && read.lifetime == lifetime,
            "a gateway reads what was asked");
    require(decode(sent).reason == ignore_reason::wrong_opcode,
            "a request is never taken for an answer (V-9)");
    require(!natpmp::describe(sent).empty(), "a request has a description");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const bytes_view all(data, size);
    check_answer(all);
    check_request(input(all));
    return 0;
}
