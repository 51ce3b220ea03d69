// A whole download driven by the input: octet by octet a verb, a time step and a datagram. Checks what must
// hold whatever a server sends: octets in order and once, one end, bounded answers, a deadline until it is
// over.
#include <algorithm>
#include <cstdint>

#include "sbc/base/byte_reader.hpp"
#include "tests/fuzz/require.hpp"
#include "tftp-proxy/core/tftp_download.hpp"

namespace {

using namespace dw;
using namespace dw::tftp;

struct Run {
  Download download;
  TimePoint now{std::chrono::hours(1)};
  std::uint64_t delivered = 0;
  bool begun = false, ended = false;

  void take(const Download::Actions& actions) {
    require(actions.sends.size() <= 2);
    for (const auto& send : actions.sends)
      require(send.octets.size() >= 4 && send.octets.size() <= 600);
    if (actions.begin) {
      require(!begun);
      begun = true;
    }
    if (!actions.data.empty()) require(begun && !ended);
    delivered += actions.data.size();
    require(delivered <= 100'000);
    if (actions.end) {
      require(!ended);
      ended = true;
      if (*actions.end) require(begun && (!download.size() || *download.size() == delivered));
    }
    require(download.over() != download.next_deadline().has_value());
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input({data, size});
  const std::uint8_t flags = input.u8("flags");
  Download::Options options;
  options.name = "f";
  options.server = {IpAddress::v4(0xc0000201), 69};
  options.blksize = (flags & 1U) != 0 ? std::uint16_t{8} : std::uint16_t{1428};
  options.windowsize = (flags & 2U) != 0 ? std::uint16_t{1} : std::uint16_t{16};
  options.rollover_to_one = (flags & 4U) != 0;
  options.max_octets = 100'000;
  Run run{Download(options)};
  run.take(run.download.start(run.now));
  while (input.ok() && !input.at_end()) {
    const std::uint8_t verb = input.u8("verb");
    run.now += std::chrono::milliseconds(std::uint32_t{1} << (verb & 0x0fU));
    switch (verb >> 6U) {
      case 0:
        run.take(run.download.on_deadline(run.now));
        break;
      case 1: {
        // A DATA of a length that the input names, so that blocks need not be spelled out.
        Buffer packet = {0, 3, input.u8("block"), input.u8("block")};
        packet.resize(4 + input.u16be("length") % 1500);
        run.take(run.download.on_datagram(run.now, {options.server.address, 4000}, packet));
        break;
      }
      case 2: {
        const Bytes packet = input.take(std::min<std::size_t>(input.u8("length"), input.remaining()), "packet");
        const auto port = static_cast<std::uint16_t>(4000 + ((verb >> 4U) & 1U));
        run.take(run.download.on_datagram(run.now, {options.server.address, port}, packet));
        break;
      }
      default: {
        const Bytes packet = input.take(std::min<std::size_t>(input.u8("length"), input.remaining()), "packet");
        run.take(run.download.on_datagram(run.now, {IpAddress::v4(0xc0000202), 4000}, packet));
        break;
      }
    }
  }
  run.take(run.download.cancel());
  return 0;
}
