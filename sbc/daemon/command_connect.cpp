#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sbc/daemon/commands.hpp"
#include "sbc/daemon/control_client.hpp"
#include "sbc/daemon/report.hpp"
#include "sbc/daemon/words.hpp"
#include "sbc/doctor/how_to.hpp"

namespace dw::commands {
namespace {

using Json = nlohmann::ordered_json;

std::string joined(const Json& list, std::string_view between) {
  std::string out;
  for (const Json& item : list) {
    if (!item.is_string()) continue;
    if (!out.empty()) out += between;
    out += words::printable(item.get<std::string>());
  }
  return out;
}

std::string numbered(const char* title, const Json& steps, std::size_t width) {
  std::string out;
  std::size_t number = 0;
  for (const Json& step : steps) {
    if (!step.is_string()) continue;
    if (number == 0) out += fmt::format("\n{}\n", title);
    const std::string text = fmt::format("  {}. {}", ++number, words::printable(step.get<std::string>()));
    out += words::wrapped(text, 5, width) + "\n";
  }
  return out;
}

std::string text_of(const Json& family, std::size_t width) {
  const auto list = [&](const char* key) { return family.value(key, Json::array()); };
  std::string out = fmt::format("{} ({})\n", report::text_at(family, "name"), joined(list("models"), ", "));
  const bool lists = !list("trust_list").empty();
  out += numbered("First, erase an old trust list, if there is one:", list("trust_list"), width);
  out += numbered(lists ? "Then tell it this box's address:" : "Tell it this box's address:", list("connect"), width);
  out += numbered("Restart it:", list("restart"), width);
  out += numbered("Worth knowing:", list("notes"), width);
  return out;
}

}  // namespace

int connect(const Ask& ask, const std::string& model) {
  const doctor::HowTo* wanted = doctor::how_to_for(model);
  if (!model.empty() && wanted == nullptr)
    return complain(
        fmt::format("no model \"{}\" is known here; try 7965, 7960, 7925, 7937 or 7912", words::printable(model)));
  const auto answer = ControlClient(socket_of(ask)).get("/api/connect");
  if (!answer) return complain(answer.error().text);
  Json families = Json::array();
  for (const Json& family : answer->value("families", Json::array())) {
    if (wanted == nullptr || report::text_at(family, "family") == phones::to_string(wanted->family))
      families.push_back(family);
  }
  const Json addresses = answer->value("addresses", Json::array());
  if (ask.json) {
    say(Json({{"addresses", addresses}, {"families", families}}).dump(2, ' ', false, Json::error_handler_t::replace) +
        "\n");
    return kDone;
  }
  std::string out = addresses.empty()
                        ? std::string("This box has no IPv4 address that a phone could reach yet; phones need one.\n")
                        : fmt::format("This box's address for phones: {}\n", joined(addresses, " or "));
  for (const Json& family : families)
    out += "\n" + text_of(family, terminal_width());
  say(out);
  return kDone;
}

}  // namespace dw::commands
