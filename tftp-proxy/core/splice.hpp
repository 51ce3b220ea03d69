#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"

namespace dw::provisioning {

/// Takes `length` octets at `offset` of the original out and puts `text` there.
struct Edit {
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string text;
  friend bool operator==(const Edit&, const Edit&) = default;
};

/// The original with the edits made, which are sorted by offset on the way. Errc::malformed when two overlap
/// or one reaches past the end: then nothing was made.
Result<Buffer> splice(Bytes original, std::vector<Edit>& edits);

}  // namespace dw::provisioning
