# What examples and tests are compiled with; nothing of it reaches the library's users.
add_library(natpmp_warnings INTERFACE)
if(ASIO_NATPMP_WARNINGS)
    if(MSVC)
        target_compile_options(natpmp_warnings INTERFACE /W4 /WX)
    else()
        target_compile_options(
            natpmp_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
        )
    endif()
endif()
