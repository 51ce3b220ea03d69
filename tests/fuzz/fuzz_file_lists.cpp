#include <cstdlib>

#include "tftp-proxy/core/device_file.hpp"
#include "tftp-proxy/core/file_lists.hpp"
#include "tftp-proxy/core/file_name.hpp"
#include "tftp-proxy/core/phone_list.hpp"

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
  if (const auto phones = parse_phone_list(as_text({data, size}))) {
    if (phones->size() > kMaxListed) std::abort();
    for (const std::string& device : *phones) {
      if (device.empty() || device_key(device) != device) std::abort();
    }
  } else if (phones.error().offset == 0 && phones.error().code != Errc::too_long) {
    std::abort();
  }
  (void)is_ring_tone({data, size});
  return 0;
}
