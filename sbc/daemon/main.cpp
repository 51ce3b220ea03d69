#include "sbc/daemon/cli.hpp"

int main(int argc, char** argv) {
  return dw::run_command_line(argc, argv);
}
