#include <doctest/doctest.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sbc/admin/json.hpp"

using namespace dw;
using namespace dw::admin;
using namespace std::chrono_literals;

namespace {

/// A phone that is refused its config: what its findings say depends on the time as well.
void ask(phones::Inventory& inventory, unsigned number, WallTime at) {
  for (const auto* name : {"CTLSEP{:012X}.tlv", "SEP{:012X}.cnf.xml.sgn"}) {
    phones::FileStep step;
    step.at = at;
    step.name = fmt::format(fmt::runtime(name), number);
    step.peer = {IpAddress::v4(0x0a000000U + number), 50000};
    step.transport = "tftp";
    step.outcome = phones::FileOutcome::not_found;
    inventory.on_file(step);
  }
}

/// A phone that found no call server.
void ask_in_vain(phones::Inventory& inventory, unsigned number, WallTime at) {
  phones::SignallingStep step;
  step.at = at;
  step.device = fmt::format("SEP{:012X}", number);
  step.protocol = phones::Protocol::sccp;
  step.event = phones::SignallingEvent::no_server;
  step.peer = {IpAddress::v4(0x0a000000U + number), 50000};
  inventory.on_signalling(step);
}

nlohmann::json answer(const phones::Inventory& inventory, WallTime now, std::size_t limit,
                      PhoneVerdicts& verdicts, const phones::NoServer& no_server = {}) {
  PhoneFilter wanted;
  wanted.limit = limit;
  return nlohmann::json::parse(phones_json(inventory, now, wanted, no_server, verdicts));
}

}  // namespace

TEST_CASE("verdicts: those of the rows that are told are right at once, the others after some answers") {
  phones::Inventory inventory;
  const WallTime then = wall_now(), now = then + 1h;
  constexpr std::size_t kPhones = 3 * PhoneVerdicts::kAtOnce;
  for (unsigned i = 1; i <= kPhones; ++i)
    ask(inventory, i, then);
  PhoneVerdicts verdicts;
  const auto first = answer(inventory, now, 10, verdicts);
  for (const auto& phone : first["phones"])
    CHECK(phone["severity"] == "error");
  CHECK(first["attention"] == 10 + PhoneVerdicts::kAtOnce);
  answer(inventory, now, 10, verdicts);
  CHECK(answer(inventory, now, 10, verdicts)["attention"] == kPhones);
}

TEST_CASE("verdicts: a phone that changed, and one that was judged some time ago, are judged anew") {
  phones::Inventory inventory;
  const WallTime then = wall_now();
  ask(inventory, 1, then);
  PhoneVerdicts verdicts;
  CHECK(answer(inventory, then, 10, verdicts)["attention"] == 0);
  CHECK(answer(inventory, then + 1h, 10, verdicts)["attention"] == 1);
  phones::FileStep healthy;
  healthy.at = then + 1h;
  healthy.name = "SEP000000000001.cnf.xml";
  healthy.peer = {IpAddress::v4(0x0a000001), 50000};
  healthy.transport = "tftp";
  healthy.outcome = phones::FileOutcome::sent;
  healthy.octets = healthy.size = 4000;
  inventory.on_file(healthy);
  CHECK(answer(inventory, then + 1h, 10, verdicts)["attention"] == 0);
}

TEST_CASE("verdicts: an outage of the box's server is no fault of its phones, from the first answer on, and again when it is over") {
  phones::Inventory inventory;
  const WallTime now = wall_now();
  constexpr std::size_t kPhones = PhoneVerdicts::kAtOnce + 100;
  for (unsigned i = 1; i <= kPhones; ++i)
    ask_in_vain(inventory, i, now);
  PhoneVerdicts verdicts;
  answer(inventory, now, 10, verdicts);
  CHECK(answer(inventory, now, 10, verdicts)["attention"] == kPhones);
  const phones::NoServer outage{"call_server_down", ""};
  const auto during = answer(inventory, now, 10, verdicts, outage);
  for (const auto& phone : during["phones"]) {
    CHECK(phone["severity"] == "info");
    CHECK(phone["cause"] == "call_server_down");
  }
  CHECK(during["attention"] == kPhones - PhoneVerdicts::kAtOnce - 10);  // never more than that are judged for one answer
  CHECK(answer(inventory, now, 10, verdicts, outage)["attention"] == 0);
  const auto after = answer(inventory, now, 10, verdicts);
  CHECK(after["phones"][0]["severity"] == "error");
  CHECK(after["phones"][0]["cause"] == "");
  answer(inventory, now, 10, verdicts);
  CHECK(answer(inventory, now, 10, verdicts)["attention"] == kPhones);
}
