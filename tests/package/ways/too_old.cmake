# An Asio and a Boost that are too old are named, in CMake and by the compiler.
install_to("${prefix}")
set(old "${WORK}/old")
file(WRITE "${old}/include/asio/version.hpp" "#define ASIO_VERSION 101802 // 1.18.2\n")
file(WRITE "${old}/include/boost/version.hpp"
    "#define BOOST_VERSION 107400\n#define BOOST_LIB_VERSION \"1_74\"\n"
)

# refused(TEXT COMMAND...): fails, and says this, whatever the line breaks.
function(refused text)
    execute_process(
        COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output
    )
    string(REGEX REPLACE "[ \n]+" " " output "${output}")
    string(FIND "${output}" "${text}" found)
    if(result EQUAL 0 OR found EQUAL -1)
        message(FATAL_ERROR "Exit code ${result}, without '${text}':\n${output}")
    endif()
endfunction()

foreach(component asio boost-asio)
    set(text_asio "Asio 1.18.2 is too old.")
    set(text_boost-asio "Boost 1.78 or newer (Boost 1.74 in ${old}/include")
    refused("${text_${component}}" "${CMAKE_COMMAND}" -S "${here}/too_old" -B "${WORK}/${component}"
        -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DVERSION=${VERSION}"
        "-DCOMPONENT=${component}" "-DCMAKE_PREFIX_PATH=${prefix}" "-DAsio_ROOT=${old}"
        "-DBoost_ROOT=${old}" -DBoost_NO_SYSTEM_PATHS=ON
    )
endforeach()

file(WRITE "${WORK}/main.cpp" "#include <natpmp/natpmp.hpp>\n")
refused("asio-natpmp needs Asio 1.22.1 or newer (Boost 1.78 or newer)" "${COMPILER}" -std=c++20
    -fsyntax-only "-I${old}/include" "-I${prefix}/include" "${WORK}/main.cpp"
)
