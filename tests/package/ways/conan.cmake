# Does what `conan create` would do, with a stand-in of Conan.
set(ENV{PYTHONPATH} "${here}/stand_ins")
set(ENV{PYTHONDONTWRITEBYTECODE} 1)
run("${PYTHON}" "${here}/conan_recipe.py"
    "${SOURCE}/cmake/packaging/conan" "${WORK}" ${VERSION} "${ASIO_HEADERS}"
    -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${COMPILER}"
    "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" "-DCMAKE_BUILD_TYPE=${CONFIG}"
)
check_paths("${WORK}/package")
