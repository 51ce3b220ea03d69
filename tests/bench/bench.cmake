# Not built by default: ./dev bench builds it and runs run.sh.
add_executable(tftp_load EXCLUDE_FROM_ALL ${CMAKE_CURRENT_SOURCE_DIR}/bench/tftp_load.cpp)
target_link_libraries(tftp_load PRIVATE dw_flags)
# media_bench.sh builds and runs these.
add_executable(media_gen EXCLUDE_FROM_ALL ${CMAKE_CURRENT_SOURCE_DIR}/bench/media_gen.cpp)
target_link_libraries(media_gen PRIVATE dw_flags)
add_executable(media_relay_host EXCLUDE_FROM_ALL ${CMAKE_CURRENT_SOURCE_DIR}/bench/media_relay_host.cpp)
target_link_libraries(media_relay_host PRIVATE nat)
if(TARGET nat_fast_loader)
  target_link_libraries(media_relay_host PRIVATE nat_fast_loader nat_fast)
  target_compile_definitions(media_relay_host PRIVATE DW_HAS_FAST)
endif()
# sccp_bench.sh builds and runs this.
add_executable(sccp_load EXCLUDE_FROM_ALL ${CMAKE_CURRENT_SOURCE_DIR}/bench/sccp_load.cpp)
target_link_libraries(sccp_load PRIVATE dw_flags)
# sip_bench.sh builds and runs these; sip_parse needs libosip2-dev.
add_executable(sip_load EXCLUDE_FROM_ALL ${CMAKE_CURRENT_SOURCE_DIR}/bench/sip_load.cpp)
target_link_libraries(sip_load PRIVATE dw_flags)
add_executable(sip_parse EXCLUDE_FROM_ALL ${CMAKE_CURRENT_SOURCE_DIR}/bench/sip_parse.cpp)
target_link_libraries(sip_parse PRIVATE sip_core osipparser2)
# strangers_bench.sh builds and runs this.
add_executable(answer_times EXCLUDE_FROM_ALL ${CMAKE_CURRENT_SOURCE_DIR}/bench/answer_times.cpp ${CMAKE_CURRENT_SOURCE_DIR}/lab/sccp_stream.cpp
               ${CMAKE_CURRENT_SOURCE_DIR}/lab/socket.cpp)
target_link_libraries(answer_times PRIVATE dw_base sip_sims)
# full_bench.sh builds and runs this.
add_executable(full_tables EXCLUDE_FROM_ALL ${CMAKE_CURRENT_SOURCE_DIR}/bench/full_tables.cpp ${CMAKE_CURRENT_SOURCE_DIR}/lab/sccp_stream.cpp
               ${CMAKE_CURRENT_SOURCE_DIR}/lab/socket.cpp)
target_link_libraries(full_tables PRIVATE dw_base sip_sims)
# Verdicts of 10,000 phones after a restart: built and run by hand.
add_executable(judging EXCLUDE_FROM_ALL ${CMAKE_CURRENT_SOURCE_DIR}/bench/judging.cpp)
target_link_libraries(judging PRIVATE admin)
