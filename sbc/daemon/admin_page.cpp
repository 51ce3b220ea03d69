#include "sbc/daemon/admin_page.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "sbc/base/escape.hpp"
#include "sbc/daemon/admin_access.hpp"
#include "sbc/daemon/options.hpp"
#include "sbc/daemon/page_state.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/resolver.hpp"

namespace dw {
namespace {

const conf::Resolved* resolved(const conf::Loaded& loaded, std::string_view name) {
  const auto found = std::ranges::find(loaded.resolved, name, &conf::Resolved::name);
  return found == loaded.resolved.end() ? nullptr : &*found;
}

admin::PageSettings::One one(const conf::Loaded& loaded, std::string_view name, std::string value) {
  const conf::Resolved* const r = resolved(loaded, name);
  return {std::move(value), r ? r->from : std::string(), r && r->from == "--set"};
}

/// "auto" of "\"auto\"".
std::string unquoted(std::string text) {
  return text.size() >= 2 && text.starts_with('"') ? text.substr(1, text.size() - 2) : text;
}

/// All services that a central server of this name may offer, whether used here or not.
probe::NetworkProbe::Options services_of(const std::string& host) {
  using doctor::Transport;
  probe::NetworkProbe::Options options;
  options.targets = {{"http", Transport::tcp, host, 6970},
                     {"tftp", Transport::udp, host, 69},
                     {"sccp", Transport::tcp, host, 2000},
                     {"sip", Transport::udp, host, 5060},
                     {"sip", Transport::tcp, host, 5060}};
  return options;
}

}  // namespace

void AdminPage::start(admin::Sources sources) {
  open_claim();
  sources.setup = setup();
  server_ = std::make_unique<admin::AdminServer>(loop_, options(), std::move(sources));
  server_->use(credentials_);
}

/// Phones can live without it, so it is no reason not to run.
void AdminPage::listen_on_socket() {
  const std::string& path = loaded_.config.admin.socket;
  if (path.empty()) return;
  if (const auto ok = server_->listen_on_socket(path); !ok)
    spdlog::warn("event=control_socket_failed reason=\"{}\" dropwire status and the like will not find this daemon",
                 ok.error().text);
}

Result<void> AdminPage::listen() {
  if (!loaded_.config.admin.enable || place_) return {};
  return listen_at(0);
}

void AdminPage::close() {
  server_->close_tcp();
  place_.reset();
}

admin::Service AdminPage::service() const {
  return {"admin", loaded_.config.admin.enable, place_ ? std::vector{place_->at} : std::vector<Endpoint>(), {}};
}

Result<void> AdminPage::configure() {
  return server_->configure(options());
}

/// The page moves later, as this may be called from within one of its own answers.
void AdminPage::reloaded(const admin::Credentials& credentials, bool needs_restart) {
  needs_restart_ = needs_restart;
  credentials_ = credentials;
  server_->use(credentials);
  close_claim();
  loop_.post([this] { move(); });
}

bool AdminPage::may_be_wide() const {
  const conf::Config& config = loaded_.config;
  return config.admin.enable && config.admin.claim && config.mode == conf::Mode::edge &&
         config.admin.listen.address.is_loopback();
}

/// A box without a password: for a day whoever is on its network and has its code may claim it. An unreadable password
/// file counts as a password.
void AdminPage::open_claim() {
  const conf::Config& config = loaded_.config;
  const bool taken = credentials_.password || access(page_password_file(config).c_str(), F_OK) == 0;
  if (!may_be_wide() || taken) return;
  claim_.open(loop_.now(), claim_code(config.state.dir));
  claim_timer_ = std::make_unique<net::Timer>(loop_, [this] {
    claim_.close();
    spdlog::warn(
        "event=claim_closed reason=\"nobody claimed this box within 24 hours\" restart it to open its page again");
    move();
  });
  claim_timer_->arm_after(admin::Claim::kOpenFor);
  spdlog::info(
      "event=claim_open nobody has a password for this box: \"dropwire status\" has the code with which its page gives one");
}

/// The box has a password now.
void AdminPage::close_claim() {
  if (!credentials_.password) return;
  claim_.close();
  claim_timer_.reset();
  forget_claim_code(loaded_.config.state.dir);
}

/// The page is on the local network while the box can be claimed, and after it was claimed.
bool AdminPage::should_be_wide() const {
  if (!may_be_wide()) return false;
  return claim_.is_open(loop_.now()) ||
         (credentials_.password && access(page_password_file(loaded_.config).c_str(), F_OK) == 0);
}

/// `port`: where it was before; 0: what the settings say.
Result<void> AdminPage::listen_at(std::uint16_t port) {
  Endpoint at = loaded_.config.admin.listen;
  if (port != 0) at.port = port;
  bool wide = should_be_wide();
  place_.reset();
  Result<Endpoint> opened =
      wide ? server_->listen({at.address.is_v4() ? IpAddress::v4(0) : IpAddress::parse("::").value(), at.port},
                             &admin::Claim::is_on_local_network)
           : server_->listen(at);
  if (wide && !opened) {
    spdlog::warn("event=page_not_on_network reason=\"{}\" the page is on this machine alone", opened.error().text);
    wide = false;
    opened = server_->listen(at);
  }
  if (!opened) return std::unexpected(opened.error());
  place_ = {*opened, wide};
  return {};
}

/// Moves the page to where it should be now. Must not be called from within one of its own answers.
void AdminPage::move() {
  if (!place_ || place_->wide == should_be_wide()) return;
  server_->close_tcp();
  if (const auto ok = listen_at(place_->at.port); !ok)
    spdlog::error("event=page_closed reason=\"{}\"", ok.error().text);
  if (place_) spdlog::info("event=listening service=admin address={}", place_->at.to_string());
}

std::vector<std::string> AdminPage::addresses() const {
  std::vector<std::string> out;
  if (!place_ || !place_->wide) return out;
  for (const IpAddress& own : net::local_addresses()) {
    if (own.is_v4() && !own.is_loopback() && admin::Claim::is_on_local_network(own))
      out.push_back(fmt::format("http://{}/", Endpoint{own, place_->at.port}.to_string()));
  }
  return out;
}

/// With the names by which browsers on the network may know this box, by mDNS or from the home's router.
admin::AdminServer::Options AdminPage::options() const {
  admin::AdminServer::Options out = admin_options(loaded_.config);
  if (!may_be_wide()) return out;
  out.host_names.emplace_back("dropwire.local");
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) == 0 && host[0] != '\0') {
    const std::string name(host.data());
    out.host_names.push_back(name);
    out.host_names.push_back(name.substr(0, name.find('.')) + ".local");
  }
  return out;
}

admin::PageSettings AdminPage::settings() const {
  admin::PageSettings out;
  out.central = one(loaded_, "central", loaded_.config.central.host);
  const conf::Resolved* const mapping = resolved(loaded_, "nat.port_mapping");
  out.port_mapping = one(loaded_, "nat.port_mapping", mapping ? unquoted(mapping->value) : std::string());
  out.running_port_mapping = loaded_.config.nat.port_mapping;
  out.needs_restart = needs_restart_;
  out.can_restart = std::getenv("NOTIFY_SOCKET") != nullptr;
  return out;
}

/// A change of the page, while it is being written.
struct AdminPage::Job {
  std::string dir, password_file;
  conf::PageSettings before, wanted;
  admin::Credentials old_password;
  Result<void> done;
};

/// Written on another thread, then read again like any settings. If they are refused, the old ones are restored.
void AdminPage::change(const admin::PageChange& change, const admin::OnOutcome& done) {
  const admin::PageSettings now = settings();
  if (!job_.expired()) return done({409, "another change is being made just now"});
  if ((change.central && now.central.fixed) || (change.router_ports && now.port_mapping.fixed))
    return done({409, "this is set on the command line of the service, which counts before the page"});
  const auto job = std::make_shared<Job>();
  job_ = job;
  job->dir = loaded_.config.state.dir;
  job->password_file = page_password_file(loaded_.config);
  job->before = job->wanted = loaded_.page;
  if (change.central) job->wanted.central = change.central;
  if (change.router_ports) job->wanted.port_mapping = *change.router_ports ? "auto" : "off";
  loop_.work(
      [job, password = change.password] {
        job->old_password = admin::read_credentials(job->password_file).value_or(admin::Credentials{});
        if (job->wanted != job->before) job->done = write_page_settings(job->dir, job->wanted);
        admin::Credentials fresh;
        fresh.password = password;
        if (job->done && password) job->done = write_credentials(job->password_file, fresh);
        if (!job->done) (void)write_page_settings(job->dir, job->before);
      },
      [this, job, with_password = change.password.has_value(), done] {
        job_.reset();
        if (!job->done) return done({500, "it could not be kept: " + job->done.error().text});
        const admin::ReloadOutcome outcome = hooks_.reload();
        if (outcome.taken)
          return done({200, outcome.problems.empty() ? "saved" : "saved; some of it counts after a restart"});
        (void)write_page_settings(job->dir, job->before);
        if (with_password && job->old_password.password) (void)write_credentials(job->password_file, job->old_password);
        if (with_password && !job->old_password.password) (void)unlink(job->password_file.c_str());
        done({422, "it was not taken: " + (outcome.problems.empty() ? std::string("the settings were refused")
                                                                    : outcome.problems.front())});
      });
}

bool AdminPage::try_central(const std::string& host, const std::function<void(const doctor::NetworkFacts&)>& done) {
  if (trial_ && trial_->running()) return false;
  trial_ = std::make_unique<probe::NetworkProbe>(loop_, services_of(host));
  trial_->ask(done);
  return true;
}

admin::Setup AdminPage::setup() {
  admin::Setup s;
  s.claim = &claim_;
  s.settings = [this] { return settings(); };
  s.addresses = [this] { return addresses(); };
  s.change = [this](const admin::PageChange& wanted, const admin::OnOutcome& done) { change(wanted, done); };
  s.try_central = [this](const std::string& host, const auto& done) { return try_central(host, done); };
  s.restart = hooks_.restart;
  return s;
}

}  // namespace dw
