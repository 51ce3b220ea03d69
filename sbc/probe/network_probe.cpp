#include "sbc/probe/network_probe.hpp"

#include <algorithm>
#include <utility>

#include "sbc/doctor/nat_path.hpp"

namespace dw::probe {

/// One measurement.
struct NetworkProbe::Run {
  Run(net::Loop& l, const Options& o, std::function<void()> d)
      : loop(l), options(o), done(std::move(d)), limit(l, [this] { end(); }) {}

  void start() {
    facts.measured_at = wall_now();
    limit.arm_after(kRunWithin);
    if (options.targets.size() > kMaxTargets) options.targets.resize(kMaxTargets);
    for (const Target& target : options.targets)
      want(target.host, [this, target](const IpAddress& at) { begin(target, {at, target.port}); });
    if (options.stun_server) {
      const HostPort& server = *options.stun_server;
      facts.measured_against = server.to_string();
      want(server.host, [this, server](const IpAddress& at) { begin_stun(server, at); });
    }
    over();
  }

  /// Resolves the name once, for all checks that need it.
  void want(const std::string& host, std::function<void(const IpAddress&)> with) {
    Name& name = names[host];
    name.wanted.push_back(std::move(with));
    if (name.lookup) return;
    name.asked = loop.now();
    ++pending;
    name.lookup.emplace(loop, host, [this, host](Result<std::vector<IpAddress>> found) { resolved(host, found); });
  }

  void resolved(const std::string& host, const Result<std::vector<IpAddress>>& found) {
    Name& name = names[host];
    const bool literal = IpAddress::parse(host).has_value();
    if (!literal) {
      facts.dns.push_back({host, found ? *found : std::vector<IpAddress>{}, loop.now() - name.asked,
                           found ? std::string() : found.error().text});
    }
    if (found) {
      const auto v4 = std::ranges::find_if(*found, &IpAddress::is_v4);
      const IpAddress at = v4 != found->end() ? *v4 : found->front();
      for (const auto& with : std::exchange(name.wanted, {}))
        with(at);
    } else {
      for (const Target& target : options.targets) {
        if (target.host == host)
          note_reach(facts, target, {{}, target.port}, doctor::PortState::not_tried, {}, found.error().text);
      }
      if (options.stun_server && options.stun_server->host == host) facts.stun_error = found.error().text;
    }
    over();
  }

  CheckContext context() { return {loop, facts}; }
  Over one_more() {
    ++pending;
    return [this] { over(); };
  }
  void begin(const Target& target, const Endpoint& at) {
    if (target.transport == doctor::Transport::tcp) {
      checks.push_back(check_tcp(context(), target, at, one_more()));
    } else if (target.service == "tftp") {
      checks.push_back(check_tftp(context(), target, at, fresh_came, one_more()));
    } else {
      checks.push_back(check_sip_udp(context(), target, at, one_more()));
    }
  }
  void begin_stun(const HostPort& server, const IpAddress& at) {
    const Target target{"stun", doctor::Transport::udp, server.host, server.port};
    checks.push_back(check_stun(context(), target, {at, server.port}, one_more()));
    checks.push_back(check_hops(context(), at, one_more()));
  }

  void over() {
    if (--pending == 0) end();
  }
  /// Posted to the loop, so that no check is destroyed while it is running.
  void end() {
    limit.cancel();
    if (std::exchange(ended, true)) return;
    soon.emplace(loop, [this] { done(); });
    soon->arm_at({});
  }

  struct Name {
    std::optional<net::Lookup> lookup;
    TimePoint asked{};
    std::vector<std::function<void(const IpAddress&)>> wanted;
  };
  net::Loop& loop;
  Options options;
  std::function<void()> done;
  net::Timer limit;
  std::optional<net::Timer> soon;
  doctor::NetworkFacts facts;
  std::optional<bool> fresh_came;
  std::map<std::string, Name> names;
  std::vector<std::unique_ptr<Check>> checks;
  std::size_t pending = 1;  // start() itself
  bool ended = false;
};

NetworkProbe::NetworkProbe(net::Loop& loop, Options options) : loop_(loop), options_(std::move(options)) {}
NetworkProbe::~NetworkProbe() = default;

void NetworkProbe::configure(Options options) {
  if (options == options_) return;
  options_ = std::move(options);
  measured_.reset();
}

bool NetworkProbe::set_router_external(std::optional<IpAddress> address) {
  if (address == router_external_) return false;
  router_external_ = address;
  measured_.reset();
  return true;
}

void NetworkProbe::ask(OnFacts on_facts) {
  const bool fresh = measured_ && loop_.now() - *measured_ < kFresh && !run_;
  if (fresh || askers_.size() >= kMaxAskers) return on_facts(facts_);
  askers_.push_back(std::move(on_facts));
  if (!run_) begin();
}

void NetworkProbe::begin() {
  run_ = std::make_unique<Run>(loop_, options_, [this] { finish(); });
  run_->start();
}

void NetworkProbe::finish() {
  doctor::NetworkFacts facts = std::move(run_->facts);
  facts.router_external = router_external_;
  doctor::conclude(facts, run_->fresh_came);
  keep_lifetime(facts);
  if (run_->options == options_) measured_ = loop_.now();
  facts_ = std::move(facts);
  const auto ended = std::move(run_);  // outlives this function, which it called
  for (const OnFacts& on_facts : std::exchange(askers_, {}))
    on_facts(facts_);
}

void NetworkProbe::set_lifetime(std::optional<std::chrono::seconds> alive, std::optional<std::chrono::seconds> dead,
                                WallTime at) {
  facts_.mapping_lifetime = alive;
  facts_.mapping_dead_at = dead;
  facts_.lifetime_measured_at = at;
}

void NetworkProbe::keep_lifetime(doctor::NetworkFacts& facts) const {
  facts.mapping_lifetime = facts_.mapping_lifetime;
  facts.mapping_dead_at = facts_.mapping_dead_at;
  facts.lifetime_measured_at = facts_.lifetime_measured_at;
}

}  // namespace dw::probe
