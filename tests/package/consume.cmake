# Builds main.cpp against the library in the way that WAY names, and runs it. Each way is a file in
# ways/, made of the functions here.
cmake_minimum_required(VERSION 3.21)

function(run)
    execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# output_of(VARIABLE COMMAND...)
function(output_of variable)
    execute_process(
        COMMAND ${ARGN}
        OUTPUT_VARIABLE output OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY
    )
    set(${variable} "${output}" PARENT_SCOPE)
endfunction()

# The program prints the version that the package says it has.
function(check_program program)
    output_of(printed "${program}")
    if(NOT printed STREQUAL VERSION)
        message(FATAL_ERROR "The program prints ${printed}, not ${VERSION}")
    endif()
endfunction()

# configure(SOURCE BUILD ARGUMENT...): the compiler and Asio are those of the build under test.
function(configure source build)
    set(asio "")
    if(ASIO)
        set(asio "-DAsio_ROOT=${ASIO}")
    endif()
    run("${CMAKE_COMMAND}" -S "${source}" -B "${build}" -G "${GENERATOR}"
        "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}"
        "-DCMAKE_BUILD_TYPE=${CONFIG}" ${asio} ${ARGN}
    )
endfunction()

function(build_project directory)
    configure("${directory}" "${WORK}/build" "-DVERSION=${VERSION}" ${ARGN})
    run("${CMAKE_COMMAND}" --build "${WORK}/build" --config ${CONFIG})
endfunction()

function(consume directory)
    build_project("${directory}" ${ARGN})
    check_program("${WORK}/build/bin/consumer")
endfunction()

# Nothing in a package may remember where it was built or first installed; that is all below BUILD.
function(check_paths directory)
    file(GLOB_RECURSE files "${directory}/*")
    if(NOT files)
        message(FATAL_ERROR "${directory} is empty")
    endif()
    foreach(file IN LISTS files)
        file(READ "${file}" content)
        foreach(place "${SOURCE}" "${BUILD}")
            string(FIND "${content}" "${place}" found)
            if(NOT found EQUAL -1)
                message(FATAL_ERROR "${file} contains ${place}")
            endif()
        endforeach()
    endforeach()
endfunction()

# check_files(DIRECTORY FILE...): they are there.
function(check_files directory)
    foreach(file IN LISTS ARGN)
        if(NOT EXISTS "${directory}/${file}" OR IS_DIRECTORY "${directory}/${file}")
            message(FATAL_ERROR "${directory} has no file ${file}")
        endif()
    endforeach()
endfunction()

function(install_to prefix)
    run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${prefix}")
    check_paths("${prefix}")
endfunction()

file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")
set(here "${CMAKE_CURRENT_LIST_DIR}")
set(prefix "${WORK}/prefix")
include("${here}/ways/${WAY}.cmake")
