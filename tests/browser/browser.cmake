# The status page in a headless Chromium, in a lab (tests/lab/lab.cmake has the tools). 77: Chromium is not installed.
add_test(NAME browser_status_page COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/test_status_page.sh)
set_tests_properties(browser_status_page PROPERTIES LABELS browser TIMEOUT 240 SKIP_RETURN_CODE 77 RUN_SERIAL ON ENVIRONMENT
                     "DW_BUILT=$<TARGET_FILE:dropwire>;DW_LAB_TOOLS=$<TARGET_FILE_DIR:lab_phone>")
