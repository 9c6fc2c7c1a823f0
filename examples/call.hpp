// The ports of a telephone call, as voip_call.cpp uses it and call_test.cpp tests it.

#ifndef EXAMPLES_CALL_HPP
#define EXAMPLES_CALL_HPP

#include <asio/awaitable.hpp>
#include <asio/ip/address.hpp>
#include <asio/use_awaitable.hpp>
#include <natpmp/natpmp.hpp>

#include <chrono>
#include <cstdint>
#include <vector>

/// Where the other side sends sound (RTP) and reports about it (RTCP) to.
struct media_address
{
    asio::ip::address address;
    std::uint16_t rtp = 0, rtcp = 0;

    friend bool operator==(const media_address&, const media_address&) = default;
};

/// Where the mappings of these two ports lead; a port is 0 while it has no mapping.
inline media_address media_address_of(const std::vector<natpmp::mapping>& mappings,
                                      std::uint16_t rtp_port)
{
    media_address result;
    for (const natpmp::mapping& mapping : mappings) {
        if (mapping.protocol != natpmp::protocol::udp)
            continue;
        if (mapping.internal_port == rtp_port)
            result.rtp = mapping.external_port;
        else if (mapping.internal_port == rtp_port + 1)
            result.rtcp = mapping.external_port;
        result.address = mapping.external_address;
    }
    return result;
}

/// Keeps a UDP port for RTP and the next one for RTCP open at the router, and calls
/// `offer(media_address)` at first and when the router changed something. Goes on until it is
/// cancelled, which closes the ports again in whatever state they are.
template <class Offer>
asio::awaitable<void> keep_media_open(natpmp::client& client, std::uint16_t rtp_port, Offer offer)
{
    natpmp::map_request request;
    request.protocol = natpmp::protocol::udp;
    request.internal_port = rtp_port;
    request.lifetime = std::chrono::minutes(10); // not for hours, should this program crash
    natpmp::mapping rtp = co_await client.async_map_port(request, asio::use_awaitable);
    natpmp::scoped_mapping rtp_guard(client, rtp);

    request.internal_port = rtp_port + 1;
    request.external_port = rtp.external_port < 65535 ? rtp.external_port + 1 : 0;
    natpmp::mapping rtcp = co_await client.async_map_port(request, asio::use_awaitable);
    natpmp::scoped_mapping rtcp_guard(client, rtcp);

    media_address offered;
    for (;;) {
        // After a reboot one port may have the other's old number until that one is open again.
        const media_address now = media_address_of(client.mappings(), rtp_port);
        if (now != offered && now.rtp != 0 && now.rtcp != 0 && now.rtp != now.rtcp) {
            offered = now;
            offer(now);
        }
        co_await client.async_wait_event(asio::use_awaitable);
    }
}

#endif // EXAMPLES_CALL_HPP
