#include "tftp-proxy/core/spelling.hpp"

#include <algorithm>
#include <array>

#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/trust_list.hpp"

namespace dw::provisioning {
namespace {

/// Files without a directory or a device in their name, as origins spell them. The first is what phones ask.
constexpr std::array<std::string_view, 17> kWellKnown = {
    "Ringlist.xml",    "RingList.xml",  "DistinctiveRingList.xml", "RINGLIST.DAT", "XMLDefault.cnf.xml",
    "SIPDefault.cnf",  "OS79XX.TXT",    "WLANDefault.xml",         "CTLFile.tlv",  "ITLFile.tlv",
    "List.xml",        "dialplan.xml",  "AppDialRules.xml",        "softkeys.xml", "g3-tones.xml",
    "Ringlist-wb.xml", "SEPDefault.cnf"};

/// Names of one device: a prefix, twelve hex digits, the rest; and the case of the digits.
struct DevicePattern {
  std::string_view prefix;
  bool capitals;
};
constexpr std::array<DevicePattern, 8> kDevicePatterns = {{{"CTLSEP", true},
                                                           {"ITLSEP", true},
                                                           {"SEP", true},
                                                           {"SIP", true},
                                                           {"WLAN", true},
                                                           {"gk", false},
                                                           {"ld", false},
                                                           {"ff", false}}};

constexpr std::array<std::string_view, 6> kFirmwareEndings = {".sbn", ".sb2", ".sbin", ".bin", ".zup", ".loads"};

std::string raised(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

bool is_hex(char c) {
  const char l = lower(c);
  return (c >= '0' && c <= '9') || (l >= 'a' && l <= 'f');
}

struct DeviceParts {
  const DevicePattern* pattern;
  std::string_view mac, rest;
};

std::optional<DeviceParts> device_parts(std::string_view file) {
  for (const DevicePattern& p : kDevicePatterns) {
    if (!starts_with_ignoring_case(file, p.prefix)) continue;
    const std::string_view after = file.substr(p.prefix.size());
    if (after.size() < 12 || !std::all_of(after.begin(), after.begin() + 12, is_hex)) continue;
    return DeviceParts{&p, after.substr(0, 12), after.substr(12)};
  }
  return std::nullopt;
}

class Candidates {
 public:
  explicit Candidates(std::string_view name) : name_(name) {}
  void add(std::string candidate) {
    if (found_.size() == kMaxSpellings || candidate == name_) return;
    if (std::find(found_.begin(), found_.end(), candidate) == found_.end()) found_.push_back(std::move(candidate));
  }
  std::vector<std::string> take() { return std::move(found_); }

 private:
  std::string_view name_;
  std::vector<std::string> found_;
};

}  // namespace

bool is_one_typo_away(std::string_view asked, std::string_view other) {
  constexpr std::size_t kPrefix = 3, kMac = 12;
  const bool xml = starts_with_ignoring_case(asked, "SEP") && ends_with_ignoring_case(asked, ".cnf.xml");
  const bool text = starts_with_ignoring_case(asked, "SIP") && ends_with_ignoring_case(asked, ".cnf");
  const std::size_t tail = xml ? 8 : 4;
  if ((!xml && !text) || asked.size() != kPrefix + kMac + tail) return false;
  if (other.size() + 1 < asked.size() || other.size() > asked.size() + 1) return false;
  if (!starts_with_ignoring_case(other, asked.substr(0, kPrefix)) ||
      !ends_with_ignoring_case(other, asked.substr(kPrefix + kMac)))
    return false;
  const std::string a = folded(asked.substr(kPrefix, kMac));
  const std::string b = folded(other.substr(kPrefix, other.size() - kPrefix - tail));
  if (!std::ranges::all_of(a, is_hex)) return false;
  const auto [here, there] = std::ranges::mismatch(a, b);
  const std::string_view a_left(here, a.end()), b_left(there, b.end());
  if (a_left.empty() && b_left.empty()) return false;
  if (a_left.size() < b_left.size()) return a_left == b_left.substr(1);
  if (a_left.size() > b_left.size()) return a_left.substr(1) == b_left;
  const bool swapped = a_left.size() > 1 && a_left[0] == b_left[1] && a_left[1] == b_left[0];
  return a_left.substr(1) == b_left.substr(1) || (swapped && a_left.substr(2) == b_left.substr(2));
}

std::string folded(std::string_view name) {
  std::string out(name);
  for (char& c : out)
    c = lower(c);
  return out;
}

std::vector<std::string> other_spellings(std::string_view name, const std::vector<std::string>& hints) {
  Candidates out(name);
  for (const std::string& hint : hints) {
    if (equal_ignoring_case(hint, name)) out.add(hint);
  }
  const std::size_t slash = name.rfind('/');
  std::string directory(slash == std::string_view::npos ? std::string_view() : name.substr(0, slash + 1));
  const std::string_view file = slash == std::string_view::npos ? name : name.substr(slash + 1);
  if (starts_with_ignoring_case(directory, "Desktops/")) directory.replace(0, 9, "Desktops/");

  if (const auto device = device_parts(file)) {
    const std::string prefix(device->pattern->prefix);
    const std::string rest = folded(device->rest);
    const std::string usual = device->pattern->capitals ? raised(device->mac) : folded(device->mac);
    const std::string unusual = device->pattern->capitals ? folded(device->mac) : raised(device->mac);
    out.add(directory + prefix + usual + rest);
    if (!is_trust_list_name(file)) out.add(directory + prefix + unusual + rest);
    return out.take();
  }
  for (const std::string_view known : kWellKnown) {
    if (equal_ignoring_case(known, file)) out.add(directory + std::string(known));
  }
  if (is_trust_list_name(file)) return out.take();
  for (const std::string_view ending : kFirmwareEndings) {
    if (!ends_with_ignoring_case(file, ending)) continue;
    const std::string stem = directory + std::string(file.substr(0, file.size() - ending.size()));
    const bool is_lower = file.ends_with(ending);
    out.add(stem + (is_lower ? raised(ending) : std::string(ending)));
    return out.take();
  }
  out.add(directory + folded(file));
  out.add(folded(name));
  return out.take();
}

void SpellingMemory::remember(std::string_view real) {
  forget(real);
  if (order_.size() == kMaxRemembered) {
    by_fold_.erase(order_.back().fold);
    order_.pop_back();
  }
  order_.push_front({folded(real), std::string(real)});
  by_fold_[order_.front().fold] = order_.begin();
}

void SpellingMemory::forget(std::string_view name) {
  const auto at = by_fold_.find(folded(name));
  if (at == by_fold_.end()) return;
  order_.erase(at->second);
  by_fold_.erase(at);
}

std::optional<std::string> SpellingMemory::find(std::string_view name) {
  const auto at = by_fold_.find(folded(name));
  if (at == by_fold_.end()) return std::nullopt;
  order_.splice(order_.begin(), order_, at->second);
  return at->second->real;
}

}  // namespace dw::provisioning
