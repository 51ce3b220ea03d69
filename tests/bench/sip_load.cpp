// Cisco-like SIP phones and their central server in one process, for measuring what stands between them.
//
//   sip_load MODE KEY=VALUE…
//     register   closed loop of REGISTERs: round trips a second
//     calls      registered phones call: INVITE 100 180 200 ACK BYE 200, calls a second
//     memory     registers all, waits, tells what PID grew by for each phone
//     storm      registered phones all register again while the server is silent; until all are back
//   count=N (calls: so many instead of seconds)
//   phones=1000 server=A:P (where the server listens) via=A:P (where phones send: the same for no proxy at
//   all) domain=… (host of the phones' URIs; default: the address of via) seconds=3 window=48 (transactions
//   or calls under way) pid=N[,N…] (whose CPU time and memory are told) body=none|sdp (of calls) rate=R (of
//   registrations in memory and storm, a second; default: as fast as the window lets them) outage=10 (storm:
//   seconds of silence) wait=35 (memory) limit=300 (storm: seconds at most) spread=1 (storm: seconds within
//   which the phones begin)
//
// All phones share one socket, bound to every address of 127.0.0.0/8, and each has an address of its own
// there: a network namespace of its own keeps others' ports out of the way. Phones retransmit as RFC 3261
// §17.1 has it (T1 500 ms, T2 4 s, 10 times), and obey 503 with Retry-After. The server retransmits its 200
// to INVITE until the ACK.
#include <arpa/inet.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "sip_load.hpp"

namespace {

using namespace bench;

sockaddr_in endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  sockaddr_in out{};
  out.sin_family = AF_INET;
  if (colon == std::string::npos || inet_pton(AF_INET, text.substr(0, colon).c_str(), &out.sin_addr) != 1) {
    std::fprintf(stderr, "not an address and port: %s\n", text.c_str());
    std::exit(2);
  }
  out.sin_port = htons(static_cast<std::uint16_t>(std::atoi(text.c_str() + colon + 1)));
  return out;
}

/// Seconds of CPU of the processes so far.
double cpu_of(const std::vector<std::string>& pids) {
  double out = 0;
  for (const std::string& pid : pids) {
    std::ifstream in("/proc/" + pid + "/stat");
    std::string all((std::istreambuf_iterator<char>(in)), {});
    const std::size_t behind = all.rfind(')');
    unsigned long user = 0, system = 0;
    if (behind != std::string::npos)
      std::sscanf(all.c_str() + behind + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    out += static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  return out;
}
long resident_kib(const std::vector<std::string>& pids) {
  long out = 0;
  for (const std::string& pid : pids) {
    std::ifstream in("/proc/" + pid + "/status");
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("VmRSS:")) out += std::atol(line.c_str() + 6);
    }
  }
  return out;
}

Options options_from(int argc, char** argv) {
  Options out;
  std::string via;
  for (int i = 2; i < argc; ++i) {
    const std::string text = argv[i];
    const std::size_t equals = text.find('=');
    const std::string key = text.substr(0, equals), value = equals == std::string::npos ? "" : text.substr(equals + 1);
    const auto whole = static_cast<unsigned>(std::atoi(value.c_str()));
    if (key == "phones")
      out.phones = whole;
    else if (key == "window")
      out.window = whole;
    else if (key == "count")
      out.count = whole;
    else if (key == "rate")
      out.rate = whole;
    else if (key == "seconds")
      out.seconds = std::atof(value.c_str());
    else if (key == "outage")
      out.outage = std::atof(value.c_str());
    else if (key == "wait")
      out.wait = std::atof(value.c_str());
    else if (key == "limit")
      out.limit = std::atof(value.c_str());
    else if (key == "spread")
      out.spread = std::atof(value.c_str());
    else if (key == "body")
      out.sdp = value == "sdp";
    else if (key == "server")
      out.server_text = value;
    else if (key == "via")
      via = value;
    else if (key == "domain")
      out.domain = value;
    else if (key == "pid") {
      for (std::size_t at = 0; at < value.size();) {
        const std::size_t end = std::min(value.find(',', at), value.size());
        if (end != at) out.pids.push_back(value.substr(at, end - at));
        at = end + 1;
      }
    } else {
      std::fprintf(stderr, "sip_load: what is %s?\n", text.c_str());
      std::exit(2);
    }
  }
  if (out.phones == 0 || out.phones > 60'000 || out.window == 0)
    std::fprintf(stderr, "sip_load: 1 to 60000 phones\n"), std::exit(2);
  out.server = endpoint(out.server_text);
  out.via = endpoint(via);
  if (out.domain.empty()) out.domain = via.substr(0, via.rfind(':'));
  return out;
}

Clock::time_point in(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}
bool never() {
  return false;
}

int rates(Load& load, const Options& options, bool calls) {
  load.register_all(0);
  if (load.counts.registers != options.phones) {
    std::printf("phones=%u registered=%llu lost=%llu wrong=%llu: nothing was measured\n", options.phones,
                static_cast<unsigned long long>(load.counts.registers),
                static_cast<unsigned long long>(load.counts.lost), static_cast<unsigned long long>(load.counts.wrong));
    return 1;
  }
  load.begin_loop(calls ? Doing::calling : Doing::registering);
  if (options.count == 0) load.turn(never, in(0.5));  // warm
  const Counts before = load.counts;
  const double cpu = cpu_of(options.pids);
  const auto begin = Clock::now();
  if (options.count == 0)
    load.turn(never, in(options.seconds));
  else
    load.turn([&] { return load.counts.calls + load.counts.refused >= options.count; }, in(30));
  const double ran = std::chrono::duration<double>(Clock::now() - begin).count();
  const double spent = cpu_of(options.pids) - cpu;
  const Counts after = load.counts;
  const bool drained = load.end_loop();
  const auto done = static_cast<double>(calls ? after.calls - before.calls : after.registers - before.registers);
  const Counts& c = load.counts;
  std::printf(
      "phones=%u per_s=%.0f cpu=%.3f us_each=%.3f lost=%llu refused=%llu resent=%llu wrong=%llu "
      "octets=%zu kib=%ld\n",
      options.phones, done / ran, spent / ran, done > 0 ? spent / done * 1e6 : 0.0,
      static_cast<unsigned long long>(c.lost + (drained ? 0 : load.under_way())),
      static_cast<unsigned long long>(c.refused + c.later), static_cast<unsigned long long>(c.resent),
      static_cast<unsigned long long>(c.wrong), load.last_sizes[calls ? 1 : 0], resident_kib(options.pids));
  return c.lost + c.refused + c.wrong == 0 && drained ? 0 : 1;
}

int memory(Load& load, const Options& options) {
  const long before = resident_kib(options.pids);
  load.register_all(options.rate);
  const long at_once = resident_kib(options.pids);
  load.turn(never, in(options.wait));
  const long after = resident_kib(options.pids);
  std::printf("phones=%u registered=%u kib_at_once=%.2f kib_per_phone=%.2f lost=%llu refused=%llu wrong=%llu\n",
              options.phones, load.back(), static_cast<double>(at_once - before) / options.phones,
              static_cast<double>(after - before) / options.phones, static_cast<unsigned long long>(load.counts.lost),
              static_cast<unsigned long long>(load.counts.refused + load.counts.later),
              static_cast<unsigned long long>(load.counts.wrong));
  return load.back() == options.phones ? 0 : 1;
}

int storm(Load& load, const Options& options) {
  load.register_all(options.rate * 4 / 5);
  load.turn([&] { return load.back() == options.phones; }, in(options.limit));
  if (load.back() != options.phones) {
    std::printf("phones=%u registered=%u: no storm\n", options.phones, load.back());
    return 1;
  }
  load.turn(never, in(2));
  const Counts before = load.counts;
  const double cpu = cpu_of(options.pids);
  load.be_deaf(options.outage > 0);
  load.begin_storm();
  load.turn(never, in(options.outage));
  load.be_deaf(false);
  const auto begin = Clock::now();
  auto looked = begin;
  const bool all = load.turn(
      [&] {
        const auto now = Clock::now();
        if (now - looked < kTick) return false;
        looked = now;
        return load.back() == options.phones;
      },
      in(options.limit));
  const double took = std::chrono::duration<double>(Clock::now() - begin).count();
  const Counts& c = load.counts;
  std::printf(
      "phones=%u back=%u seconds=%.2f peak=%u seen=%zu distinct=%zu later=%llu refused=%llu lost=%llu "
      "resent=%llu wrong=%llu cpu=%.2f kib=%ld\n",
      options.phones, load.back(), took, load.peak(), load.seen(), load.distinct(),
      static_cast<unsigned long long>(c.later - before.later),
      static_cast<unsigned long long>(c.refused - before.refused),
      static_cast<unsigned long long>(c.lost - before.lost), static_cast<unsigned long long>(c.resent - before.resent),
      static_cast<unsigned long long>(c.wrong - before.wrong), cpu_of(options.pids) - cpu, resident_kib(options.pids));
  return all ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode != "register" && mode != "calls" && mode != "memory" && mode != "storm") {
    std::fprintf(stderr, "usage: sip_load register|calls|memory|storm server=A:P via=A:P [KEY=VALUE…]\n");
    return 2;
  }
  const Options options = options_from(argc, argv);
  static Load load(options);
  const int result = mode == "memory"  ? memory(load, options)
                     : mode == "storm" ? storm(load, options)
                                       : rates(load, options, mode == "calls");
  for (const auto& [status, times] : load.refusals())
    std::fprintf(stderr, "status %u: %llu times\n", status, static_cast<unsigned long long>(times));
  return result;
}
