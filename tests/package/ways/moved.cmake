install_to("${prefix}")
file(RENAME "${prefix}" "${WORK}/another place")
consume("${here}/installed" "-DCMAKE_PREFIX_PATH=${WORK}/another place")
