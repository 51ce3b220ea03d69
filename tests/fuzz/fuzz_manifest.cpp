#include <cstdlib>

#include "tftp-proxy/core/manifest.hpp"

using namespace dw;
using namespace dw::provisioning;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto manifest = parse_manifest({data, size});
  if (!manifest) return 0;
  if (manifest->parts.size() > kMaxManifestParts) std::abort();
  for (const ManifestPart& part : manifest->parts) {
    if (is_manifest_name(part.name)) std::abort();
  }
  if (parse_manifest(write_manifest(*manifest)) != *manifest) std::abort();
  (void)to_string(*manifest);
  return 0;
}
