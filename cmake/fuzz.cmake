# Fuzzers, with the address and undefined-behaviour sanitizers: cmake -C cmake/fuzz.cmake -S . -B build-fuzz
set(CMAKE_CXX_COMPILER clang++-19 CACHE STRING "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
string(JOIN " " flags
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
    -D_GLIBCXX_ASSERTIONS
)
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -gline-tables-only" CACHE STRING "")
set(CMAKE_CXX_FLAGS "${flags}" CACHE STRING "")
set(ASIO_NATPMP_WARNINGS ON CACHE BOOL "")
set(ASIO_NATPMP_BUILD_EXAMPLES OFF CACHE BOOL "")
set(ASIO_NATPMP_TESTS fuzz CACHE STRING "")
