consume("${here}/fetch_content" "-DASIO_NATPMP_SOURCE=${SOURCE}")
