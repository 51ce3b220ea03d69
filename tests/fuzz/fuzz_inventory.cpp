// Steps, notes, configs, registrations and calls from the input, at times from the input. Whatever they are:
// bounds hold, steps stay in order, stories and findings can be told, and verdicts are counted right.
#include <array>
#include <cstdint>
#include <cstdlib>

#include "sbc/base/byte_reader.hpp"
#include "sbc/doctor/findings.hpp"
#include "sbc/doctor/site.hpp"
#include "sbc/phones/boots.hpp"
#include "sbc/phones/inventory.hpp"

using namespace dw;
using namespace dw::phones;

namespace {

constexpr std::size_t kMaxPhones = 6;
constexpr std::size_t kMaxSteps = 12;
constexpr std::size_t kMaxOperations = 400;
constexpr std::size_t kJudged = 4;  // phones, each time
constexpr std::array<std::string_view, 14> kNames = {"CTLSEP00112233445#.tlv",
                                                     "ITLSEP00112233445#.tlv",
                                                     "SEP00112233445#.cnf.xml",
                                                     "SEP00112233445#.cnf.xml.sgn",
                                                     "SEP00112233445#.cnf.xml.enc.sgn",
                                                     "XMLDefault.cnf.xml",
                                                     "SIP00112233445#.cnf",
                                                     "gk00112233445#",
                                                     "term45.default.loads",
                                                     "SCCP42.9-4-2SR3-1S.loads",
                                                     "jar45sccp.9-4-2SR3-1.sbn",
                                                     "x/be-sccp.jar",
                                                     "Desktops/320x212x16/List.xml",
                                                     "dialplan.xml"};

void must(bool holds) {
  if (!holds) std::abort();
}

std::string name_from(ByteReader& in) {
  const std::uint8_t pick = in.u8("name");
  if (pick >= 0xf0) return std::string(as_text(in.take(pick & 0x0fU, "letters")));
  std::string name(kNames[pick % kNames.size()]);
  if (const auto digit = name.find('#'); digit != name.npos) name[digit] = static_cast<char>('0' + pick / 32);
  return name;
}

IpAddress address_from(std::uint8_t octet) {
  return octet % 8 == 7 ? IpAddress() : IpAddress::v4(0xc0000200U + octet % 8);
}

void file(Inventory& inventory, ByteReader& in, WallTime at) {
  FileStep step;
  step.at = at;
  step.name = name_from(in);
  const std::uint8_t bits = in.u8("bits");
  step.peer = {address_from(bits), 50'000};
  step.transport = bits & 0x80U ? "http" : bits & 0x40U ? "control" : "tftp";
  step.outcome = static_cast<FileOutcome>(in.u8("outcome") % 9);
  step.took = std::chrono::milliseconds(in.u16be("took"));
  step.last_block = in.u8("block");
  step.error_code = in.u8("code");
  step.octets = step.last_block * 512;
  step.retransmissions = bits & 3U;
  step.detail = step.name;
  step.user_agent = step.name;
  inventory.on_file(step);
}

std::string device_from(std::uint8_t pick) {
  if (pick >= 0xe0 && pick < 0xf0) return {};
  if (pick >= 0xf0) return {static_cast<char>(pick), 'x'};  // no name
  return pick % 3 == 0 ? "ATA00112233445" + std::to_string(pick % 4) : "SEP00112233445" + std::to_string(pick % 4);
}

void signalling(Inventory& inventory, ByteReader& in, WallTime at) {
  SignallingStep step;
  step.at = at;
  step.device = device_from(in.u8("device"));
  const std::uint8_t bits = in.u8("bits");
  step.event = static_cast<SignallingEvent>(in.u8("event") % 21);
  step.protocol = static_cast<Protocol>(in.u8("protocol") % 3);
  step.peer = {address_from(bits), static_cast<std::uint16_t>(50'000 + bits % 3)};
  step.server = bits & 0x40U ? "a:2000" : "b:2000";
  step.detail = std::string(as_text(in.take(in.u8("words") & 0x0fU, "words")));
  step.firmware = step.detail;
  step.lines = {step.detail};
  step.device_type = in.u16be("type");
  step.version = bits;
  if (step.protocol == Protocol::sip) {
    const std::uint8_t line = in.u8("line");
    step.aor = line % 8 == 0 ? step.detail : std::to_string(1000 + line % 4);
    step.transport = line & 0x10U ? "udp" : "tcp";
    step.user_agent = line & 0x20U ? "Cisco-CP7960G/8.0" : step.detail;
    step.status = static_cast<std::uint16_t>(400 + line % 128);
  }
  inventory.on_signalling(step);
}

void call(Inventory& inventory, ByteReader& in, WallTime at) {
  Call call;
  call.device = device_from(in.u8("device"));
  const std::uint8_t bits = in.u8("bits");
  call.way = static_cast<Call::Way>(bits % 3);
  call.line = bits;
  call.protocol = bits & 0x08U ? Protocol::sip : Protocol::sccp;
  call.peer = {address_from(bits), 5060};
  call.own_number = std::to_string(1000 + bits % 4);
  call.since = at;
  call.duration = std::chrono::seconds(bits);
  call.far_number = std::string(as_text(in.take(bits & 7U, "number")));
  for (unsigned i = 0; i < bits / 32U; ++i) {
    Call::Stream& stream = call.streams.emplace_back();
    stream.codec = call.far_number;
    stream.both_open = std::chrono::seconds(bits & 0x0fU);
    stream.media.from_phone.packets = in.u16be("from phone");
    stream.media.from_central.packets = in.u16be("from central");
    stream.media.from_phone.lost = in.u16be("lost");
    stream.media.direct = (bits & 0x10U) != 0;
  }
  inventory.on_call(call);
}

/// `verdicts` are of `inventory`.
void check(const Inventory& inventory, doctor::VerdictBook& verdicts, WallTime now) {
  std::size_t phones = 0;
  std::uint64_t attention = 0;
  (void)verdicts.judge(now, kJudged);
  inventory.for_each([&](const Phone& phone) {
    ++phones;
    must(phone.steps.size() <= kMaxSteps);
    must(inventory.find(phone.key()) == &phone);
    const std::size_t most = phone.device.empty() ? Inventory::kMaxLinesAtAddress : Inventory::kMaxLines;
    must(phone.sip_lines.size() <= most && phone.lines.size() <= most);
    must(phone.registered || phone.sip_lines.empty());
    (void)inventory.find_at(phone.address);
    for (std::size_t i = 1; i < phone.steps.size(); ++i)
      must(phone.steps[i - 1].at <= phone.steps[i].at);
    std::size_t end = 0;
    for (const Boot& boot : boots_of(phone)) {
      must(boot.begin == end && boot.end > boot.begin);
      end = boot.end;
    }
    must(end == phone.steps.size());
    must(story(phone).size() >= phone.steps.size());
    for (const doctor::Finding& f : doctor::findings(phone, now))
      must(!f.code.empty() && !f.seen.empty() && !f.means.empty() && !f.remedy.empty());
    attention += verdicts.of(phone).needs_attention() ? 1 : 0;
  });
  must(attention == verdicts.counts().attention && verdicts.waiting() <= phones);
  must(phones == inventory.size() && phones <= kMaxPhones);
  (void)doctor::site_findings(inventory, verdicts, now);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in({data, size});
  Inventory inventory({.max_phones = kMaxPhones, .max_steps = kMaxSteps});
  Inventory restored({.max_phones = kMaxPhones, .max_steps = kMaxSteps});
  doctor::VerdictBook verdicts(inventory), verdicts_restored(restored);
  WallTime now{std::chrono::hours(24 * 365 * 50)};
  for (std::size_t n = 0; n < kMaxOperations && !in.at_end() && in.ok(); ++n) {
    const std::uint8_t what = in.u8("what");
    now += std::chrono::milliseconds((what >> 3U) * 700);
    switch (what & 7U) {
      case 0:
        now += std::chrono::seconds(in.u16be("pause"));
        break;
      case 1: {
        const DeviceName device = DeviceName::in_file_name(name_from(in));
        const std::uint8_t bits = in.u8("bits");
        inventory.on_note(device, address_from(bits), now, static_cast<phones::Note>(bits / 8 % 7), "as it is");
        break;
      }
      case 2: {
        const std::string name = name_from(in);
        inventory.on_config(DeviceName::in_file_name(name), address_from(in.u8("address")), now,
                            {.load = name, .protocol = static_cast<Protocol>(what / 8 % 3), .follow_ups = {name}});
        break;
      }
      case 3:
        file(inventory, in, now - std::chrono::seconds(in.u8("earlier")));
        break;
      case 4:
        signalling(inventory, in, now);
        break;
      case 5:
        call(inventory, in, now);
        break;
      case 6: {
        const std::string own = name_from(in), near = name_from(in);
        const std::uint8_t bits = in.u8("bits");
        if ((bits & 1U) != 0) {
          now -= std::chrono::seconds(bits * 60);
          inventory.clock_went_back(now);
        }
        inventory.on_near_configs(DeviceName::in_file_name(own), address_from(bits), now, {own, near});
        break;
      }
      default:
        file(inventory, in, now);
    }
    if (n % 16 == 0) check(inventory, verdicts, now);
  }
  check(inventory, verdicts, now);
  for (const std::string& key : inventory.take_unsaved()) {
    const Phone* const phone = inventory.find(key);
    must(phone != nullptr);
    restored.restore(*phone);
  }
  check(restored, verdicts_restored, now);
  return 0;
}
