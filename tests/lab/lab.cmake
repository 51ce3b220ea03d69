# Whole homes and routers in network namespaces: bash scripts, and the small programs that they run.
function(dw_lab_tool name)
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/lab/)
  dw_together(together ${name} ${ARGN})
  add_executable(${name} ${together})
  target_link_libraries(${name} PRIVATE dw_flags fmt::fmt)
  dw_read_headers_once(${name})
endfunction()
dw_lab_tool(lab_shim wanshim.cpp)
dw_lab_tool(lab_phone phone.cpp tftp_get.cpp http_get.cpp socket.cpp)
dw_lab_tool(lab_probe probe.cpp socket.cpp)
dw_lab_tool(lab_half half_server.cpp)
dw_lab_tool(lab_crowd crowd.cpp)
dw_lab_tool(lab_hostile_igd hostile_igd.cpp)
target_link_libraries(lab_hostile_igd PRIVATE Threads::Threads)
dw_lab_tool(lab_sccp_phone sccp_phone.cpp sccp_lab_phone.cpp sccp_lab_script.cpp sccp_stream.cpp sccp_rtp.cpp script.cpp socket.cpp)
dw_lab_tool(lab_sccp_server sccp_server.cpp sccp_stream.cpp sccp_rtp.cpp script.cpp socket.cpp)
dw_lab_tool(lab_sip_phone sip_phone.cpp sip_lab_phone.cpp sip_lab_register.cpp sip_lab_dialog.cpp sip_lab_incoming.cpp sip_lab_transfer.cpp
            sip_lab_judge.cpp sip_lab_script.cpp sip_link.cpp sip_call.cpp sip_digest.cpp script.cpp sccp_stream.cpp sccp_rtp.cpp socket.cpp)
target_link_libraries(lab_sip_phone PRIVATE dw_base sip_sims PkgConfig::CRYPTO)
target_link_libraries(lab_sccp_phone PRIVATE sccp_sims)
target_link_libraries(lab_sccp_server PRIVATE sccp_sims)

# A script as a test. DW_BIN in the environment names another binary than the one just built. 77: it can't run here.
# Each has namespaces of its own and mostly waits for them, so some run beside each other.
function(dw_script_test label name script limit)
  add_test(NAME ${label}_${name} COMMAND bash ${script} ${ARGN})
  set_tests_properties(${label}_${name} PROPERTIES LABELS ${label} TIMEOUT ${limit} SKIP_RETURN_CODE 77 ENVIRONMENT
                       "DW_BUILT=$<TARGET_FILE:dropwire>;DW_LAB_TOOLS=$<TARGET_FILE_DIR:lab_phone>")
endfunction()
# dw_script_tests(LABEL FOLDER SECONDS): each FOLDER/test_NAME.sh is the test LABEL_NAME
function(dw_script_tests label folder limit)
  file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/test_*.sh)
  foreach(script ${scripts})
    get_filename_component(name ${script} NAME_WE)
    string(REGEX REPLACE "^test_" "" name ${name})
    dw_script_test(${label} ${name} ${script} ${limit})
  endforeach()
endfunction()
dw_script_tests(lab lab 300)
dw_script_tests(browser browser 240)  # the status page in a headless Chromium, in a lab
dw_script_tests(packaging packaging 600)  # installed in a Debian 12 of its own (root, or a sudo that asks nothing)
dw_script_test(packaging completions ${CMAKE_CURRENT_SOURCE_DIR}/packaging/completions.sh 300)
dw_script_test(packaging deb ${CMAKE_CURRENT_SOURCE_DIR}/packaging/check-deb 300)
