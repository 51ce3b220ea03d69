#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sbc/base/bytes.hpp"
#include "tftp-proxy/core/http_semantics.hpp"

// A request as a phone or a stranger sends it: the target on the first line, then Range, If-Range,
// If-None-Match, If-Modified-Since, If-Match, If-Unmodified-Since, one a line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dw;
  using namespace dw::provisioning;
  constexpr std::uint64_t kSize = 1000;
  std::array<std::string_view, 7> lines;
  std::string_view left = as_text({data, size});
  for (auto& line : lines) {
    const std::size_t end = left.find('\n');
    line = left.substr(0, end);
    left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
  }
  if (const auto name = name_in_target(lines[0])) {
    if (name->empty() || name->size() > 255 || name->starts_with('/')) std::abort();
    for (const char c : *name) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) std::abort();
    }
    (void)content_type_of(*name, as_bytes(*name));
  }
  const SelectionFields fields{.if_match = lines[5],
                               .if_none_match = lines[3],
                               .if_modified_since = lines[4],
                               .if_unmodified_since = lines[6],
                               .if_range = lines[2],
                               .range = lines[1]};
  const Validators validators{"\"5f-12\"", "Sun, 06 Nov 1994 08:49:37 GMT"};
  const Selection chosen = select_octets(true, fields, validators, kSize);
  switch (chosen.status) {
    case 200:
      if (chosen.first != 0 || chosen.count != kSize) std::abort();
      break;
    case 206:
      if (chosen.count == 0 || chosen.first >= kSize || chosen.count > kSize - chosen.first) std::abort();
      break;
    case 304:
    case 412:
    case 416:
      break;
    default:
      std::abort();
  }
  if (is_entity_tag(lines[3]) && lines[3].find_first_of("\r\n ") != std::string_view::npos) std::abort();
  return 0;
}
