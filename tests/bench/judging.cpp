// How long it takes until every phone of a large box is judged after a restart, and how long the loop is held
// meanwhile, measured by how late a timer of one millisecond fires. ./judging [phones] [steps of each]
#include <fmt/format.h>

#include <cstdlib>

#include "sbc/admin/judging.hpp"
#include "sbc/net/loop.hpp"
#include "sbc/net/timer.hpp"

using namespace dw;
using namespace std::chrono_literals;

namespace {

double ms(Duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

/// One that boots, registers and calls; every twentieth has another server's trust list.
phones::Phone phone_of(std::uint64_t number, std::size_t steps, WallTime now) {
  phones::Phone phone;
  phone.device = *DeviceName::parse(fmt::format("SEP{:012X}", number + 1));
  phone.address = IpAddress::v4(0x0a000000U + static_cast<std::uint32_t>(number));
  phone.proven = true;
  phone.protocol = phones::Protocol::sccp;
  phone.first_seen = now - 24h;
  phone.last_seen = now - 10min;
  const bool sick = number % 20 == 0;
  for (std::size_t i = 0; i < steps; ++i) {
    phones::Step step;
    step.id = i;
    step.at = now - 24h + std::chrono::minutes(i);
    step.from = phone.address;
    if (i % 2 == 0) {
      step.kind = sick ? phones::FileKind::config_signed : phones::FileKind::config;
      step.name = phone.device.str() + (sick ? ".cnf.xml.sgn" : ".cnf.xml");
      step.outcome = sick ? phones::FileOutcome::not_found : phones::FileOutcome::sent;
      step.octets = step.size = 4000;
    } else {
      step.type = phones::StepType::signalling;
      step.event = phones::SignallingEvent::registered;
      step.protocol = phones::Protocol::sccp;
      step.name = "pbx.example.net:2000";
    }
    phone.steps.push_back(std::move(step));
  }
  return phone;
}

}  // namespace

int main(int argc, char** argv) {
  const auto phones = static_cast<std::uint64_t>(argc > 1 ? std::atoi(argv[1]) : 10'000);
  const auto steps = static_cast<std::size_t>(argc > 2 ? std::atoi(argv[2]) : 64);
  net::Loop loop;
  phones::Inventory inventory({phones, 64});
  doctor::VerdictBook verdicts(inventory);
  const WallTime now = wall_now();
  const TimePoint start = Clock::now();
  for (std::uint64_t i = 0; i < phones; ++i)
    inventory.restore(phone_of(i, steps, now));
  const TimePoint restored = Clock::now();
  verdicts.catch_up();
  admin::Sources sources;
  sources.inventory = &inventory;
  sources.verdicts = &verdicts;
  admin::Judging judging(loop, sources);
  Duration longest{};
  TimePoint expected = Clock::now() + 1ms;
  net::Timer beat(loop, [&] {
    const TimePoint came = Clock::now();
    longest = std::max(longest, came - expected);
    expected = came + 1ms;
    beat.arm_after(1ms);
  });
  beat.arm_after(1ms);
  const bool all = loop.run_until([&] { return verdicts.waiting() == 0; }, 60s);
  fmt::print(
      "{} phones with {} steps: restored in {:.0f} ms, judged in {:.0f} ms more{}, {} need attention; the loop was held {:.1f} ms at most\n",
      phones, steps, ms(restored - start), ms(Clock::now() - restored), all ? "" : " (not all)",
      verdicts.counts().attention, ms(longest));
  return all ? 0 : 1;
}
