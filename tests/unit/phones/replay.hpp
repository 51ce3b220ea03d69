#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "sbc/phones/inventory.hpp"

namespace dw::test {

using namespace dw::phones;
using namespace std::chrono_literals;

inline const std::string kMac = "001122334455";
inline const std::string kDevice = "SEP" + kMac;
/// The trust lists of a phone, which nobody has.
inline const std::vector<std::string> kLists = {"CTLSEP<MAC>.tlv!", "ITLSEP<MAC>.tlv!", "ITLFile.tlv!"};

inline IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

/// Phones that ask for files, in virtual time.
struct Replay {
  Inventory inventory;
  WallTime now{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};
  std::string address = "192.0.2.7";
  std::string transport = "tftp";
  std::string mac = kMac;
  std::chrono::milliseconds between = 200ms;

  explicit Replay(const Inventory::Options& options = {}) : inventory(options) {}

  FileStep step(const std::string& name, FileOutcome outcome) const {
    FileStep s;
    s.at = now;
    s.name = name;
    if (const auto hole = s.name.find("<MAC>"); hole != s.name.npos) s.name.replace(hole, 5, mac);
    s.peer = {ip(address), 50'000};
    s.transport = transport;
    s.outcome = outcome;
    s.took = 50ms;
    if (outcome == FileOutcome::sent) s.octets = s.size = 5000, s.last_block = 10;
    if (outcome == FileOutcome::not_found) s.error_code = transport == "http" ? 404 : 1;
    return s;
  }
  Replay& tell(const FileStep& s) {
    inventory.on_file(s);
    now = std::max(now, s.at + std::chrono::duration_cast<std::chrono::milliseconds>(s.took)) + between;
    return *this;
  }
  Replay& file(const std::string& name, FileOutcome outcome) { return tell(step(name, outcome)); }
  Replay& got(const std::string& name) { return file(name, FileOutcome::sent); }
  Replay& none(const std::string& name) { return file(name, FileOutcome::not_found); }
  Replay& wait(std::chrono::milliseconds pause) {
    now += pause;
    return *this;
  }

  /// Names ending in '!' are missing, the others are fetched.
  Replay& boot(const std::vector<std::string>& names) {
    for (const std::string& name : names)
      name.ends_with('!') ? none(name.substr(0, name.size() - 1)) : got(name);
    return *this;
  }

  const Phone& phone(const std::string& key = kDevice) const {
    const Phone* const found = inventory.find(key);
    static const Phone kNobody;
    return found == nullptr ? kNobody : *found;
  }
};

/// The request lists of cisco-provisioning §2.1 as a phone with nothing wrong goes through them.
inline const std::vector<std::string> kBootA = {"CTLSEP<MAC>.tlv!",
                                                "ITLSEP<MAC>.tlv!",
                                                "ITLFile.tlv!",
                                                "SEP<MAC>.cnf.xml",
                                                "English_United_States/mk-sip.jar",
                                                "dialplan.xml",
                                                "softkeys.xml",
                                                "United_States/g3-tones.xml"};
inline const std::vector<std::string> kBootB = {"CTLSEP<MAC>.tlv!",
                                                "ITLSEP<MAC>.tlv!",
                                                "ITLFile.tlv!",
                                                "Analog1.raw",
                                                "SEP<MAC>.cnf.xml",
                                                "English_United_States/mk-sccp.jar",
                                                "United_States/g3-tones.xml"};
inline const std::vector<std::string> kParts45 = {"jar45sccp.9-4-2SR4-3.sbn", "cnu45.9-4-2SR4-3.sbn",
                                                  "apps45.9-4-2SR4-3.sbn", "dsp45.9-4-2SR4-3.sbn",
                                                  "cvm45sccp.9-4-2SR4-3.sbn"};
inline const std::vector<std::string> kBootE = {"CTLSEP<MAC>.tlv!", "SEP<MAC>.cnf.xml", "P0030801SR02.loads",
                                                "P0030801SR02.sbn", "P0030801SR02.sb2"};
inline const std::vector<std::string> kBootH = {"CTLSEP<MAC>.tlv!",
                                                "WLAN<MAC>.xml!",
                                                "WLANDefault.xml!",
                                                "SEP<MAC>.cnf.xml",
                                                "Ringlist.xml",
                                                "DistinctiveRingList.xml",
                                                "English_United_States/7921-dictionary.xml",
                                                "English_United_States/7921-font.dat"};

}  // namespace dw::test
