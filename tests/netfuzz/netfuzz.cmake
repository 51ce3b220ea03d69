# A whole Dropwire under mutated pieces; ./dev fuzz throws for longer.
file(GLOB netfuzz_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.cpp)
add_executable(netfuzz ${netfuzz_sources} ${CMAKE_CURRENT_SOURCE_DIR}/lab/sccp_stream.cpp ${CMAKE_CURRENT_SOURCE_DIR}/lab/socket.cpp
               ${CMAKE_CURRENT_SOURCE_DIR}/lab/tftp_get.cpp ${CMAKE_CURRENT_SOURCE_DIR}/lab/http_get.cpp ${CMAKE_CURRENT_SOURCE_DIR}/lab/sccp_rtp.cpp)
target_link_libraries(netfuzz PRIVATE dw_flags dw_base sccp_sims sip_sims Threads::Threads)
dw_read_headers_once(netfuzz)
add_test(NAME netfuzz COMMAND netfuzz $<TARGET_FILE:dropwire> ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus 1 pieces=4000)
set_tests_properties(netfuzz PROPERTIES LABELS fuzz-smoke TIMEOUT 300)
