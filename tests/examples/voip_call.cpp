// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// examples/voip_call.cpp against a gateway on loopback: whenever the user hangs up, nothing is
// left.

#include "examples/program.hpp"

namespace voip_call_test {
using namespace examples_test;

struct telephone
{
    world in;
    std::uint16_t port = free_port(in);
    std::string rtp = std::to_string(port), rtcp = std::to_string(port + 1);
    program call{in, "voip_call", {"--port", rtp, "--gateway", program::gateway_of(in)}};

    [[nodiscard]] std::string map_line(const std::string& its) const
    {
        return "map udp " + its + ' ' + its + " 600";
    }

    [[nodiscard]] std::ptrdiff_t sent(const std::string& line)
    {
        const lines wire = in.wire();
        return std::count(wire.begin(), wire.end(), line);
    }

    bool run_until_sent(const std::string& line)
    {
        return in.run_until([&] { return sent(line) > 0; });
    }
};

TEST_CASE("voip_call: two ports in a row for as long as the call lasts")
{
    telephone phone;
    REQUIRE(phone.call.prints("  a=rtcp:" + phone.rtcp));
    CHECK(phone.call.printed() ==
          lines{"calling; RTP on UDP port " + phone.rtp, "offer:", "  c=IN IP4 203.0.113.7",
                "  m=audio " + phone.rtp + " RTP/AVP 0", "  a=rtcp:" + phone.rtcp});
    CHECK(requests(phone.in) == lines{"delete udp " + phone.rtp, phone.map_line(phone.rtp),
                                      "address", "delete udp " + phone.rtcp,
                                      phone.map_line(phone.rtcp)});
    CHECK(phone.in.mapped() == 2);

    phone.in.gateway.model().requests.clear();
    phone.call.signal(SIGINT);
    CHECK(phone.call.end() == 0);
    CHECK(phone.call.printed().back() == "hung up");
    CHECK(phone.in.mapped() == 0);
    lines wire = requests(phone.in);
    std::sort(wire.begin(), wire.end());
    CHECK(wire == lines{"delete udp " + phone.rtp, "delete udp " + phone.rtcp});
}

TEST_CASE("voip_call: hanging up while the first port is being opened")
{
    telephone phone;
    phone.in.faults().delay = 300ms;
    REQUIRE(phone.run_until_sent(phone.map_line(phone.rtp)));
    CHECK(phone.in.mapped() == 1); // the gateway has it, the telephone does not know
    phone.call.signal(SIGINT);
    CHECK(phone.call.end() == 0);
    CHECK(phone.in.mapped() == 0);
    CHECK(phone.in.wire().back() == "delete udp " + phone.rtp);
    CHECK(phone.sent(phone.map_line(phone.rtcp)) == 0);
    CHECK(phone.call.count("offer:") == 0);
}

TEST_CASE("voip_call: hanging up while the second port is being opened")
{
    telephone phone;
    phone.in.faults().delay = 300ms;
    REQUIRE(phone.run_until_sent(phone.map_line(phone.rtcp)));
    CHECK(phone.in.mapped() == 2);
    phone.in.gateway.model().requests.clear();
    phone.call.signal(SIGTERM);
    CHECK(phone.call.end() == 0);
    CHECK(phone.in.mapped() == 0);
    CHECK(phone.sent("delete udp " + phone.rtp) >= 1);
    CHECK(phone.sent("delete udp " + phone.rtcp) >= 1);
    CHECK(phone.call.count("offer:") == 0);
}

TEST_CASE("voip_call: hanging up after the gateway's answer got lost")
{
    telephone phone;
    REQUIRE(phone.in.run_until_requests(1)); // the clean-up
    phone.in.faults().drop_reply = true;
    REQUIRE(phone.run_until_sent(phone.map_line(phone.rtp)));
    phone.call.signal(SIGINT);
    REQUIRE(phone.call.prints("hung up"));
    phone.in.faults().drop_reply = false;
    CHECK(phone.call.end() == 0);
    CHECK(phone.in.mapped() == 0);
    CHECK(phone.in.wire().back() == "delete udp " + phone.rtp);
}

TEST_CASE("voip_call: a gateway that is silent at the end makes it say so")
{
    telephone phone;
    REQUIRE(phone.call.prints("  a=rtcp:" + phone.rtcp));
    phone.in.faults().ignore_deletes = true;
    phone.call.signal(SIGINT);
    CHECK(phone.call.end() == 3);
    CHECK(phone.in.mapped() == 2);
}

TEST_CASE("voip_call: a refusal does not end the call")
{
    telephone phone;
    phone.in.faults().refuse_maps = 2;
    REQUIRE(phone.in.run_until([&] {
        return std::any_of(phone.call.printed().begin(), phone.call.printed().end(),
                           [](const std::string& line) {
                               return line.starts_with("no ports at the router, the call takes");
                           });
    }));
    CHECK(phone.call.count("hung up") == 0);
    phone.call.signal(SIGINT);
    CHECK(phone.call.end() == 0);
    CHECK(phone.in.mapped() == 0);
}

TEST_CASE("voip_call: where the gateway gives other ports, the offer tells those")
{
    telephone phone;
    phone.in.gateway.model().settings.ports = natpmp::testing::port_policy::own_choice;
    CHECK(phone.call.prints("  m=audio 49152 RTP/AVP 0"));
    CHECK(phone.call.prints("  a=rtcp:49153"));
}

} // namespace voip_call_test
