// lab_sccp_phone: one SCCP phone, or many, with RTP, that works through a script. See kUsage.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/lab/sccp_lab_phone.hpp"
#include "tests/lab/script.hpp"

namespace {

using namespace dw;
using namespace std::chrono_literals;

constexpr const char* kUsage =
    "usage: lab_sccp_phone --server ADDR:PORT[,ADDR:PORT…] [--do \"STEP; STEP…\"] (or on stdin, one a line)\n"
    "  --device SEP001122334455  --version 11|17|20|22  --phones N (names count up)  --first-ext 1001\n"
    "  --bind ADDR (own address)  --claim ADDR (address in messages)  --rtp PORT (first RTP port)\n"
    "  --write frames|coalesced|octets  --enbloc  --auto-answer  --mute (sends no RTP)  --retry SECONDS (reconnect after loss)\n"
    "  --for SECONDS (end with 1 then; 60)  --quiet  --stagger MS (between phones' starts)\n"
    "steps:\n"
    "  register · dial NUMBER|+N · off-hook · answer · hold · resume · transfer [NUMBER|+N] · hangup\n"
    "  unregister · disconnect · servers · token · sleep TIME · send-rtp TIME (talks so long)\n"
    "  wait EVENT [SECONDS=10]: registered, rejected, unregistered, ringing, proceeding, connected, held,\n"
    "    ended, media (transmit-started), receive-opened, receive-closed, transmit-stopped, reset, token,\n"
    "    servers, lost, disconnected\n"
    "  wait-file FILE [SECONDS=10] (until there is one)\n"
    "  expect-rtp N [from SEP…|+N|callserver] [SECONDS=10] · expect-silence TIME\n"
    "  \"even: STEP\", \"odd: STEP\", \"2: STEP\" for these phones of the run only\n"
    "ends with 0 when every phone got through its script, 1 else, 2 for wrong arguments\n";

struct Arguments {
  lab::LabPhoneOptions lab;
  sim::PhoneOptions phone;
  unsigned phones = 1;
  Duration bound = 60s, stagger = 0ms;
};

[[noreturn]] void usage() {
  std::fputs(kUsage, stderr);
  std::exit(2);
}

IpAddress address(const std::string& text) {
  const auto parsed = IpAddress::parse(text);
  if (!parsed) usage();
  return *parsed;
}

bool take_flag(Arguments& out, const std::string& name) {
  if (name == "--enbloc") return out.phone.enbloc = true;
  if (name == "--mute") return out.lab.mute = true;
  if (name == "--auto-answer") return out.lab.auto_answer = true;
  if (name == "--quiet") return out.lab.quiet = true;
  return false;
}

bool take_option(Arguments& out, const std::string& name, const std::string& value) {
  if (name == "--server") {
    for (const std::string& s : lab::split(value, ","))
      out.lab.servers.push_back(lab::endpoint_or_exit(s));
  } else if (name == "--do") {
    const auto steps = lab::split(value, ";\n");
    out.lab.script.insert(out.lab.script.end(), steps.begin(), steps.end());
  } else if (name == "--device") {
    out.phone.device = value;
  } else if (name == "--version") {
    out.phone.version = lab::number_or_exit(value);
  } else if (name == "--phones") {
    out.phones = lab::number_or_exit(value);
  } else if (name == "--first-ext") {
    out.lab.first_extension = lab::number_or_exit(value);
  } else if (name == "--bind") {
    out.lab.bind = address(value);
  } else if (name == "--claim") {
    out.lab.claim = address(value);
  } else if (name == "--rtp") {
    out.phone.media_ports = static_cast<std::uint16_t>(lab::number_or_exit(value));
  } else if (name == "--write") {
    out.phone.writes = value == "coalesced" ? sim::Writes::coalesced
                       : value == "octets"  ? sim::Writes::octet_by_octet
                                            : sim::Writes::per_frame;
  } else if (name == "--retry") {
    out.lab.retry = lab::duration_or_exit(value);
  } else if (name == "--for") {
    out.bound = lab::duration_or_exit(value);
  } else if (name == "--stagger") {
    out.stagger = std::chrono::milliseconds(lab::number_or_exit(value));
  } else {
    return false;
  }
  return true;
}

Arguments parse(int argc, char** argv) {
  Arguments out;
  lab::read_arguments(
      argc, argv, [&](const std::string& name) { return take_flag(out, name); },
      [&](const std::string& name, const std::string& value) { return take_option(out, name, value); }, usage);
  if (out.lab.servers.empty()) usage();
  if (out.lab.script.empty()) out.lab.script = lab::script_from_stdin();
  return out;
}

int run(const Arguments& arguments) {
  const TimePoint begin = Clock::now();
  std::vector<std::unique_ptr<lab::LabPhone>> phones;
  std::vector<pollfd> polls;
  const auto add = [&](TimePoint now) {
    const auto n = static_cast<unsigned>(phones.size());
    sim::PhoneOptions options = arguments.phone;
    options.device = lab::device_after(arguments.phone.device, n);
    options.media_pairs = arguments.phones > 100 ? 4 : 32;
    options.media_ports = static_cast<std::uint16_t>(options.media_ports + 2 * options.media_pairs * n);
    phones.push_back(std::make_unique<lab::LabPhone>(n, options, arguments.lab, now));
  };
  for (;;) {
    const TimePoint now = Clock::now();
    while (phones.size() < arguments.phones && now >= begin + arguments.stagger * static_cast<int>(phones.size())) {
      add(now);
    }
    TimePoint next = now + 100ms;
    bool all_done = phones.size() == arguments.phones;
    for (const auto& phone : phones) {
      phone->on_time(now);
      next = std::min(next, phone->next_time(now));
      all_done = all_done && phone->done();
    }
    if (all_done) break;
    if (now - begin >= arguments.bound) {
      for (const auto& phone : phones) {
        if (!phone->done()) phone->fail("out of time");
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
  std::uint64_t received = 0, bad = 0, lost = 0;
  for (const auto& phone : phones) {
    received += phone->total().received;
    bad += phone->total().bad;
    lost += phone->total().lost;
  }
  fmt::print("phones={} failed={} rtp received={} bad={} lost={} seconds={:.1f}\n", phones.size(), failed, received,
             bad, lost, std::chrono::duration<double>(Clock::now() - begin).count());
  return failed > 0 || phones.size() < arguments.phones ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run(parse(argc, argv));
}
