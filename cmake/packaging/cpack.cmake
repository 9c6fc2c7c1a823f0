# cpack -G DEB and cpack -G TGZ. Headers serve every processor, and nothing has to be built first.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

set(CPACK_GENERATOR TGZ DEB)
set(CPACK_PACKAGE_VENDOR "The asio-natpmp authors")
set(CPACK_PACKAGE_CONTACT "The asio-natpmp authors")
set(CPACK_PACKAGE_DESCRIPTION
    "Opens a port on a NAT router by NAT-PMP (RFC 6886) and keeps it open, from
C++20 code on standalone Asio. This package contains headers only."
)
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_PACKAGE_FILE_NAME "asio-natpmp-${PROJECT_VERSION}")

set(CPACK_DEBIAN_PACKAGE_NAME libasio-natpmp-dev)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libasio-dev (>= 1:1.22.1)")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)

# Debian wants the licence where cpack_deb.cmake puts it, in the package only.
install(
    FILES "${PROJECT_SOURCE_DIR}/LICENSE"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/${CPACK_DEBIAN_PACKAGE_NAME}"
    RENAME copyright
    COMPONENT debian
    EXCLUDE_FROM_ALL
)
set(CPACK_PROJECT_CONFIG_FILE "${CMAKE_CURRENT_LIST_DIR}/cpack_deb.cmake")

include(CPack)
