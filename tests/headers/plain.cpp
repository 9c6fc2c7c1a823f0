// Copyright (c) 2026 The asio-natpmp authors.
// Distributed under the Boost Software License, Version 1.0. (See LICENSE.)

// A program without RTTI, or without exceptions.

#include "support/ask_nobody.hpp"

#include <cstdlib>

#if defined(ASIO_NO_EXCEPTIONS)
// What Asio has such programs define.
template <class Exception>
void asio::detail::throw_exception(const Exception&
#if defined(ASIO_SOURCE_LOCATION_PARAM)
                                       ASIO_SOURCE_LOCATION_PARAM
#endif
)
{
    std::abort();
}
#endif

int main()
{
    return ask_nobody() == natpmp::errc::not_supported ? 0 : 1;
}
