// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// without_netlink PROGRAM ARGUMENT...: runs a program that can have no netlink socket. Its exit
// status is the program's, or 77 where that cannot be arranged.

#include "support/without_netlink.hpp"

#include <cstdio>

#include <unistd.h>

int main(int count, char* arguments[])
{
    if (count < 2) {
        std::fprintf(stderr, "usage: %s PROGRAM ARGUMENT...\n", arguments[0]);
        return 2;
    }
    if (!without_netlink::forbid_netlink()) {
        std::perror("no seccomp filter");
        return 77;
    }
    ::execvp(arguments[1], arguments + 1);
    std::perror(arguments[1]);
    return 127;
}
