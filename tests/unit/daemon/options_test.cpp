#include "sbc/daemon/options.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <tuple>

#include "conf/value.hpp"

using namespace dw;

namespace {

auto all_options(const conf::Config& config) {
  const proxy::SipProxy::Options sip = sip_options(config);  // its resolver has no settings
  return std::tuple(cache_options(config), pipeline_options(config), whose_files(config), name_options(config),
                    tftp_options(config), http_options(config), warm_pool_options(config), relay_options(config),
                    media_options(config), sccp_options(config), sip.listen, sip.port, sip.proxy, sip.state_dir,
                    stun_options(config), network_options(config), inventory_options(config), record_options(config),
                    admin_options(config));
}

conf::Config config_of(std::vector<std::string> overrides) {
  conf::LoadRequest request;
  request.overrides = std::move(overrides);
  conf::FileSource nothing;
  nothing.read = [](const std::string&) -> Result<std::string> { return fail(Errc::not_found, "none"); };
  nothing.list = [](const std::string&) { return std::vector<std::string>(); };
  const conf::Loaded loaded = conf::load(request, nothing);
  REQUIRE(loaded.ok());
  return loaded.config;
}

/// Values, as typed on a command line, of which each type takes at least one that is not what `Config` has.
constexpr std::array kValues = {"true",
                                "false",
                                "1",
                                "2",
                                "7",
                                "64",
                                "600",
                                "4000",
                                "7000",
                                "known",
                                "blank",
                                "json",
                                "debug",
                                "on",
                                "off",
                                "always",
                                "hosted",
                                "leave",
                                "rewrite",
                                "drop",
                                "1s",
                                "7s",
                                "3m",
                                "2h",
                                "30d",
                                "64KiB",
                                "3MiB",
                                "192.0.2.9",
                                "192.0.2.0/24",
                                "192.0.2.9:5070",
                                "x.example",
                                "/tmp/elsewhere",
                                "udp:192.0.2.9:5070",
                                "http://192.0.2.9:6970/",
                                "G722",
                                "scanner",
                                "21000-21999",
                                "never"};

/// Settings that no part is given by its Options: who reads each.
const std::map<std::string, std::string> kReadElsewhere = {};

}  // namespace

TEST_CASE("every setting changes what some part is given") {
  const std::array bases = {config_of({"mode=edge", "central=pbx.example.net"}),
                            config_of({"mode=hosted", "central=pbx.example.net"})};
  for (const conf::Setting& setting : conf::settings()) {
    const std::string name(setting.name);
    bool taken = false, changes = false;
    for (const conf::Config& base : bases) {
      for (const char* const text : kValues) {
        conf::Config config = base;
        if (conf::assign(setting, conf::value_from_command_line(setting, text), config)) continue;
        if (conf::shown(setting, config) == conf::shown(setting, base)) continue;
        taken = true;
        changes = changes || all_options(config) != all_options(base);
      }
    }
    CHECK_MESSAGE(taken, name << ": none of the values fits its type");
    CHECK_MESSAGE(changes != kReadElsewhere.contains(name), name);
  }
  for (const auto& [name, reader] : kReadElsewhere)
    CHECK_MESSAGE(conf::find_setting(name) != nullptr, name);
}
