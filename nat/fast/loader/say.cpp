#include "nat/fast/loader/say.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace dw::nat::fast {

void write_line(Urgency urgency, std::string_view text) {
  static const bool to_journal = std::getenv("JOURNAL_STREAM") != nullptr;
  std::string line = to_journal ? fmt::format("<{}>", static_cast<int>(urgency)) : std::string();
  line += text;
  line += '\n';
  (void)std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace dw::nat::fast
