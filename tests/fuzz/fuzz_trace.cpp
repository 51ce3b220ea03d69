#include <array>
#include <cstdint>
#include <cstdlib>

#include "sbc/trace/describe.hpp"
#include "sbc/trace/tracer.hpp"

/// Whatever passes is told in printable lines, and makes a capture of whole blocks.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using dw::WireRecord;
  if (size < 2) return 0;
  const dw::Endpoint us = *dw::Endpoint::parse("10.0.0.1:69"), phone = *dw::Endpoint::parse("10.0.0.7:5000");
  WireRecord record{};
  record.protocol = static_cast<WireRecord::Protocol>(data[0] % 5);
  record.side = data[1] % 2 == 0 ? WireRecord::Side::phone : WireRecord::Side::central;
  record.sent = data[1] % 4 > 1;
  record.stream = data[1] % 8 > 3;
  record.local = us;
  record.peer = phone;
  record.octets = {data + 2, size - 2};
  for (const std::string& line : dw::trace::describe(record)) {
    if (line.find('\n') != line.npos) std::abort();
  }
  dw::trace::Tracer tracer({.device = "", .address = phone.address, .form = dw::trace::Form::pcapng});
  tracer.on_record(1, record);
  record.side = WireRecord::Side::phone;
  tracer.on_record(2, record);
  dw::Buffer capture(dw::trace::Tracer::kMaxQueued);
  capture.resize(tracer.read(capture));
  if (dw::trace::whole_blocks(capture) != capture.size()) std::abort();
  return 0;
}
