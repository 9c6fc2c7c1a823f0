install_to("${prefix}")
consume("${here}/installed" "-DCMAKE_PREFIX_PATH=${prefix}")
