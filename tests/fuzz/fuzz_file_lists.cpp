#include <cstdlib>

#include "tftp-proxy/core/file_lists.hpp"
#include "tftp-proxy/core/file_name.hpp"

using namespace dw;
using namespace dw::provisioning;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const ListKind kind : {ListKind::none, ListKind::ring_xml, ListKind::ring_dat, ListKind::image_xml}) {
    const auto names = parse_file_list(kind, {data, size});
    if (!names) continue;
    if (names->size() > kMaxListFiles) std::abort();
    for (const std::string& name : *names) {
      if (parse_file_name(name) != name) std::abort();
    }
  }
  (void)is_ring_tone({data, size});
  return 0;
}
