// lab_phone: requests files like a Cisco 7900, in its order and in its manner.
//   lab_phone boot 7965|7960|7941 SERVER MAC OUT    a whole boot; received files are stored below OUT
//   lab_phone get SERVER NAME OUT_FILE [TRIES]      one file by TFTP
// One line per request: "http SEP….cnf.xml ok 2031", "tftp CTLSEP….tlv error 1". Exits with 0 when it got to the
// end.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/lab/http_get.hpp"
#include "tests/lab/tftp_get.hpp"

namespace dw::lab {
namespace {

constexpr int kTries = 4;

void write_file(const std::filesystem::path& path, std::string_view octets) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << octets;
}

void print_result(std::string_view how, const std::string& name, const Got& got) {
  if (got.ok) {
    std::printf("%.*s %s ok %zu\n", static_cast<int>(how.size()), how.data(), name.c_str(), got.octets.size());
  } else {
    std::printf("%.*s %s error %d\n", static_cast<int>(how.size()), how.data(), name.c_str(), got.code);
  }
  std::fflush(stdout);
}

std::string element(std::string_view xml, const std::string& name) {
  const std::size_t begin = xml.find("<" + name + ">");
  const std::size_t end = xml.find("</" + name + ">");
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return {};
  return std::string(xml.substr(begin + name.size() + 2, end - begin - name.size() - 2));
}

// The name inside <userLocale> and the like.
std::string named(std::string_view xml, const std::string& parent) {
  return element(element(xml, parent), "name");
}

// The files of a load: the text after the signed header, whose length is in TLV 2, the header's second.
std::vector<std::string> parts(std::string_view manifest) {
  if (manifest.size() < 10) return {};
  const auto octet = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<unsigned char>(manifest[at])); };
  manifest.remove_prefix(std::min(manifest.size(), octet(8) << 8 | octet(9)));
  std::vector<std::string> names;
  while (!manifest.empty()) {
    std::string line(manifest.substr(0, manifest.find('\n')));
    manifest.remove_prefix(std::min(manifest.size(), line.size() + 1));
    line = line.substr(0, line.find_first_of(" \r#"));
    if (line.ends_with(".sbn") || line.ends_with(".sb2") || line.ends_with(".bin")) names.push_back(line);
  }
  return names;
}

class Phone {
 public:
  Phone(std::string server, std::string mac, std::filesystem::path out)
      : server_(std::move(server)), mac_(std::move(mac)), out_(std::move(out)) {}

  // 7965, SCCP 9.4, no trust list: HTTP first, TFTP for a file whose connection is refused. It runs another
  // load than the config names, so it upgrades and boots again; then the person opens the ring and background
  // menus.
  bool boot_7965() {
    std::string running = "SCCP45.9-4-2SR2-1S";
    for (int boot = 0; boot < 2; ++boot) {
      for (const auto& list : {"CTLSEP" + mac_ + ".tlv", "ITLSEP" + mac_ + ".tlv", std::string("ITLFile.tlv")}) {
        http(list);
      }
      http("Chirp1.raw");
      const Got config = http("SEP" + mac_ + ".cnf.xml");
      if (!config.ok) return false;
      const std::string load = element(config.octets, "loadInformation");
      if (load != running) {
        const Got manifest = http(load + ".loads");
        for (const auto& part : parts(manifest.octets))
          http(part);
        running = load;
        continue;
      }
      http(named(config.octets, "userLocale") + "/be-sccp.jar");
      http(named(config.octets, "networkLocaleInfo") + "/g3-tones.xml");
    }
    for (const auto* name : {"Ringlist.xml", "DistinctiveRingList.xml", "Chirp1.raw", "Desktops/320x212x16/List.xml",
                             "Desktops/320x212x16/coast-tn.png", "Desktops/320x212x16/coast.png"}) {
      http(name);
    }
    return true;
  }

  // 7960, SIP 8.12: TFTP only, text files, no ITL; two files at the same time at the end.
  bool boot_7960() {
    tftp("CTLSEP" + mac_ + ".tlv");
    tftp("SEP" + mac_ + ".cnf.xml");
    tftp("P0S3-8-12-00.loads");
    const bool common = tftp("SIPDefault.cnf").ok;
    const bool own = tftp("./SIP" + mac_ + ".cnf").ok;
    {
      const std::jthread ring([this] { tftp("RINGLIST.DAT"); });
      const std::jthread dial([this] { tftp("dialplan.xml"); });
    }
    return common && own;
  }

  // 7941 with an old trust list with a TFTP role: it accepts only the signed config, and starts
  // again.
  bool boot_7941() {
    for (int boot = 0; boot < 3; ++boot) {
      tftp("CTLSEP" + mac_ + ".tlv");
      tftp("ITLSEP" + mac_ + ".tlv");
      tftp("SEP" + mac_ + ".cnf.xml.sgn");
    }
    return true;
  }

 private:
  Got tftp(const std::string& name) {
    Got got = tftp_get({server_, 69}, name, kTries);
    keep("tftp", name, got);
    return got;
  }
  Got http(const std::string& name) {
    std::optional<Got> got = http_get({server_, 6970}, name);
    if (!got) return tftp(name);
    keep("http", name, *got);
    return *std::move(got);
  }
  void keep(std::string_view how, const std::string& name, const Got& got) {
    print_result(how, name, got);
    if (got.ok) write_file(out_ / std::filesystem::path(name).relative_path(), got.octets);
  }

  std::string server_;
  std::string mac_;
  std::filesystem::path out_;
};

int boot(const std::string& model, Phone phone) {
  if (model == "7965") return phone.boot_7965() ? 0 : 1;
  if (model == "7960") return phone.boot_7960() ? 0 : 1;
  if (model == "7941") return phone.boot_7941() ? 0 : 1;
  std::fprintf(stderr, "no such phone: %s\n", model.c_str());
  return 2;
}

int get(const std::string& server, const std::string& name, const std::string& out, int tries) {
  const Got got = tftp_get({server, 69}, name, tries);
  print_result("tftp", name, got);
  if (got.ok) write_file(out, got.octets);
  return got.ok ? 0 : 1;
}

}  // namespace
}  // namespace dw::lab

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 5 && words[0] == "boot") {
    return dw::lab::boot(words[1], dw::lab::Phone(words[2], words[3], words[4]));
  }
  if ((words.size() == 4 || words.size() == 5) && words[0] == "get") {
    return dw::lab::get(words[1], words[2], words[3], words.size() == 5 ? std::atoi(words[4].c_str()) : 4);
  }
  std::fputs("usage: lab_phone boot 7965|7960|7941 SERVER MAC OUT | lab_phone get SERVER NAME OUT_FILE [TRIES]\n",
             stderr);
  return 2;
}
