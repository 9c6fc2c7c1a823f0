# Windows from Linux: cmake -C cmake/mingw.cmake -S . -B build-mingw
# A prefix with Asio's and Catch2's headers, without the host's, goes into CMAKE_PREFIX_PATH.
set(CMAKE_SYSTEM_NAME Windows CACHE STRING "")
set(CMAKE_SYSTEM_PROCESSOR x86_64 CACHE STRING "")
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix CACHE STRING "")
set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32 CACHE STRING "")
set(CMAKE_EXE_LINKER_FLAGS -static CACHE STRING "")
# Asio wants to be told the oldest Windows; big test files have more sections than the format's plain
# form can hold.
set(CMAKE_CXX_FLAGS "-D_WIN32_WINNT=0x0A00 -Wa,-mbig-obj" CACHE STRING "")
set(CMAKE_CXX_FLAGS_DEBUG -O1 CACHE STRING "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CROSSCOMPILING_EMULATOR wine CACHE STRING "")
# All names of an object file must fit into 10 MB.
set(ASIO_NATPMP_UNITY_BATCH 4 CACHE STRING "")
set(ASIO_NATPMP_WARNINGS ON CACHE BOOL "")
set(ASIO_NATPMP_WHOLE_PROGRAMS ON CACHE BOOL "")
# Wine binds to any address, and sends from 127.0.0.1 whatever loopback address that is. Hidden tests
# would run with a filter that only leaves out.
set(ASIO_NATPMP_TEST_FILTER ~[addresses]~[.] CACHE STRING "")
# Not the simulation: it has nothing of the system, and takes a hundred times as long under Wine.
set(ASIO_NATPMP_TESTS unit;api;loopback CACHE STRING "")
