#include <algorithm>
#include <array>

#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/cnf_policy.hpp"
#include "tftp-proxy/core/file_name.hpp"

namespace dw::provisioning {
namespace {

constexpr std::size_t kMaxFacts = 128;

/// The jar of a load's family has the family's two letters (cisco-provisioning §1.6); empty: not known.
std::string_view jar_family(std::string_view load) {
  struct Family {
    std::string_view digits, letters;
  };
  constexpr std::array<Family, 6> kFamilies = {
      {{"11.", "tc"}, {"41.", "mk"}, {"42.", "mk"}, {"45.", "be"}, {"70.", "td"}, {"75.", "td"}}};
  if (starts_with_ignoring_case(load, "SCCP")) {
    load.remove_prefix(4);
  } else if (starts_with_ignoring_case(load, "SIP")) {
    load.remove_prefix(3);
  } else {
    return {};
  }
  for (const Family& family : kFamilies) {
    if (load.starts_with(family.digits)) return family.letters;
  }
  return {};
}

}  // namespace

void add_file(CnfFacts& facts, std::string_view name) {
  auto parsed = parse_file_name(trim(name));
  if (!parsed || facts.files.size() == kMaxFacts || std::ranges::find(facts.files, *parsed) != facts.files.end())
    return;
  facts.files.push_back(std::move(*parsed));
}

void add_load(CnfFacts& facts, std::string_view name, LoadName::Use use, std::uint32_t model) {
  const auto parsed = parse_file_name(trim(name));
  if (!parsed || parsed->contains('/') || facts.loads.size() == kMaxFacts) return;
  facts.loads.push_back({*parsed, use, model});
}

void add_locale_files(CnfFacts& facts) {
  const auto load = std::ranges::find(facts.loads, LoadName::Use::phone, &LoadName::use);
  if (load == facts.loads.end()) return;
  const auto in_user_locale = [&](std::string_view file) {
    if (!facts.user_locale.empty()) add_file(facts, facts.user_locale + "/" + std::string(file));
  };
  const auto in_network_locale = [&](std::string_view file) {
    if (!facts.network_locale.empty()) add_file(facts, facts.network_locale + "/" + std::string(file));
  };
  if (const auto letters = jar_family(load->name); !letters.empty()) {
    const std::string jar = std::string(letters) + (facts.signalling == Signalling::sip ? "-sip.jar" : "-sccp.jar");
    in_user_locale(jar);
    in_network_locale("g3-tones.xml");
  } else if (starts_with_ignoring_case(load->name, "P0")) {
    in_network_locale("7960-tones.xml");
    for (const auto file : {"7960-font.xml", "7960-kate.xml", "7960-dictionary.xml", "SCCP-dictionary.xml"})
      in_user_locale(file);
  } else if (starts_with_ignoring_case(load->name, "CP792")) {
    for (const auto file : {"7921-dictionary.xml", "7921-kate.utf-8.xml", "7921-font.dat"})
      in_user_locale(file);
  }
}

}  // namespace dw::provisioning
