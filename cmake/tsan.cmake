# Thread sanitizer: cmake -C cmake/tsan.cmake -S . -B build-tsan
# With Clang only: GCC 12's does not build Asio's fences.
set(CMAKE_CXX_COMPILER clang++-19 CACHE STRING "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -gline-tables-only" CACHE STRING "")
set(CMAKE_CXX_FLAGS "-fsanitize=thread -fno-omit-frame-pointer" CACHE STRING "")
set(ASIO_NATPMP_WARNINGS ON CACHE BOOL "")
set(ASIO_NATPMP_BUILD_EXAMPLES OFF CACHE BOOL "")
set(ASIO_NATPMP_WHOLE_PROGRAMS ON CACHE BOOL "")
set(ASIO_NATPMP_TESTS api;loopback CACHE STRING "")
