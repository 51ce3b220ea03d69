# The program in the kernel: compiled by clang to an object that the loader carries. Where clang or libbpf is missing the build
# goes on without the loader.
dw_part(nat_fast_core nat/fast/core dw_base)
dw_part(nat_fast nat/fast nat_fast_core nat_media dw_net)
find_program(DW_BPF_CLANG NAMES clang-14 clang)
pkg_check_modules(BPF IMPORTED_TARGET libbpf)
if(DW_BPF_CLANG AND BPF_FOUND)
  set(object ${CMAKE_BINARY_DIR}/generated/fast.bpf.o)
  set(carried ${CMAKE_BINARY_DIR}/generated/fast_object.cpp)
  set(program ${CMAKE_SOURCE_DIR}/nat/fast/fast.bpf.c)
  # Freestanding: clang's own <stdint.h>, as the C library has none for this machine. -g: the maps are described by BTF.
  add_custom_command(
    OUTPUT ${carried} BYPRODUCTS ${object}
    COMMAND ${DW_BPF_CLANG} -target bpf -mcpu=v2 -O2 -g -ffreestanding -Wall -Wextra -Werror -fdebug-prefix-map=${CMAKE_SOURCE_DIR}=.
            -fdebug-compilation-dir=. -I${CMAKE_SOURCE_DIR} -I/usr/include/${CMAKE_LIBRARY_ARCHITECTURE} -c ${program} -o ${object}
    COMMAND ${CMAKE_COMMAND} -DOBJECT=${object} -DCARRIED=${carried} -P ${CMAKE_SOURCE_DIR}/nat/fast/carry.cmake
    DEPENDS ${program} ${CMAKE_SOURCE_DIR}/nat/fast/flow.h ${CMAKE_SOURCE_DIR}/nat/core/media/rtp_count.h
            ${CMAKE_SOURCE_DIR}/nat/fast/carry.cmake
    VERBATIM)
  dw_part(nat_fast_loader nat/fast/loader nat_fast_core PkgConfig::BPF)
  target_sources(nat_fast_loader PRIVATE ${carried})
  # It has rights, so it is linked with little: of dw_net that one file, and none of its libraries.
  add_executable(dropwire-fast nat/fast/loader/command/main.cpp sbc/net/notify.cpp)
  target_link_libraries(dropwire-fast PRIVATE nat_fast_loader)
  target_link_options(dropwire-fast PRIVATE -Wl,-z,relro,-z,now)
  include(GNUInstallDirs)
  # The package builds what it installs by name; a build of the daemon alone has no loader to install.
  install(TARGETS dropwire-fast RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR} OPTIONAL)
else()
  message(STATUS "clang or libbpf is missing: the program for the kernel (nat/fast) is not built")
endif()
