# The layout's rules, proved from the include lists (bash and awk); words, how sources are set, and the lines of the log.
add_test(NAME arch_tree COMMAND ${CMAKE_CURRENT_LIST_DIR}/check_tree.sh ${CMAKE_SOURCE_DIR})
add_test(NAME arch_words COMMAND ${CMAKE_CURRENT_LIST_DIR}/check_words.sh)
add_test(NAME arch_format COMMAND ${CMAKE_CURRENT_LIST_DIR}/check_format.sh)
add_test(NAME arch_events COMMAND ${CMAKE_CURRENT_LIST_DIR}/check_events.sh ${CMAKE_SOURCE_DIR})
add_test(NAME arch_self_check COMMAND ${CMAKE_CURRENT_LIST_DIR}/self_check.sh)
add_test(NAME arch_self_check_events COMMAND ${CMAKE_CURRENT_LIST_DIR}/self_check_events.sh)
set_tests_properties(arch_tree arch_words arch_format arch_events arch_self_check arch_self_check_events PROPERTIES LABELS arch TIMEOUT 60 SKIP_RETURN_CODE 77)
