#include <nlohmann/json.hpp>

#include "sbc/admin/json.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/doctor/how_to.hpp"

namespace dw::admin {
namespace {

using Json = nlohmann::ordered_json;

Json steps_json(std::span<const std::string_view> steps, std::string_view address) {
  Json list = Json::array();
  for (const std::string_view step : steps)
    list.push_back(doctor::with_address(step, address));
  return list;
}

Json models_json(std::string_view models) {
  Json list = Json::array();
  for (TextCursor cursor(models); !cursor.at_end(); (void)cursor.skip_char('/'))
    list.push_back(cursor.take_until("/"));
  return list;
}

}  // namespace

std::string connect_json(const std::vector<std::string>& addresses) {
  const std::string address = addresses.size() == 1 ? addresses.front() : std::string();
  Json families = Json::array();
  for (const doctor::HowTo& how : doctor::how_tos()) {
    families.push_back({{"family", phones::to_string(how.family)},
                        {"name", how.name},
                        {"models", models_json(how.models)},
                        {"connect", steps_json(how.connect, address)},
                        {"trust_list", steps_json(how.trust_list, address)},
                        {"restart", steps_json(how.restart, address)},
                        {"notes", steps_json(how.notes, address)}});
  }
  return Json({{"addresses", addresses}, {"families", std::move(families)}}).dump(2) + "\n";
}

}  // namespace dw::admin
