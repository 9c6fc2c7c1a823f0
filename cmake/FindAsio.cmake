# Finds standalone Asio: defines asio::asio, Asio_FOUND and Asio_VERSION.
#
# An asio::asio that is there already is used as it is; else a config package is looked for, else
# the headers. With Asio_ROOT or asio_ROOT given, as variable or in the environment, Asio is looked
# for there and nowhere else: another version than the one asked for would be worse than none.

set(_asio_roots "")
foreach(_asio_root Asio_ROOT asio_ROOT ASIO_ROOT)
    list(APPEND _asio_roots ${${_asio_root}})
    if(DEFINED ENV{${_asio_root}})
        file(TO_CMAKE_PATH "$ENV{${_asio_root}}" _asio_env)
        list(APPEND _asio_roots ${_asio_env})
    endif()
endforeach()
set(_asio_where "")
set(_asio_reason "set Asio_ROOT to where it is")
if(_asio_roots)
    set(_asio_where PATHS ${_asio_roots} NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
    set(_asio_reason "looked only in Asio_ROOT: ${_asio_roots}")
endif()

# Nothing is kept in the cache, so that a new root counts in an old build tree too.
if(_asio_roots)
    unset(asio_DIR CACHE)
endif()
if(NOT TARGET asio::asio)
    find_package(asio CONFIG QUIET ${_asio_where})
endif()
if(_asio_roots)
    unset(asio_DIR CACHE)
endif()

if(TARGET asio::asio)
    set(_asio_target asio::asio)
    get_target_property(_asio_alias asio::asio ALIASED_TARGET)
    if(_asio_alias)
        set(_asio_target "${_asio_alias}")
    endif()
    get_target_property(Asio_INCLUDE_DIR ${_asio_target} INTERFACE_INCLUDE_DIRECTORIES)
    string(REGEX REPLACE
        "\\$<BUILD_INTERFACE:([^>]*)>" "\\1" Asio_INCLUDE_DIR "${Asio_INCLUDE_DIR}"
    )
else()
    find_path(Asio_INCLUDE_DIR asio/version.hpp ${_asio_where}
        PATH_SUFFIXES include asio/include
        NO_CACHE
    )
endif()

# ASIO_VERSION 102201 is 1.22.1.
unset(Asio_VERSION)
foreach(_asio_dir IN LISTS Asio_INCLUDE_DIR)
    if(EXISTS "${_asio_dir}/asio/version.hpp")
        file(STRINGS "${_asio_dir}/asio/version.hpp" _asio_line REGEX "define ASIO_VERSION [0-9]+")
        string(REGEX MATCH "[0-9]+" _asio_number "${_asio_line}")
        math(EXPR _asio_major "${_asio_number} / 100000")
        math(EXPR _asio_minor "${_asio_number} / 100 % 1000")
        math(EXPR _asio_patch "${_asio_number} % 100")
        set(Asio_VERSION "${_asio_major}.${_asio_minor}.${_asio_patch}")
        break()
    endif()
endforeach()
if(TARGET asio::asio)
    set(Asio_INCLUDE_DIR "asio::asio")
endif()

find_package(Threads QUIET)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Asio
    REQUIRED_VARS Asio_INCLUDE_DIR Threads_FOUND
    VERSION_VAR Asio_VERSION
    REASON_FAILURE_MESSAGE "${_asio_reason}"
)

if(Asio_FOUND AND NOT TARGET asio::asio)
    set(_asio_target asio::asio)
    add_library(asio::asio INTERFACE IMPORTED)
    target_include_directories(asio::asio INTERFACE "${Asio_INCLUDE_DIR}")
    target_compile_definitions(asio::asio INTERFACE ASIO_STANDALONE)
    target_link_libraries(asio::asio INTERFACE Threads::Threads)
    if(WIN32)
        target_link_libraries(asio::asio INTERFACE ws2_32 mswsock iphlpapi)
    endif()
endif()

# Asio before 1.26 does not see that Clang has coroutines; the whole program must agree on it.
if(Asio_FOUND AND Asio_VERSION AND Asio_VERSION VERSION_LESS 1.26)
    get_target_property(_asio_definitions ${_asio_target} INTERFACE_COMPILE_DEFINITIONS)
    if(NOT "${_asio_definitions}" MATCHES "ASIO_HAS_CO_AWAIT")
        target_compile_definitions(${_asio_target} INTERFACE
            $<$<CXX_COMPILER_ID:Clang,AppleClang>:ASIO_HAS_CO_AWAIT=1>
            $<$<CXX_COMPILER_ID:Clang,AppleClang>:ASIO_HAS_STD_COROUTINE=1>
        )
    endif()
endif()
