consume("${here}/subdirectory" "-DASIO_NATPMP_SOURCE=${SOURCE}")
