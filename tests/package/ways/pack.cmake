# pack(GENERATOR VARIABLE): makes a package as a user would, and sets the one file that comes out.
function(pack generator variable)
    configure("${SOURCE}" "${WORK}/pack"
        -DASIO_NATPMP_BUILD_EXAMPLES=OFF -DASIO_NATPMP_BUILD_TESTS=OFF
    )
    run("${CPACK}" -G ${generator} --config "${WORK}/pack/CPackConfig.cmake" -B "${WORK}/packages")
    file(GLOB packages LIST_DIRECTORIES FALSE "${WORK}/packages/*")
    list(LENGTH packages number)
    if(NOT number EQUAL 1)
        message(FATAL_ERROR "cpack -G ${generator} makes ${packages}")
    endif()
    set(${variable} "${packages}" PARENT_SCOPE)
endfunction()

set(package_files
    include/natpmp/natpmp.hpp
    share/cmake/asio-natpmp/asio-natpmp-config.cmake
    share/cmake/asio-natpmp/FindAsio.cmake
    share/doc/asio-natpmp/LICENSE
    share/pkgconfig/asio-natpmp.pc
)
