// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

#include <natpmp/natpmp.hpp>

#include <asio/io_context.hpp>

#include <iostream>

int main()
{
    asio::io_context context;
    natpmp::client client(context.get_executor());
    std::cout << NATPMP_VERSION_STRING << '\n';
}
