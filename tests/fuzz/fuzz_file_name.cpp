#include <cstdlib>

#include "tftp-proxy/core/cnf_rewrite.hpp"
#include "tftp-proxy/core/device_file.hpp"
#include "tftp-proxy/core/file_lists.hpp"
#include "tftp-proxy/core/file_name.hpp"
#include "tftp-proxy/core/manifest.hpp"
#include "tftp-proxy/core/spelling.hpp"
#include "tftp-proxy/core/trust_list.hpp"

using namespace dw;
using namespace dw::provisioning;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view raw = as_text({data, size});
  const auto name = parse_file_name(raw);
  if (!name) {
    if (name.error().text.size() > 400) std::abort();
    return 0;
  }
  // A name that passed is a key below the tree, stays itself, and cannot leave the path of a URL.
  if (name->empty() || name->size() > kMaxFileName || name->front() == '/') std::abort();
  if (("/" + *name + "/").contains("/../")) std::abort();
  if (parse_file_name(*name) != *name) std::abort();
  for (const char c : url_path(*name)) {
    if (c <= ' ' || c > '~' || std::string_view("?#@:\\\"<>").contains(c)) std::abort();
  }
  // Whose file it is does not hang on how it is spelled.
  const std::string device = device_of_file(*name);
  if (device_of_file(folded(*name)) != device || device_of_file(url_path(*name)) != device) std::abort();
  for (const std::string& other : other_spellings(*name, {})) {
    if (device_of_file(other) != device) std::abort();
  }
  (void)cnf_kind(*name);
  (void)list_kind(*name);
  (void)is_manifest_name(*name);
  (void)is_trust_list_name(*name);
  return 0;
}
