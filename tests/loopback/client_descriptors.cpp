// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// The descriptors of client and gateway are not for the programs that the application starts.

#include "loopback/client_support.hpp"

#if defined(__linux__)

#include <filesystem>
#include <set>

#include <fcntl.h>

namespace client_descriptors_test {
using namespace loopback_test;

std::set<int> open_descriptors()
{
    std::set<int> result;
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd"))
        result.insert(std::stoi(each.path().filename().string()));
    return result;
}

TEST_CASE("client and fake_gateway: a program that is started inherits no descriptor")
{
    const auto before = open_descriptors();
    world in;
    auto options = in.options();
    options.announcements = true;
    {
        const asio::ip::udp::socket probe(in.context, {asio::ip::address_v4{0xE0000001}, 0});
        options.announcement_port = probe.local_endpoint().port();
    }
    client on(in.context, options);
    CHECK_FALSE(map(in, on).error);

    int sockets = 0;
    for (const int descriptor : open_descriptors()) {
        const int flags = ::fcntl(descriptor, F_GETFD);
        if (flags < 0 || before.contains(descriptor))
            continue; // of the listing itself, or not ours
        const auto link =
            std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor)).string();
        sockets += link.starts_with("socket:") ? 1 : 0;
        INFO(link);
        CHECK((flags & FD_CLOEXEC) != 0);
    }
    CHECK(sockets >= 3); // requests, announcements, the gateway
}

} // namespace client_descriptors_test

#endif
