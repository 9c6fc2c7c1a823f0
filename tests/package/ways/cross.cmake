# For Windows, with a toolchain that looks nowhere but in its own roots; Asio's headers are a
# directory of their own, since the system's directory would bring headers for another system.
install_to("${prefix}")
file(MAKE_DIRECTORY "${WORK}/asio")
foreach(name asio asio.hpp)
    file(CREATE_LINK "${ASIO_HEADERS}/${name}" "${WORK}/asio/${name}" SYMBOLIC)
endforeach()
set(ASIO "${WORK}/asio")
set(COMPILER "${CROSS_COMPILER}")
build_project("${here}/installed"
    "-DCMAKE_TOOLCHAIN_FILE=${here}/ways/cross_toolchain.cmake" "-DCMAKE_FIND_ROOT_PATH=${prefix}"
)
check_files("${WORK}/build/bin" consumer.exe)
