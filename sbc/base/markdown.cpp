#include "sbc/base/markdown.hpp"

namespace dw {

std::string markdown(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<' || c == '>' || c == '*' || c == '#' || c == '_') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace dw
