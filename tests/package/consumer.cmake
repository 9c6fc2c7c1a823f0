# The program of each consumer: MAIN, or else main.cpp beside this file.
if(NOT MAIN)
    set(MAIN "${CMAKE_CURRENT_LIST_DIR}/main.cpp")
endif()
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin/$<0:>")
add_executable(consumer "${MAIN}")
target_link_libraries(consumer PRIVATE asio-natpmp::asio-natpmp)
