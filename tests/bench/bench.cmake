# Not built by default: ./dev bench builds it and runs run.sh.
add_executable(tftp_load EXCLUDE_FROM_ALL ${CMAKE_CURRENT_SOURCE_DIR}/bench/tftp_load.cpp)
target_link_libraries(tftp_load PRIVATE dw_flags)
