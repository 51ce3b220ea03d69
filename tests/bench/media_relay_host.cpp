// The relay alone, for measurements: opens STREAMS streams between its two addresses, writes their ports to
// MAP, and runs until SIGTERM.   media_relay_host STREAMS MAP THREADS FIRST-PORT LAST-PORT [INTERFACE…]
// With interfaces, the kernel carries what it can between them.
#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <span>

#include "nat/relay.hpp"
#ifdef DW_HAS_FAST
#include <net/if.h>

#include "nat/fast/kernel_flows.hpp"
#include "nat/fast/loader/program.hpp"
#endif

using namespace dw;
using namespace dw::nat;

namespace {

std::size_t resident_kib() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) / 1024;
}

#ifdef DW_HAS_FAST
/// Must live as long as the relay is carried by it.
std::unique_ptr<fast::Program> carry(Relay& relay, std::span<char*> interfaces) {
  std::string log;
  auto program = fast::Program::load(log);
  if (!program) {
    fmt::print("{}\n{}\n", program.error().text, log);
    std::exit(2);
  }
  for (const char* name : interfaces)
    (void)(*program)->attach(if_nametoindex(name));
  const std::shared_ptr<fast::KernelMaps> maps = *fast::KernelMaps::open(*(*program)->maps());
  relay.carry_by([&](unsigned part, unsigned parts) {
    return std::make_unique<fast::KernelFlows>(maps, *fast::Routes::open(), part, parts);
  });
  return std::move(*program);
}
#endif

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) return 2;
  const auto streams = static_cast<unsigned>(std::stoul(argv[1]));
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  RelayOptions options;
  options.first_port = static_cast<std::uint16_t>(std::stoul(argv[4]));
  options.last_port = static_cast<std::uint16_t>(std::stoul(argv[5]));
  options.threads = static_cast<unsigned>(std::stoul(argv[3]));
  auto made = make_epoll_relay(options);
  if (!made) {
    fmt::print("{}\n", made.error().text);
    return 2;
  }
  Relay& relay = **made;
#ifdef DW_HAS_FAST
  const auto program = argc > 6 ? carry(relay, std::span(argv + 6, static_cast<std::size_t>(argc - 6))) : nullptr;
#endif
  const StreamRequest request{.phone_local = *IpAddress::parse("10.77.1.1"),
                              .central_local = *IpAddress::parse("10.77.2.1"),
                              .phone = *IpAddress::parse("10.77.1.2"),
                              .call_servers = {}};
  const IpAddress far_end = *IpAddress::parse("10.77.2.2");
  // The first one brings what all share.
  if (const auto first = relay.open(request)) relay.close(first->id);
  const std::size_t before = resident_kib();
  std::ofstream map(argv[2]);
  const auto start = Clock::now();
  for (unsigned i = 0; i < streams; ++i) {
    const auto opened = relay.open(request);
    if (!opened) {
      fmt::print("{}\n", opened.error().text);
      return 2;
    }
    const auto port = static_cast<std::uint16_t>(30000 + 2 * i);
    relay.set_far_end(opened->id, Endpoint{far_end, port}, {});
    map << port << ' ' << opened->phone_port << ' ' << port << ' ' << opened->central_port << '\n';
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  map.close();
  fmt::print("ready streams={} setups_per_s={:.0f} rss_before_kib={}\n", relay.streams(), streams / seconds, before);
  std::fflush(stdout);
  int which = 0;
  sigwait(&ends, &which);
  MetricsText metrics;
  relay.append_metrics(metrics);
  fmt::print("{}", metrics.text());
  relay.carry_by({});
}
