# Puts sbc/admin/page.html into the program as a string.
file(READ ${CMAKE_SOURCE_DIR}/sbc/admin/page.html DW_PAGE)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sbc/admin/page.html)
configure_file(${CMAKE_SOURCE_DIR}/sbc/admin/page_text.cpp.in ${CMAKE_BINARY_DIR}/generated/page_text.cpp @ONLY)
target_sources(admin PRIVATE ${CMAKE_BINARY_DIR}/generated/page_text.cpp)
