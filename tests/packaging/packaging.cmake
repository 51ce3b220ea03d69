# The built package: looked over, and installed in a Debian 12 of its own (root, or a sudo that asks nothing).
file(GLOB packaging_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/packaging/test_*.sh)
foreach(script ${packaging_tests})
  get_filename_component(name ${script} NAME_WE)
  string(REGEX REPLACE "^test_" "packaging_" name ${name})
  add_test(NAME ${name} COMMAND bash ${script})
  set_tests_properties(${name} PROPERTIES LABELS packaging TIMEOUT 600 SKIP_RETURN_CODE 77 RUN_SERIAL ON ENVIRONMENT
                       "DW_BUILT=$<TARGET_FILE:dropwire>;DW_LAB_TOOLS=$<TARGET_FILE_DIR:lab_phone>")
endforeach()
add_test(NAME packaging_completions COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/packaging/completions.sh $<TARGET_FILE:dropwire>)
set_tests_properties(packaging_completions PROPERTIES LABELS packaging TIMEOUT 300)
add_test(NAME packaging_deb COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/packaging/check-deb)
set_tests_properties(packaging_deb PROPERTIES LABELS packaging TIMEOUT 300 SKIP_RETURN_CODE 77)
