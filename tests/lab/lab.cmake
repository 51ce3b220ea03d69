# Whole homes and routers in network namespaces: bash scripts, and the small programs that they run.
function(dw_lab_tool name)
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/lab/)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE dw_flags fmt::fmt)
  dw_read_headers_once(${name})
endfunction()
dw_lab_tool(lab_shim wanshim.cpp)
dw_lab_tool(lab_phone phone.cpp tftp_get.cpp http_get.cpp socket.cpp)
dw_lab_tool(lab_probe probe.cpp socket.cpp)
dw_lab_tool(lab_half half_server.cpp)
dw_lab_tool(lab_sccp_phone sccp_phone.cpp sccp_lab_phone.cpp sccp_lab_script.cpp sccp_stream.cpp sccp_rtp.cpp socket.cpp)
dw_lab_tool(lab_sccp_server sccp_server.cpp sccp_stream.cpp sccp_rtp.cpp socket.cpp)
dw_lab_tool(lab_sip_phone sip_phone.cpp sip_lab_phone.cpp sip_lab_register.cpp sip_lab_dialog.cpp sip_lab_transfer.cpp
            sip_lab_judge.cpp sip_lab_script.cpp sip_link.cpp sip_call.cpp sip_text.cpp sccp_stream.cpp sccp_rtp.cpp socket.cpp)
target_link_libraries(lab_sip_phone PRIVATE dw_base PkgConfig::CRYPTO)
target_link_libraries(lab_sccp_phone PRIVATE sccp_sims)
target_link_libraries(lab_sccp_server PRIVATE sccp_sims)

# DW_BIN in the environment names another binary than the one just built.
# The labs share two cores with nothing else: what they time out on are seconds of a real network.
file(GLOB labs CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/lab/test_*.sh)
foreach(script ${labs})
  get_filename_component(name ${script} NAME_WE)
  string(REGEX REPLACE "^test_" "lab_" name ${name})
  add_test(NAME ${name} COMMAND bash ${script})
  set_tests_properties(${name} PROPERTIES LABELS lab TIMEOUT 300 SKIP_RETURN_CODE 77 RUN_SERIAL ON ENVIRONMENT
                       "DW_BUILT=$<TARGET_FILE:dropwire>;DW_LAB_TOOLS=$<TARGET_FILE_DIR:lab_phone>")
endforeach()
