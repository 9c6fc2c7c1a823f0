# For developers: cmake -C cmake/dev.cmake -S . -B build
# A kind of test that is named in ASIO_NATPMP_TESTS must be buildable; unnamed, it may be left out.
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_EXPORT_COMPILE_COMMANDS ON CACHE BOOL "")
set(ASIO_NATPMP_WARNINGS ON CACHE BOOL "")
set(ASIO_NATPMP_TESTS headers;unit;sim;api;loopback;attack;examples;gateway;clients;package;docs;bench CACHE STRING "")
