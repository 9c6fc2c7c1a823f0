# Finds the Boost that the flavour boost-asio needs. Sets natpmp_boost_missing: empty, or what is
# missing, with the version of a Boost that was found and is too old.
find_package(Boost 1.78 QUIET)
set(natpmp_boost_missing "")
if(NOT Boost_FOUND)
    set(natpmp_boost_missing "Boost 1.78 or newer")
    find_path(_natpmp_boost_dir boost/version.hpp
        HINTS ${Boost_ROOT} ${BOOST_ROOT} ENV Boost_ROOT ENV BOOST_ROOT
        PATH_SUFFIXES include
        NO_CACHE
    )
    if(_natpmp_boost_dir)
        file(STRINGS "${_natpmp_boost_dir}/boost/version.hpp" _natpmp_boost_line
            REGEX "define BOOST_LIB_VERSION"
        )
        string(REGEX REPLACE ".*\"([0-9_]+)\".*" "\\1" _natpmp_boost_line "${_natpmp_boost_line}")
        string(REPLACE "_" "." _natpmp_boost_line "${_natpmp_boost_line}")
        if(_natpmp_boost_line VERSION_LESS 1.78)
            string(APPEND natpmp_boost_missing " (Boost ${_natpmp_boost_line} in "
                "${_natpmp_boost_dir} is too old: its Asio is older than 1.22.1)"
            )
        else()
            string(APPEND natpmp_boost_missing " (the headers of Boost ${_natpmp_boost_line} are in "
                "${_natpmp_boost_dir}, but its CMake package was not found)"
            )
        endif()
    endif()
    unset(_natpmp_boost_dir)
endif()
