include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# Headers serve every processor, so nothing goes under lib/.
set(ASIO_NATPMP_INSTALL_CMAKEDIR "${CMAKE_INSTALL_DATADIR}/cmake/asio-natpmp"
    CACHE STRING "Where the CMake package goes, relative to the prefix"
)
set(ASIO_NATPMP_INSTALL_PKGCONFIGDIR "${CMAKE_INSTALL_DATADIR}/pkgconfig"
    CACHE STRING "Where the pkg-config file goes, relative to the prefix"
)
mark_as_advanced(ASIO_NATPMP_INSTALL_CMAKEDIR ASIO_NATPMP_INSTALL_PKGCONFIGDIR)

install(
    DIRECTORY "${PROJECT_SOURCE_DIR}/include/natpmp"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    FILES_MATCHING PATTERN "*.hpp"
)

install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# An export set for each flavour: a consumer of one needs not have the other's Asio.
foreach(flavour asio-natpmp boost-asio-natpmp)
    install(
        TARGETS ${flavour}
        EXPORT ${flavour}-targets
        INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    )
    install(
        EXPORT ${flavour}-targets
        NAMESPACE asio-natpmp::
        DESTINATION "${ASIO_NATPMP_INSTALL_CMAKEDIR}"
    )
endforeach()
write_basic_package_version_file(
    "${PROJECT_BINARY_DIR}/asio-natpmp-config-version.cmake"
    COMPATIBILITY SameMinorVersion
    ARCH_INDEPENDENT
)
install(
    FILES
        "${PROJECT_SOURCE_DIR}/cmake/asio-natpmp-config.cmake"
        "${PROJECT_SOURCE_DIR}/cmake/FindAsio.cmake"
        "${PROJECT_SOURCE_DIR}/cmake/boost.cmake"
        "${PROJECT_BINARY_DIR}/asio-natpmp-config-version.cmake"
    DESTINATION "${ASIO_NATPMP_INSTALL_CMAKEDIR}"
)

# Paths in the pkg-config file start at the file itself, so that the prefix can be moved.
file(RELATIVE_PATH pc_prefix
    "${CMAKE_INSTALL_PREFIX}/${ASIO_NATPMP_INSTALL_PKGCONFIGDIR}" "${CMAKE_INSTALL_PREFIX}"
)
string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
    set(pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
else()
    set(pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
if(WIN32)
    set(pc_libs "-lws2_32 -lmswsock -liphlpapi")
else()
    set(pc_libs "-pthread")
endif()
configure_file(cmake/asio-natpmp.pc.in "${PROJECT_BINARY_DIR}/asio-natpmp.pc" @ONLY)
install(
    FILES "${PROJECT_BINARY_DIR}/asio-natpmp.pc"
    DESTINATION "${ASIO_NATPMP_INSTALL_PKGCONFIGDIR}"
)
