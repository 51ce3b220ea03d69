#pragma once
#include <cstdlib>
#include <string>

/// The program that is run: as the scripts do, DW_BIN in the environment names another one than the one just built (the
/// shipped one, of which a start costs a tenth of what a sanitized one does).
inline std::string program() {
  const char* const named = std::getenv("DW_BIN");
  return named != nullptr && *named != '\0' ? named : DROPWIRE;
}
