// lab_sip_phone: one Cisco SIP phone, or many, with RTP, that works through a script. See kUsage.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/lab/script.hpp"
#include "tests/lab/sip_lab_phone.hpp"

namespace {

using namespace dw;
using namespace std::chrono_literals;

constexpr const char* kUsage =
    "usage: lab_sip_phone --server ADDR:PORT [--do \"STEP; STEP…\"] (or on stdin, one a line)\n"
    "  --transport udp|tcp  --model 7960|7970|7975  --phones N (names, extensions and ports count up)\n"
    "  --device SEP001122334455  --first-ext 1001  --password P (else the extension)  --expires 3600\n"
    "  --bind ADDR (own address)  --listen-port 5060 (UDP; it sends from another)  --rtp 16384\n"
    "  --nat-enabled (UDP: sends from the port that it listens on)  --one-time-sockets (UDP: a new port each "
    "message)\n"
    "  --no-qop  --zero-hold (c=0.0.0.0)  --early-media (rings with 183, and talks)  --auto-answer\n"
    "  --lenient (follows route sets and any Contact: a server without a proxy before it)  --any-media\n"
    "  --echo (a UAS that sends each packet back; lenient; 601 talks early, 602 rings for ever; runs until "
    "--for)\n"
    "  --forge FROM=>TO (changes the first FROM of each message that comes in, to see that it is noticed)\n"
    "  --retry SECONDS (TCP: connect again after a loss)  --for SECONDS (end with 1 then; 60)  --quiet  "
    "--log-messages\n"
    "steps:\n"
    "  register · refresh · heartbeat · token · unregister · disconnect · dial NUMBER|+N [late] · answer · "
    "hold · "
    "resume\n"
    "  transfer NUMBER|+N (blind) · transfer-to (the call on hold gets the one in hand) · hangup · cancel\n"
    "  sleep TIME · note TEXT · sync (all phones of the run come here)\n"
    "  wait EVENT [SECONDS=10] · expect-not EVENT SECONDS: registered, unregistered, rejected, put-off, "
    "heartbeat, "
    "unanswered,\n"
    "    disconnected, proceeding, early-media, ringing, answered, connected, held, resumed, peer-held, "
    "peer-resumed,\n"
    "    referred, refer-accepted, transferred, transfer-failed, replaced, ended, token, options, notify, "
    "notify-EVENT\n"
    "  wait-file FILE [SECONDS=10] (until there is one)\n"
    "  expect-rtp N [from SEP…|+N|self] [SECONDS=10] · expect-silence TIME\n"
    "  \"even: STEP\", \"odd: STEP\", \"2: STEP\" for these phones of the run only\n"
    "ends with 0 when every phone got through its script and saw nothing that a real one would not take "
    "(\"problem: …\"),\n"
    "  1 else, 2 for wrong arguments\n";

struct Arguments {
  lab::SipLabOptions lab;
  unsigned phones = 1;
  Duration bound = 60s;
};

[[noreturn]] void usage() {
  std::fputs(kUsage, stderr);
  std::exit(2);
}

lab::SipModel model(const std::string& text) {
  if (text == "7960") return lab::SipModel::cp7960;
  if (text == "7970") return lab::SipModel::cp7970;
  if (text == "7975") return lab::SipModel::cp7975;
  usage();
}

bool take_flag(lab::SipLabOptions& out, const std::string& name) {
  if (name == "--nat-enabled") return out.link.nat_enabled = true;
  if (name == "--one-time-sockets") return out.link.one_time_sockets = true;
  if (name == "--no-qop") return out.qop = false, true;
  if (name == "--zero-hold") return out.zero_hold = true;
  if (name == "--early-media") return out.early_media = true;
  if (name == "--auto-answer") return out.auto_answer = true;
  if (name == "--lenient") return out.lenient = true;
  if (name == "--any-media") return out.any_media = true;
  if (name == "--echo") return out.echo = out.lenient = out.link.nat_enabled = true;
  if (name == "--quiet") return out.quiet = true;
  if (name == "--log-messages") return out.log_messages = true;
  return false;
}

bool take_option(Arguments& out, const std::string& name, const std::string& value) {
  if (name == "--server") {
    out.lab.link.server = lab::endpoint_or_exit(value);
  } else if (name == "--do") {
    const auto steps = lab::split(value, ";\n");
    out.lab.script.insert(out.lab.script.end(), steps.begin(), steps.end());
  } else if (name == "--transport") {
    if (value != "udp" && value != "tcp") usage();
    out.lab.link.tcp = value == "tcp";
  } else if (name == "--model") {
    out.lab.model = model(value);
  } else if (name == "--device") {
    if (value.size() != 15 || !value.starts_with("SEP")) usage();
    out.lab.device = value;
  } else if (name == "--phones") {
    out.phones = lab::number_or_exit(value);
  } else if (name == "--first-ext") {
    out.lab.first_extension = lab::number_or_exit(value);
  } else if (name == "--password") {
    out.lab.password = value;
  } else if (name == "--expires") {
    out.lab.expires = lab::number_or_exit(value);
  } else if (name == "--bind") {
    const auto parsed = IpAddress::parse(value);
    if (!parsed) usage();
    out.lab.bind = *parsed;
  } else if (name == "--listen-port") {
    out.lab.listen_port = static_cast<std::uint16_t>(lab::number_or_exit(value));
  } else if (name == "--rtp") {
    out.lab.rtp = static_cast<std::uint16_t>(lab::number_or_exit(value));
  } else if (name == "--retry") {
    out.lab.retry = std::chrono::seconds(lab::number_or_exit(value));
  } else if (name == "--forge") {
    const std::size_t arrow = value.find("=>");
    if (arrow == std::string::npos) usage();
    out.lab.forge_from = value.substr(0, arrow);
    out.lab.forge_to = value.substr(arrow + 2);
  } else if (name == "--for") {
    out.bound = std::chrono::seconds(lab::number_or_exit(value));
  } else {
    return false;
  }
  return true;
}

Arguments parse(int argc, char** argv) {
  Arguments out;
  lab::read_arguments(
      argc, argv, [&](const std::string& name) { return take_flag(out.lab, name); },
      [&](const std::string& name, const std::string& value) { return take_option(out, name, value); }, usage);
  if (out.lab.link.server.port == 0 || out.phones == 0) usage();
  if (out.lab.script.empty() && !out.lab.echo) out.lab.script = lab::script_from_stdin();
  return out;
}

int run(const Arguments& arguments) {
  const TimePoint begin = Clock::now();
  lab::SipFleet fleet{std::vector<std::size_t>(arguments.phones, 0), false};
  std::vector<std::unique_ptr<lab::SipLabPhone>> phones;
  std::vector<pollfd> polls;
  for (unsigned n = 0; n < arguments.phones; ++n)
    phones.push_back(std::make_unique<lab::SipLabPhone>(n, arguments.lab, fleet, begin));
  if (arguments.lab.echo) {
    fmt::print("listening\n");
    std::fflush(stdout);
  }
  for (;;) {
    const TimePoint now = Clock::now();
    TimePoint next = now + 100ms;
    bool all_done = true;
    for (const auto& phone : phones) {
      phone->on_time(now);
      next = std::min(next, phone->next_time(now));
      all_done = all_done && phone->done();
    }
    if (all_done) break;
    if (now - begin >= arguments.bound) {
      for (const auto& phone : phones) {
        if (!phone->done() && !arguments.lab.echo) phone->fail("out of time");
      }
      break;
    }
    polls.clear();
    for (const auto& phone : phones)
      phone->add_polls(polls);
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
    (void)poll(polls.data(), polls.size(), static_cast<int>(std::clamp<long long>(wait, 0, 100)));
    const TimePoint after = Clock::now();
    for (const auto& phone : phones)
      phone->take_polls(after, polls);
  }
  const auto failed = std::ranges::count_if(phones, [](const auto& phone) { return phone->failed(); });
  std::uint64_t received = 0, bad = 0, lost = 0, problems = 0;
  for (const auto& phone : phones) {
    received += phone->total().received;
    bad += phone->total().bad;
    lost += phone->total().lost;
    problems += phone->problems();
    if (!arguments.lab.quiet) fmt::print("{}\n", phone->summary());
  }
  fmt::print("phones={} failed={} problems={} rtp received={} bad={} lost={} seconds={:.1f}\n", phones.size(), failed,
             problems, received, bad, lost, std::chrono::duration<double>(Clock::now() - begin).count());
  return failed > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run(parse(argc, argv));
}
