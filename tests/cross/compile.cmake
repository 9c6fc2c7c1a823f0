# Compiles and links the examples and the test of the layout for TARGET.
set(ENV{ZIG_GLOBAL_CACHE_DIR} "${WORK}/zig")
set(ENV{ZIG_LOCAL_CACHE_DIR} "${WORK}/zig")
file(MAKE_DIRECTORY "${WORK}/${TARGET}")
foreach(source examples/minimal examples/map_port tests/cross/macos_layout)
    cmake_path(GET source FILENAME name)
    execute_process(
        COMMAND "${ZIG}" c++ -target ${TARGET} -std=c++20
            -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
            -DASIO_STANDALONE -DASIO_HAS_CO_AWAIT=1 -DASIO_HAS_STD_COROUTINE=1
            -I "${SOURCE}/include" -I "${SOURCE}/tests" -isystem "${WORK}/include"
            "${SOURCE}/${source}.cpp" -o "${WORK}/${TARGET}/${name}"
        COMMAND_ERROR_IS_FATAL ANY
    )
endforeach()
