# The C library's <natpmp.h> and our <natpmp/natpmp.hpp> in one program.
install_to("${prefix}")
consume("${here}/with_libnatpmp" "-DCMAKE_PREFIX_PATH=${prefix}")
