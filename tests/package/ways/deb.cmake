# The package is unpacked and used, not installed into the system.
include("${here}/ways/pack.cmake")
pack(DEB package)
cmake_path(GET package FILENAME name)
if(NOT name STREQUAL "libasio-natpmp-dev_${VERSION}_all.deb")
    message(FATAL_ERROR "The package is ${name}")
endif()

output_of(control "${DPKG_DEB}" -I "${package}")
foreach(line
    "Package: libasio-natpmp-dev"
    "Version: ${VERSION}"
    "Architecture: all"
    "Depends: libasio-dev (>= 1:1.22.1)"
    "Maintainer: The asio-natpmp authors"
)
    string(FIND "${control}\n" " ${line}\n" found)
    if(found EQUAL -1)
        message(FATAL_ERROR "${line}: not in\n${control}")
    endif()
endforeach()

# Owned by root, and nothing outside /usr or under a directory for one processor.
output_of(content "${DPKG_DEB}" -c "${package}")
string(REGEX MATCHALL "[^\n]+" content "${content}")
foreach(line IN LISTS content)
    if(NOT line MATCHES " root/root .* \\./(usr/((include|share)/.*)?)?$")
        message(FATAL_ERROR "The package contains ${line}")
    endif()
endforeach()

run("${DPKG_DEB}" -x "${package}" "${WORK}/root")
check_paths("${WORK}/root")
check_files("${WORK}/root/usr" ${package_files} share/doc/libasio-natpmp-dev/copyright)
consume("${here}/installed" "-DCMAKE_PREFIX_PATH=${WORK}/root/usr")
