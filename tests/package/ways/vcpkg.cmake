# Executes the overlay port with stand-ins of vcpkg's functions, and moves what it packages to where
# vcpkg would install it.
set(PORT asio-natpmp)
set(CURRENT_PORT_DIR "${SOURCE}/cmake/packaging/vcpkg/${PORT}")

file(READ "${CURRENT_PORT_DIR}/vcpkg.json" manifest)
foreach(member "name;${PORT}" "version;${VERSION}" "license;BSL-1.0")
    list(POP_FRONT member name)
    string(JSON value GET "${manifest}" ${name})
    if(NOT value STREQUAL member)
        message(FATAL_ERROR "vcpkg.json: ${name} is ${value}, not ${member}")
    endif()
endforeach()
string(JSON asio GET "${manifest}" dependencies 0)
string(JSON boost GET "${manifest}" features boost dependencies 0)
if(NOT asio STREQUAL "asio" OR NOT boost STREQUAL "boost-asio")
    message(FATAL_ERROR "vcpkg.json: the dependencies are ${asio} and ${boost}")
endif()

set(TARGET_TRIPLET stand-in)
set(CURRENT_PACKAGES_DIR "${WORK}/packages/${PORT}_${TARGET_TRIPLET}")
set(CURRENT_BUILDTREES_DIR "${WORK}/buildtrees/${PORT}")
set(CURRENT_INSTALLED_DIR "${WORK}/installed/${TARGET_TRIPLET}")

# vcpkg's own port of Asio has a target that only links another one.
file(WRITE "${CURRENT_INSTALLED_DIR}/share/asio/asio-config.cmake" "
    add_library(asio INTERFACE IMPORTED)
    target_include_directories(asio INTERFACE \"${ASIO_HEADERS}\")
    target_compile_definitions(asio INTERFACE ASIO_STANDALONE)
    add_library(asio::asio INTERFACE IMPORTED)
    target_link_libraries(asio::asio INTERFACE asio)
")

include("${here}/stand_ins/vcpkg.cmake")
include("${CURRENT_PORT_DIR}/portfile.cmake")

check_paths("${CURRENT_PACKAGES_DIR}")
check_files("${CURRENT_PACKAGES_DIR}"
    include/natpmp/natpmp.hpp
    share/${PORT}/${PORT}-config.cmake
    share/${PORT}/${PORT}-config-version.cmake
    share/${PORT}/${PORT}-targets.cmake
    share/${PORT}/FindAsio.cmake
    share/${PORT}/copyright
    share/${PORT}/usage
    share/pkgconfig/${PORT}.pc
)
# What vcpkg's own checks would complain about.
file(GLOB_RECURSE everything LIST_DIRECTORIES TRUE RELATIVE "${CURRENT_PACKAGES_DIR}"
    "${CURRENT_PACKAGES_DIR}/*"
)
list(FILTER everything INCLUDE REGEX "^(lib|bin|debug|share/cmake|share/doc)(/|$)")
if(everything)
    message(FATAL_ERROR "The port packages ${everything}")
endif()

file(COPY "${CURRENT_PACKAGES_DIR}/" DESTINATION "${CURRENT_INSTALLED_DIR}")
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}")
consume("${here}/installed" "-DCMAKE_PREFIX_PATH=${CURRENT_INSTALLED_DIR}")
