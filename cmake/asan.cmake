# Address and undefined-behaviour sanitizers: cmake -C cmake/asan.cmake -S . -B build-asan
set(CMAKE_CXX_COMPILER clang++-19 CACHE STRING "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
string(JOIN " " flags
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
    -D_GLIBCXX_ASSERTIONS
)
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -gline-tables-only" CACHE STRING "")
set(CMAKE_CXX_FLAGS "${flags}" CACHE STRING "")
set(ASIO_NATPMP_WARNINGS ON CACHE BOOL "")
set(ASIO_NATPMP_SIM_SEEDS 6 CACHE STRING "")
set(ASIO_NATPMP_WHOLE_PROGRAMS ON CACHE BOOL "")
set(ASIO_NATPMP_TESTS unit;sim;api;loopback;attack;gateway CACHE STRING "")
