#include "sbc/phones/model.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "sbc/base/text_cursor.hpp"

namespace dw::phones {
namespace {

constexpr std::array<unsigned, 25> kKnown = {7902, 7905, 7906, 7910, 7911, 7912, 7920, 7921, 7925,
                                             7926, 7931, 7935, 7936, 7937, 7940, 7941, 7942, 7945,
                                             7960, 7961, 7962, 7965, 7970, 7971, 7975};

struct ModelRow {
  std::string_view text;
  std::string_view models;
};

constexpr std::array<ModelRow, 12> kRecovery = {{{"06", "7906"},
                                                 {"11", "7911"},
                                                 {"31", "7931"},
                                                 {"41", "7941"},
                                                 {"61", "7961"},
                                                 {"42", "7942"},
                                                 {"62", "7962"},
                                                 {"45", "7945"},
                                                 {"65", "7965"},
                                                 {"70", "7970"},
                                                 {"71", "7971"},
                                                 {"75", "7975"}}};
constexpr std::array<ModelRow, 7> kLoadNumbers = {{{"11", "7906/7911"},
                                                   {"31", "7931"},
                                                   {"41", "7941/7961"},
                                                   {"42", "7942/7962"},
                                                   {"45", "7945/7965"},
                                                   {"70", "7970/7971"},
                                                   {"75", "7975"}}};
constexpr std::array<ModelRow, 4> kJars = {
    {{"tc-", "7906/7911"}, {"mk-", "7941/7942/7961/7962"}, {"be-", "7945/7965"}, {"td-", "7970/7971/7975"}}};
constexpr std::array<ModelRow, 5> kWallpapers = {{{"95x34x1", "7906/7911"},
                                                  {"320x196x4", "7941/7942/7961/7962"},
                                                  {"320x212x16", "7945/7965"},
                                                  {"320x212x12", "7970/7971"},
                                                  {"320x216x16", "7975"}}};
struct DeviceType {
  unsigned number;
  std::string_view model;
};
constexpr std::array<DeviceType, 27> kDeviceTypes = {
    {{6, "7910"},     {7, "7960"},     {8, "7940"},     {9, "7935"},     {115, "7941"},   {119, "7971"},
     {307, "7911"},   {308, "7961"},   {309, "7941"},   {348, "7931"},   {365, "7921"},   {369, "7906"},
     {404, "7962"},   {431, "7937"},   {434, "7942"},   {435, "7945"},   {436, "7965"},   {437, "7975"},
     {484, "7925"},   {577, "7926"},   {20000, "7905"}, {30002, "7920"}, {30006, "7970"}, {30007, "7912"},
     {30008, "7902"}, {30018, "7961"}, {30019, "7936"}}};
constexpr std::array<std::string_view, 7> kLoadWords = {"SCCP", "SIP", "jar", "cnu", "apps", "dsp", "cvm"};

template <std::size_t N>
Models look_up(const std::array<ModelRow, N>& rows, std::string_view text) {
  const auto row = std::ranges::find_if(rows, [&](const ModelRow& r) { return equal_ignoring_case(r.text, text); });
  return row == rows.end() ? Models() : Models::parse(row->models);
}

std::string_view base_of(std::string_view file) {
  const auto slash = file.rfind('/');
  return slash == file.npos ? file : file.substr(slash + 1);
}

/// "CP7921G-1.4.6.3.LOADS", "CP-7965G", "cmterm_7920.4.0": four digits after the word.
Models number_after(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  const auto found = std::ranges::search(text, word, same);
  if (found.empty()) return {};
  std::string_view rest = text.substr(static_cast<std::size_t>(found.end() - text.begin()));
  if (rest.starts_with('-')) rest.remove_prefix(1);
  return Models::parse(rest.substr(0, 4));
}

}  // namespace

Models Models::parse(std::string_view text) {
  std::uint32_t bits = 0;
  for (TextCursor cursor(text); !cursor.at_end(); (void)cursor.skip_char('/')) {
    const std::optional<std::uint64_t> number = parse_number(cursor.take_until("/"), 9999);
    const auto known = number ? std::ranges::find(kKnown, *number) : kKnown.end();
    if (known != kKnown.end()) bits |= 1U << static_cast<unsigned>(known - kKnown.begin());
  }
  return Models(bits);
}

std::string Models::to_string() const {
  std::string out;
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    if ((bits_ >> i & 1U) == 0) continue;
    if (!out.empty()) out += '/';
    out += std::to_string(kKnown[i]);
  }
  return out;
}

Family family_of(const Phone& phone) {
  const Models models = Models::parse(phone.model);
  const auto within = [&](std::string_view set) { return !models.empty() && (models & Models::parse(set)) == models; };
  if (within("7940/7960")) return Family::classic;
  if (within("7921/7925/7926")) return Family::wifi;
  if (within("7937")) return Family::speaker;
  if (within("7902/7905/7910/7912/7920/7935/7936")) return Family::simple;
  return Family::java;
}

std::string_view to_string(Family family) {
  switch (family) {
    case Family::java:
      return "java";
    case Family::classic:
      return "classic";
    case Family::wifi:
      return "wifi";
    case Family::speaker:
      return "speaker";
    case Family::simple:
      return "simple";
  }
  return "";
}

Models models_asking(std::string_view file) {
  const std::string_view base = base_of(file);
  switch (kind_of(file)) {
    case FileKind::recovery_loads:
      return look_up(kRecovery, base.substr(4, 2));
    case FileKind::locale:
      if (starts_with_ignoring_case(base, "7960-") || starts_with_ignoring_case(base, "SCCP-dictionary"))
        return Models::parse("7940/7960");
      if (starts_with_ignoring_case(base, "7921-")) return Models::parse("7921/7925/7926");
      return look_up(kJars, base.substr(0, 3));
    case FileKind::wallpaper:
      if (starts_with_ignoring_case(file, "Desktops/")) {
        TextCursor rest(file.substr(9));
        return look_up(kWallpapers, rest.take_until("/"));
      }
      return {};
    case FileKind::wlan:
      return Models::parse("7921/7925/7926");
    case FileKind::sip_config:
    case FileKind::sip_default:
    case FileKind::os_name:
      return Models::parse("7940/7960");
    case FileKind::profile:
      if (starts_with_ignoring_case(base, "gk")) return Models::parse("7912");
      if (starts_with_ignoring_case(base, "ld")) return Models::parse("7905");
      return Models::parse("7902");
    default:
      return {};
  }
}

Models models_of_load(std::string_view file) {
  const std::string_view base = base_of(file);
  if (starts_with_ignoring_case(base, "P003") || starts_with_ignoring_case(base, "P0S3"))
    return Models::parse("7940/7960");
  if (starts_with_ignoring_case(base, "P004")) return Models::parse("7910");
  if (starts_with_ignoring_case(base, "P005")) return Models::parse("7935");
  if (starts_with_ignoring_case(base, "apps37")) return Models::parse("7937");
  if (starts_with_ignoring_case(base, "CP79")) return number_after(base, "CP");
  if (starts_with_ignoring_case(base, "cmterm_")) return number_after(base, "cmterm_");
  for (const std::string_view word : kLoadWords) {
    if (starts_with_ignoring_case(base, word)) return look_up(kLoadNumbers, base.substr(word.size(), 2));
  }
  return {};
}

Models models_of_device_type(unsigned type) {
  const auto known = std::ranges::find(kDeviceTypes, type, &DeviceType::number);
  return known == kDeviceTypes.end() ? Models() : Models::parse(known->model);
}

Models models_in_user_agent(std::string_view user_agent) {
  return number_after(user_agent, "CP");
}

Protocol protocol_of_file(std::string_view file) {
  const std::string_view base = base_of(file);
  switch (kind_of(file)) {
    case FileKind::sip_config:
    case FileKind::sip_default:
      return Protocol::sip;
    case FileKind::loads:
      if (starts_with_ignoring_case(base, "P003")) return Protocol::sccp;
      if (starts_with_ignoring_case(base, "P0S3")) return Protocol::sip;
      [[fallthrough]];
    case FileKind::firmware:
    case FileKind::locale:
      if (contains_ignoring_case(base, "sccp")) return Protocol::sccp;
      if (contains_ignoring_case(base, "sip")) return Protocol::sip;
      return Protocol::unknown;
    default:
      return Protocol::unknown;
  }
}

bool can_use_http(std::string_view load) {
  if (!starts_with_ignoring_case(load, "SCCP") && !starts_with_ignoring_case(load, "SIP")) return false;
  TextCursor cursor(load);
  (void)cursor.take_until(".");
  if (!cursor.skip_char('.')) return false;
  const auto major = cursor.take_number(99);
  if (!major || !cursor.skip_char('-')) return false;
  const auto minor = cursor.take_number(99);
  return minor && (*major > 9 || (*major == 9 && *minor >= 4));
}

}  // namespace dw::phones
