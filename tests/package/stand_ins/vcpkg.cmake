# Stand-ins of the functions that vcpkg gives to a portfile: as much of each as the port relies on,
# without a toolchain, a triplet or a debug build.

function(vcpkg_cmake_configure)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" SOURCE_PATH OPTIONS)
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCE_PATH OR NOT VCPKG_BUILD_TYPE STREQUAL "release")
        message(FATAL_ERROR "vcpkg_cmake_configure: ${ARGV}; build type ${VCPKG_BUILD_TYPE}")
    endif()
    configure("${arg_SOURCE_PATH}" "${CURRENT_BUILDTREES_DIR}/${TARGET_TRIPLET}-rel"
        "-DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}"
        "-DCMAKE_PREFIX_PATH=${CURRENT_INSTALLED_DIR}"
        -DCMAKE_ERROR_ON_ABSOLUTE_INSTALL_DESTINATION=ON
        ${arg_OPTIONS}
    )
endfunction()

function(vcpkg_cmake_install)
    run("${CMAKE_COMMAND}" --build "${CURRENT_BUILDTREES_DIR}/${TARGET_TRIPLET}-rel"
        --target install
    )
endfunction()

# Moves the package file to share/, and lets it find its prefix from there.
function(vcpkg_cmake_config_fixup)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "CONFIG_PATH;PACKAGE_NAME" "")
    if(NOT arg_PACKAGE_NAME)
        set(arg_PACKAGE_NAME "${PORT}")
    endif()
    set(from "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}")
    set(to "${CURRENT_PACKAGES_DIR}/share/${arg_PACKAGE_NAME}")
    if(arg_CONFIG_PATH AND NOT from STREQUAL to)
        file(RENAME "${from}" "${to}")
        cmake_path(GET from PARENT_PATH parent)
        if(parent MATCHES "/cmake$")
            file(REMOVE_RECURSE "${parent}")
        endif()
    endif()
    set(up "get_filename_component(_IMPORT_PREFIX \"\${_IMPORT_PREFIX}\" PATH)\n")
    file(GLOB files "${to}/*.cmake")
    foreach(file IN LISTS files)
        file(READ "${file}" content)
        string(REPLACE "${up}${up}${up}" "${up}${up}" content "${content}")
        string(REPLACE "${CURRENT_PACKAGES_DIR}" "\${_IMPORT_PREFIX}" content "${content}")
        file(WRITE "${file}" "${content}")
    endforeach()
endfunction()

# vcpkg puts a prefix of its own in the place of the file's, and asks pkg-config for the package.
function(vcpkg_fixup_pkgconfig)
    file(GLOB_RECURSE files "${CURRENT_PACKAGES_DIR}/*.pc")
    foreach(file IN LISTS files)
        cmake_path(GET file PARENT_PATH directory)
        cmake_path(GET file STEM name)
        file(RELATIVE_PATH prefix "${directory}" "${CURRENT_PACKAGES_DIR}")
        file(READ "${file}" content)
        string(REGEX REPLACE "(^|\n)prefix *=[^\n]*" "" content "${content}")
        file(WRITE "${file}" "prefix=\${pcfiledir}/${prefix}\n${content}")
        if(PKG_CONFIG)
            set(ENV{PKG_CONFIG_PATH} "${directory}")
            run("${PKG_CONFIG}" --print-errors --exists ${name})
        endif()
    endforeach()
endfunction()

function(vcpkg_install_copyright)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "" FILE_LIST)
    file(MAKE_DIRECTORY "${CURRENT_PACKAGES_DIR}/share/${PORT}")
    file(COPY_FILE "${arg_FILE_LIST}" "${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright")
endfunction()
