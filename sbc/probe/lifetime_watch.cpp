#include "sbc/probe/lifetime_watch.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/random.hpp"

namespace dw::probe {
namespace {

constexpr std::string_view kFormat = "mapping-lifetime-1";
constexpr std::uint64_t kMaxSeconds = 86'400;

std::string_view word(TextCursor& cursor) {
  cursor.skip_blanks();
  return cursor.take_token();
}

}  // namespace

std::string to_line(const Lifetime& lifetime) {
  return fmt::format("{} {} {} {} {}\n", kFormat, lifetime.server, lifetime.alive.count(),
                     lifetime.dead ? std::to_string(lifetime.dead->count()) : "-",
                     lifetime.at.time_since_epoch().count());
}

Result<Lifetime> parse_lifetime(std::string_view line) {
  const auto bad = fail(Errc::malformed, "not a remembered mapping lifetime");
  if (line.size() > LifetimeWatch::kMaxLine) return bad;
  TextCursor cursor(line.substr(0, line.find('\n')));
  if (word(cursor) != kFormat) return bad;
  Lifetime out;
  out.server = std::string(word(cursor));
  const auto alive = parse_number(word(cursor), kMaxSeconds);
  const std::string_view dead_text = word(cursor);
  const auto dead = parse_number(dead_text, kMaxSeconds);
  const auto at = parse_number(word(cursor), std::numeric_limits<std::int64_t>::max() / 2);
  if (out.server.empty() || !alive || !at || (!dead && dead_text != "-")) return bad;
  out.alive = std::chrono::seconds(*alive);
  if (dead) out.dead = std::chrono::seconds(*dead);
  out.at = WallTime(std::chrono::milliseconds(*at));
  return out;
}

LifetimeWatch::LifetimeWatch(net::Loop& loop, const HostPort& server, std::string state_dir, OnResult on_result)
    : loop_(loop),
      server_(server),
      state_dir_(std::move(state_dir)),
      on_result_(std::move(on_result)),
      timer_(loop, [this] { on_time(); }) {
  timer_.arm_after(kFirstAfter);
  recall();
}

void LifetimeWatch::recall() {
  std::string line(kMaxLine, '\0');
  std::ifstream in(file(), std::ios::binary);
  if (!in.read(line.data(), static_cast<std::streamsize>(line.size())) && in.gcount() == 0) return;
  const auto known = parse_lifetime(std::string_view(line).substr(0, static_cast<std::size_t>(in.gcount())));
  if (!known || known->server != server_.to_string()) return;
  on_result_(*known);
  const Duration age = std::max<Duration>(wall_now() - known->at, Duration{});
  if (age < kEach) timer_.arm_after(kEach - age);
}

/// Writes a new file and renames it, so that a crash leaves the old or the new one.
void LifetimeWatch::remember(const Lifetime& lifetime) const {
  const std::string fresh = file() + ".new";
  std::error_code error;
  {
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out << to_line(lifetime);
    if (!out.flush()) error = std::make_error_code(std::errc::io_error);
  }
  if (!error) std::filesystem::rename(fresh, file(), error);
  if (error) spdlog::warn("event=lifetime_not_kept file=\"{}\" reason=\"{}\"", file(), escaped(error.message()));
}

void LifetimeWatch::on_time() {
  if (!probe_) return begin();
  sockets_->close_below(probe_->oldest_socket());
  after(probe_->on_deadline(loop_.now()));
}

void LifetimeWatch::begin() {
  lookup_.emplace(loop_, server_.host, [this](Result<std::vector<IpAddress>> found) {
    if (!found) return timer_.arm_after(kAgainAfterFailure);
    const auto v4 = std::ranges::find_if(*found, &IpAddress::is_v4);
    begin_at({v4 != found->end() ? *v4 : found->front(), server_.port});
  });
}

void LifetimeWatch::begin_at(const Endpoint& server) {
  const auto source = net::source_toward(server);
  if (!source) return timer_.arm_after(kAgainAfterFailure);
  sockets_ = std::make_unique<StunSockets>(loop_, *source, [this](std::uint32_t socket, Bytes octets) {
    if (probe_) after(probe_->on_datagram(loop_.now(), socket, octets));
  });
  probe_.emplace(server, net::random_u64);
  after(probe_->start(loop_.now()));
}

void LifetimeWatch::after(const std::vector<nat::StunSend>& sends) {
  sockets_->send(sends);
  timer_.arm_at(probe_->done() ? TimePoint{} : *probe_->next_deadline());
  if (probe_->done()) finish();
}

/// The sockets stay until the next measurement, as one of them may be calling this.
void LifetimeWatch::finish() {
  const nat::LifetimeProbe::Result result = probe_->result();
  probe_.reset();
  timer_.arm_after(result.alive ? kEach : kAgainAfterFailure);
  if (!result.alive) {
    spdlog::info("event=mapping_lifetime_unknown server={} reason=\"{}\"", server_.to_string(), escaped(result.error));
    return;
  }
  const Lifetime known{server_.to_string(), *result.alive, result.dead, wall_now()};
  spdlog::info("event=mapping_lifetime server={} alive={}s dead={}", known.server, known.alive.count(),
               known.dead ? fmt::format("{}s", known.dead->count()) : "never");
  remember(known);
  on_result_(known);
}

}  // namespace dw::probe
