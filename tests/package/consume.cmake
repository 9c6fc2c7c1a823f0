# Builds main.cpp against the library in the way that WAY names, and runs it.
cmake_minimum_required(VERSION 3.21)

function(run)
    execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# The program prints the version that the package says it has.
function(check_program program)
    execute_process(
        COMMAND "${program}" OUTPUT_VARIABLE printed OUTPUT_STRIP_TRAILING_WHITESPACE
        COMMAND_ERROR_IS_FATAL ANY
    )
    if(NOT printed STREQUAL VERSION)
        message(FATAL_ERROR "The program prints ${printed}, not ${VERSION}")
    endif()
endfunction()

function(build_project directory)
    set(asio "")
    if(ASIO)
        set(asio "-DAsio_ROOT=${ASIO}")
    endif()
    run("${CMAKE_COMMAND}" -S "${directory}" -B "${WORK}/build" -G "${GENERATOR}"
        "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}"
        -DCMAKE_BUILD_TYPE=Release "-DVERSION=${VERSION}" ${asio} ${ARGN}
    )
    run("${CMAKE_COMMAND}" --build "${WORK}/build" --config Release)
    check_program("${WORK}/build/bin/consumer")
endfunction()

file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")
set(here "${CMAKE_CURRENT_LIST_DIR}")
set(prefix "${WORK}/prefix")

if(NOT WAY STREQUAL "subdirectory")
    run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${prefix}")

    # Nothing installed may remember where it was built or first installed.
    file(GLOB_RECURSE installed "${prefix}/*")
    foreach(file IN LISTS installed)
        file(READ "${file}" content)
        foreach(place "${SOURCE}" "${BUILD}" "${prefix}")
            string(FIND "${content}" "${place}" found)
            if(NOT found EQUAL -1)
                message(FATAL_ERROR "${file} contains ${place}")
            endif()
        endforeach()
    endforeach()
endif()

if(WAY STREQUAL "installed")
    build_project("${here}/installed" "-DCMAKE_PREFIX_PATH=${prefix}")
elseif(WAY STREQUAL "moved")
    file(RENAME "${prefix}" "${WORK}/another place")
    build_project("${here}/installed" "-DCMAKE_PREFIX_PATH=${WORK}/another place")
elseif(WAY STREQUAL "subdirectory")
    build_project("${here}/subdirectory" "-DASIO_NATPMP_SOURCE=${SOURCE}")
elseif(WAY STREQUAL "pkg_config")
    file(RENAME "${prefix}" "${WORK}/moved")
    set(ENV{PKG_CONFIG_PATH} "${WORK}/moved/share/pkgconfig")
    run("${PKG_CONFIG}" --exact-version=${VERSION} asio-natpmp)
    execute_process(
        COMMAND "${PKG_CONFIG}" --cflags --libs asio-natpmp
        OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY
    )
    separate_arguments(flags UNIX_COMMAND "${flags}")
    if(ASIO)
        list(APPEND flags "-I${ASIO}")
    endif()
    run(${LAUNCHER} "${COMPILER}" -std=c++20 "${here}/main.cpp" ${flags} -o "${WORK}/consumer")
    check_program("${WORK}/consumer")
else()
    message(FATAL_ERROR "WAY is ${WAY}")
endif()
