#include "tftp-proxy/core/splice.hpp"

#include <algorithm>

namespace dw::provisioning {

Result<Buffer> splice(Bytes original, std::vector<Edit>& edits) {
  std::ranges::sort(edits, {}, &Edit::offset);
  Buffer out;
  out.reserve(original.size());
  std::size_t at = 0;
  for (const Edit& edit : edits) {
    if (edit.offset < at || edit.offset > original.size() || edit.length > original.size() - edit.offset)
      return fail(Errc::malformed, "two edits overlap, or one is past the end", edit.offset);
    const Bytes kept = original.subspan(at, edit.offset - at);
    const Bytes added = as_bytes(edit.text);
    out.insert(out.end(), kept.begin(), kept.end());
    out.insert(out.end(), added.begin(), added.end());
    at = edit.offset + edit.length;
  }
  const Bytes tail = original.subspan(at);
  out.insert(out.end(), tail.begin(), tail.end());
  return out;
}

}  // namespace dw::provisioning
