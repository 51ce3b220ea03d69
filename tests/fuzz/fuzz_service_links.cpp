// Pages of phone services and the paths that lead to them: edits stay inside, moving twice is moving once, no path is
// made by who has no key.
#include <cstdlib>
#include <string>

#include "tftp-proxy/core/cnf_policy.hpp"
#include "tftp-proxy/core/service_links.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dw;
  using namespace dw::provisioning;
  const Bytes input(data, size);
  const std::string_view text = as_text(input);
  RewriteOptions options;
  options.host = "192.0.2.1";
  options.sign_place = [](std::string_view t) { return std::string(16, static_cast<char>('a' + t.size() % 6)); };
  const auto move = [&](std::string_view link) { return link_to(link, options); };
  auto edits = link_edits(input, move);
  const auto once = splice(input, edits);
  if (!once) std::abort();
  if (!link_edits(*once, move).empty()) std::abort();
  (void)is_phone_object(input);
  const PlaceSigner nobody = [](std::string_view) { return std::string("no digits at all"); };
  if (const auto placed = parse_placed_path(text, options.sign_place)) {
    if (place_path(placed->place, options.sign_place).size() > text.size() + 8) std::abort();
    if (parse_placed_path(text, nobody)) std::abort();
  }
  if (const auto split = split_url(text); split && split->place.port == 0) std::abort();
  if (const auto url = url_in_refresh(text); url && url->first + url->second > size) std::abort();
  const std::size_t mark = std::min(text.find('?'), size);
  (void)is_service_target(text.substr(0, mark), text.substr(mark));
  if (devices_named(text.substr(0, mark), text.substr(mark)).size() > kMaxNamedDevices) std::abort();
  (void)names_config(text.substr(0, mark), text.substr(mark));
  return 0;
}
