#include "sbc/net/sip_lookup.hpp"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "sbc/net/timer.hpp"

namespace dw::net {
namespace {

struct Service {
  std::string_view prefix;  ///< of the SRV name, RFC 3263 §4.1
  std::uint16_t port;       ///< RFC 3261 §19.1.2
  std::string_view words;
};

Service service_of(SipTransport transport) {
  switch (transport) {
    case SipTransport::udp:
      return {"_sip._udp.", 5060, "SIP over UDP"};
    case SipTransport::tcp:
      return {"_sip._tcp.", 5060, "SIP over TCP"};
    case SipTransport::tls:
      return {"_sips._tcp.", 5061, "SIP over TLS"};
  }
  return {};
}

/// One running lookup: first the SRV records, then the addresses of each target.
struct LookupJob {
  HostPort name;
  Service service;
  SipLookup::Answer answer;  // none: it has ended or was cancelled
  std::unique_ptr<Timer> give_up;
  std::vector<SrvRecord> targets;
  std::vector<std::optional<Result<NameAddresses>>> found;  // for each target
  Duration ttl = SipLookup::kMaxTtl;
};

/// The result of a lookup, once all its targets have been asked.
Result<SipTargets> sum_up(const LookupJob& job) {
  SipTargets out;
  out.ttl = job.ttl;
  const Error* why = nullptr;
  for (std::size_t i = 0; i < job.targets.size(); ++i) {
    const Result<NameAddresses>& found = *job.found[i];
    if (!found) {
      const bool unsure = found.error().code == Errc::unavailable;
      if (unsure) out.ttl = std::min(out.ttl, SipLookup::kPartTtl);
      if (!why || (unsure && why->code != Errc::unavailable)) why = &found.error();
      continue;
    }
    out.ttl = std::min(out.ttl, found->ttl);
    for (const IpAddress& address : found->addresses) {
      const Endpoint endpoint{address, job.targets[i].port};
      if (out.endpoints.size() < SipLookup::kMaxEndpoints &&
          std::ranges::find(out.endpoints, endpoint) == out.endpoints.end())
        out.endpoints.push_back(endpoint);
    }
  }
  if (out.endpoints.empty()) return std::unexpected(*why);
  out.ttl = std::clamp(out.ttl, SipLookup::kMinTtl, SipLookup::kMaxTtl);
  return out;
}

}  // namespace

/// The channel and the jobs. c-ares must not be called from its own callbacks: their results wait in `steps` until the
/// loop's next turn, and a user's callback is never called from inside c-ares.
struct SipResolver::State : std::enable_shared_from_this<SipResolver::State> {
  using JobPtr = std::shared_ptr<LookupJob>;
  State(Loop& l, const Options& o) : loop(l), options(o), soon(l, [this] { settle(); }) {
    if (options.random) return;
    options.random = [source = std::mt19937(std::random_device()())](std::uint32_t most) mutable {
      return std::uniform_int_distribution<std::uint32_t>(0, most)(source);
    };
  }

  void start(const JobPtr& job);
  void cancel(const JobPtr& job);
  void close();

  DnsChannel* channel_for(const JobPtr& job);
  void ask_srv(const JobPtr& job);
  void on_srv(const JobPtr& job, Result<SrvAnswer> answer);
  void ask_addresses(const JobPtr& job, std::vector<SrvRecord> targets);
  void on_addresses(const JobPtr& job, std::size_t target, Result<NameAddresses> answer);
  void finish(const JobPtr& job, Result<SipTargets> result);
  void later(std::function<void()> step);
  void settle();
  void distrust(const DnsChannel* asked, const Error& error);
  void drop_idle();

  Loop& loop;
  Options options;
  Timer soon;
  bool closed = false;
  std::vector<std::function<void()>> steps;
  std::vector<JobPtr> jobs;
  std::unique_ptr<DnsChannel> channel;
  std::vector<std::unique_ptr<DnsChannel>> retired;  // distrusted, but some job still waits for it
};

void SipResolver::State::start(const JobPtr& job) {
  jobs.push_back(job);
  if (const auto literal = IpAddress::parse(job->name.host)) {
    const std::uint16_t port = job->name.port != 0 ? job->name.port : job->service.port;
    later([this, job, at = Endpoint{*literal, port}] { finish(job, SipTargets{{at}, SipLookup::kMaxTtl}); });
    return;
  }
  job->give_up = std::make_unique<Timer>(loop, [self = weak_from_this(), weak = std::weak_ptr(job)] {
    const auto state = self.lock();
    const auto late = weak.lock();
    if (!state || !late) return;
    state->finish(late,
                  fail(Errc::unavailable, "could not look up \"" + late->name.host + "\": no answer came in time"));
    state->drop_idle();
  });
  job->give_up->arm_after(options.give_up);
  if (job->name.port == 0) return ask_srv(job);
  ask_addresses(job, {{0, 0, job->name.port, job->name.host}});
}

/// The channel to use; if there is none, the job ends.
DnsChannel* SipResolver::State::channel_for(const JobPtr& job) {
  if (channel) return channel.get();
  auto opened = DnsChannel::open(loop, options.dns);
  if (!opened) {
    later([this, job, error = std::move(opened.error())] { finish(job, std::unexpected(error)); });
    return nullptr;
  }
  channel = std::move(*opened);
  return channel.get();
}

void SipResolver::State::ask_srv(const JobPtr& job) {
  DnsChannel* asked = channel_for(job);
  if (!asked) return;
  asked->srv(std::string(job->service.prefix) + job->name.host, [=, this](Result<SrvAnswer> answer) {
    later([=, this, answer = std::move(answer)]() mutable {
      if (!answer) distrust(asked, answer.error());
      on_srv(job, std::move(answer));
    });
  });
}

void SipResolver::State::on_srv(const JobPtr& job, Result<SrvAnswer> answer) {
  if (!job->answer) return;
  if (!answer && answer.error().code == Errc::not_found)
    return ask_addresses(job, {{0, 0, job->service.port, job->name.host}});
  if (!answer) return finish(job, std::unexpected(std::move(answer.error())));
  std::vector<SrvRecord> targets = std::move(answer->records);
  std::erase_if(targets, [](const SrvRecord& r) { return r.target.empty() || r.port == 0; });
  if (targets.empty())
    return finish(job, fail(Errc::unavailable, "\"" + job->name.host + "\" offers no " +
                                                   std::string(job->service.words) + ": its SRV record says so"));
  put_in_order(targets, options.random);
  if (targets.size() > SipLookup::kMaxTargets) targets.resize(SipLookup::kMaxTargets);
  job->ttl = std::min(job->ttl, answer->ttl);
  ask_addresses(job, std::move(targets));
}

void SipResolver::State::ask_addresses(const JobPtr& job, std::vector<SrvRecord> targets) {
  DnsChannel* asked = channel_for(job);
  if (!asked) return;
  job->targets = std::move(targets);
  job->found.resize(job->targets.size());
  for (std::size_t i = 0; i < job->targets.size(); ++i) {
    asked->addresses(job->targets[i].target, [=, this](Result<NameAddresses> answer) {
      later([=, this, answer = std::move(answer)]() mutable {
        if (!answer) distrust(asked, answer.error());
        on_addresses(job, i, std::move(answer));
      });
    });
  }
}

void SipResolver::State::on_addresses(const JobPtr& job, std::size_t target, Result<NameAddresses> answer) {
  if (!job->answer) return;
  job->found[target] = std::move(answer);
  const bool all = std::ranges::all_of(job->found, [](const auto& found) { return found.has_value(); });
  if (all) finish(job, sum_up(*job));
}

void SipResolver::State::finish(const JobPtr& job, Result<SipTargets> result) {
  std::erase(jobs, job);
  job->give_up.reset();
  const SipLookup::Answer to = std::exchange(job->answer, nullptr);  // the callback may destroy the lookup
  if (to) to(std::move(result));
}

void SipResolver::State::later(std::function<void()> step) {
  steps.push_back(std::move(step));
  if (steps.size() == 1) soon.arm_at({});
}

void SipResolver::State::settle() {
  const std::shared_ptr<State> alive = shared_from_this();
  for (const auto& step : std::exchange(steps, {})) {
    if (closed) return;
    step();
  }
  drop_idle();
}

/// Its servers did not answer: /etc/resolv.conf may have changed.
void SipResolver::State::distrust(const DnsChannel* asked, const Error& error) {
  if (error.code == Errc::unavailable && channel && channel.get() == asked) retired.push_back(std::move(channel));
}

/// Drops channels for which no job waits.
void SipResolver::State::drop_idle() {
  if (closed) return;
  std::erase_if(retired, [](const auto& old) { return old->in_flight() == 0; });
  if (!jobs.empty()) return;
  retired.clear();
  if (channel && channel->in_flight() != 0) channel.reset();
}

void SipResolver::State::cancel(const JobPtr& job) {
  std::erase(jobs, job);
  drop_idle();
}

void SipResolver::State::close() {
  closed = true;
  soon.cancel();
  for (const JobPtr& job : jobs) {
    job->answer = nullptr;
    job->give_up.reset();
  }
  jobs.clear();
  channel.reset();
  retired.clear();
}

SipResolver::SipResolver(Loop& loop, const Options& options) : state_(std::make_shared<State>(loop, options)) {}

SipResolver::~SipResolver() {
  state_->close();
}

struct SipLookup::State {
  std::weak_ptr<SipResolver::State> resolver;
  std::shared_ptr<LookupJob> job;

  ~State() {
    job->answer = nullptr;
    job->give_up.reset();
    if (const auto alive = resolver.lock()) alive->cancel(job);
  }
};

SipLookup::SipLookup(SipResolver& resolver, const HostPort& name, SipTransport transport, Answer answer) {
  const auto job = std::make_shared<LookupJob>();
  job->name = name;
  job->service = service_of(transport);
  job->answer = std::move(answer);
  state_.reset(new State{resolver.state_, job});
  resolver.state_->start(job);
}

SipLookup::~SipLookup() = default;
SipLookup::SipLookup(SipLookup&&) noexcept = default;
SipLookup& SipLookup::operator=(SipLookup&&) noexcept = default;

}  // namespace dw::net
