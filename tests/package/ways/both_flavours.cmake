# Standalone Asio and Boost.Asio in one program, by the package's components.
install_to("${prefix}")
consume("${here}/both_flavours" "-DCMAKE_PREFIX_PATH=${prefix}")
