// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A million datagrams that mean nothing, while a mapping is made and renewed.

#include "attack/hostile_gateway.hpp"
#include "support/heap.hpp"

#include <cstdio>
#include <ctime>
#include <random>

namespace flood_test {
using namespace attack_test;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

/// Datagrams that answer nothing, whatever was asked for.
class rubbish
{
public:
    bytes next()
    {
        bytes result(random_() % 64);
        for (auto& each : result)
            each = static_cast<std::uint8_t>(random_());
        switch (random_() % 5) {
        case 0: // for another port
            return grant(protocol::tcp, static_cast<std::uint16_t>(7000 + random_() % 1000));
        case 1: // for another protocol
            return grant(protocol::udp, 6881);
        case 2: { // the beginning of an answer
            bytes answer = grant(protocol::tcp, 6881);
            answer.resize(random_() % answer.size());
            return answer;
        }
        case 3: // a request
            return {0, 2, 0, 0, 0x1A, 0xE1, 0x1A, 0xE1, 0, 0, 0, 9};
        default: // of a version that there is not
            if (!result.empty())
                result[0] |= 0x80;
            return result;
        }
    }

    /// Anything at all.
    bytes anything()
    {
        bytes result(random_() % 64);
        for (auto& each : result)
            each = static_cast<std::uint8_t>(random_());
        if (random_() % 2 && result.size() >= 12) // an announcement
            std::copy_n(std::begin({0, 0x80, 0, 0}), 4, result.begin());
        return result;
    }

private:
    static bytes grant(protocol kind, std::uint16_t port)
    {
        const auto high = static_cast<std::uint8_t>(port >> 8);
        const auto low = static_cast<std::uint8_t>(port);
        return {0,    static_cast<std::uint8_t>(0x80 | static_cast<int>(kind)),
                0,    0,
                0,    0,
                0,    1,
                high, low,
                high, low,
                0,    0,
                0,    2};
    }

    std::mt19937 random_{17};
};

double processor_time()
{
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

TEST_CASE("flood: a million datagrams disturb no mapping, and fill no memory")
{
    constexpr std::uint64_t count = sanitized ? 200'000 : 1'000'000;
    constexpr int a_millisecond = sanitized ? 20 : 50; // what the client can read, and no more
    rubbish content;
    hostile_gateway gateway([&](hostile_gateway& it) {
        it.model().settings.max_lifetime = 4s;
        if (it.asker().port() == 0)
            return;
        for (int each = 0; each < a_millisecond / 4 && it.sent() < count; ++each) {
            it.send_as_gateway(content.next(), it.asker());
            it.send_as_gateway(content.next(), it.asker());
            it.send_as_neighbour(content.anything(), it.asker());
            it.send_as_neighbour(content.anything(), it.group());
        }
    });
    world in;
    client on(in.context, gateway.options());
    told news(on);
    const auto start = std::chrono::steady_clock::now();
    CHECK_FALSE(map(in, on).error);
    REQUIRE(in.run_until([&] { return news.renewals >= 1; }));
    news.kinds.reserve(100);
    const std::int64_t held = heap::live_bytes();
    const double cpu = processor_time();
    const std::uint64_t before = ignored(on);

    const auto limit = start + 120s;
    in.context.restart();
    while (gateway.sent() < count && std::chrono::steady_clock::now() < limit)
        in.context.run_one_until(limit);
    REQUIRE(gateway.sent() >= count);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const auto read = static_cast<double>(ignored(on) - before);
    std::printf("flood: %.0f of the datagrams reached the client in %.1f s; %.2f us CPU each\n",
                read, seconds, (processor_time() - cpu) / read * 1e6);

    // The first of them came before, and the neighbour's do not pass the connected socket.
    CHECK(read > static_cast<double>(count) / 5);
    CHECK(ignored(on, ignore_reason::wrong_source) > 0);
    CHECK(news.kinds == lines{"mapped"});
    CHECK(news.renewals >= static_cast<int>(seconds / 2) - 2); // one in 2 s
    CHECK(static_cast<double>(gateway.wire().size()) < 2 * seconds + 10);
    CHECK(heap::live_bytes() - held < 64 * 1024); // of this test: the record of what was asked
    CHECK_FALSE(unmap(in, on).error);
    CHECK(gateway.wire().back() == delete_line);
}

} // namespace flood_test
