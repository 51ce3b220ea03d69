#include "sbc/daemon/options.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "conf/value.hpp"

using namespace dw;

namespace {

/// What the pipeline is given; each Action by the table of groups, so that one which nobody fills is noticed.
auto pipeline_parts(const provisioning::Pipeline::Options& o) {
  std::vector<provisioning::Action> actions;
  for (const provisioning::RewriteGroup& group : provisioning::rewrite_groups())
    actions.push_back(o.rewriting.*group.action);
  return std::tuple(o.origins, o.origin, o.fetch, o.memory, o.rewrite, o.drop_trust_lists, o.advertise, o.prefetch,
                    o.rewriting.tftp_port, o.rewriting.http_port, o.rewriting.sccp_port, o.rewriting.sip_port, actions);
}

auto all_options(const conf::Config& config) {
  const proxy::SipProxy::Options sip = sip_options(config);  // its resolver has no settings
  return std::tuple(cache_options(config), pipeline_parts(pipeline_options(config)), whose_files(config),
                    name_options(config), tftp_options(config), http_options(config), warm_pool_options(config),
                    relay_options(config), wants_fast_path(config), media_options(config), sccp_options(config),
                    sip.listen, sip.port, sip.proxy, sip.state_dir, stun_options(config), network_options(config),
                    inventory_options(config), record_options(config), admin_options(config));
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

/// Settings that no part is given by its Options, and who reads each. A setting comes here only with its reader.
const std::map<std::string, std::string> kReadElsewhere = {
    {"central", "the loader, which fills other settings from it"},
    {"access.provisioning.list", "App: the file is read at start and at reload"},
    {"access.tftp.enable", "App: whether the server is started"},
    {"access.http.enable", "App: whether the server is started"},
    {"access.stun.enable", "App: whether the server is started"},
    {"nat.measure_lifetime", "App: whether the measuring is started"},
    {"nat.lifetime", "port_mapping: what the router is asked for"},
    {"nat.gateway", "port_mapping: which router is asked"},
    {"nat.streams", "port_mapping: which ports are asked for"},
    {"cache.enable", "App: whether the cache is opened"},
    {"log.level", "App: the log is set up before there are parts"},
    {"log.format", "App: the log is set up before there are parts"},
    {"drain.timeout", "App: how long it waits at its end"},
    {"admin.enable", "App: whether the server is started"},
    {"admin.listen", "App: where the server is started"},
    {"admin.socket", "App, and each command that asks the daemon"},
    {"admin.password_file", "admin_access: read at start and at reload"},
    {"admin.claim", "App: whether a new box can be claimed"},
};

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
