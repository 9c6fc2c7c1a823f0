# FindAsio.cmake is installed beside this file.
list(PREPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")
find_package(Asio 1.22.1 MODULE QUIET)
list(POP_FRONT CMAKE_MODULE_PATH)

if(NOT Asio_FOUND)
    set(asio-natpmp_FOUND FALSE)
    set(asio-natpmp_NOT_FOUND_MESSAGE
        "asio-natpmp needs Asio 1.22.1 or newer and threads. Set Asio_ROOT to where Asio is."
    )
    return()
endif()

include("${CMAKE_CURRENT_LIST_DIR}/asio-natpmp-targets.cmake")
