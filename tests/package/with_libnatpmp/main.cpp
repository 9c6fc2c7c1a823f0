// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// libnatpmp first: its macros are there when our headers are read.
#include <natpmp.h>

#include <natpmp/natpmp.hpp>

#include <asio/io_context.hpp>

#include <arpa/inet.h>

#include <iostream>

int main()
{
    natpmp_t theirs;
    if (initnatpmp(&theirs, 1, inet_addr("127.0.0.1")) != 0 || closenatpmp(&theirs) != 0)
        return 1;

    asio::io_context context;
    natpmp::client ours(context.get_executor());
    std::cout << NATPMP_VERSION_STRING << '\n';
}
