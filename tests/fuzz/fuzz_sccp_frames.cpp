// Any stream of octets, cut in two ways: the same frames come out, each one is what it says, and every
// address field that the layout names lies inside its payload.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "sbc/sccp/address_fields.hpp"
#include "sbc/sccp/call_table.hpp"
#include "sbc/sccp/server_res.hpp"
#include "sbc/sccp/station_name.hpp"
#include "sbc/sccp/text_policy.hpp"

namespace {

using namespace dw;
using namespace dw::sccp;

std::vector<Buffer> cut(Bytes stream, std::size_t piece, bool& broken) {
  FrameStream frames;
  std::vector<Buffer> out;
  for (std::size_t at = 0; at < stream.size() && !frames.error(); at += piece) {
    frames.feed(TimePoint{}, stream.subspan(at, std::min(piece, stream.size() - at)));
    while (const auto frame = frames.next()) {
      if (frame->octets.size() != kHeaderOctets + frame->payload.size()) std::abort();
      if (frame->octets.size() > kMaxFrameOctets) std::abort();
      out.emplace_back(frame->octets.begin(), frame->octets.end());
    }
  }
  broken = frames.error().has_value();
  return out;
}

void look_into(const Frame& frame, CallTable& calls) {
  for (const auto direction : {Direction::from_phone, Direction::from_server}) {
    for (const unsigned negotiated : {0U, 11U, 16U, 17U, 22U}) {
      const auto layout = address_layout(frame, direction, negotiated);
      if (!layout) continue;
      Buffer payload(frame.payload.begin(), frame.payload.end());
      for (const AddressField& field : *layout) {
        const Endpoint ours{IpAddress::v4(0xc0000201), 20000};
        const bool written = write_field(payload, field, ours);
        if (field.form != AddressForm::v6 && !written) std::abort();
        if (written && read_field(payload, field).address != ours.address) std::abort();
      }
      if (payload.size() != frame.payload.size()) std::abort();
    }
  }
  (void)station_name(frame.payload, true);
  if (const auto ours = server_res_naming(frame, {IpAddress::v4(1), 2000}))
    if (ours->size() != frame.octets.size()) std::abort();
  Buffer text(frame.payload.begin(), frame.payload.end());
  if (blank_addresses(text) && blank_addresses(text) && text.size() != frame.payload.size()) std::abort();
  (void)starts_media_by_uri(text);
  (void)calls.on_server(TimePoint{}, frame);
  if (calls.calls().size() > CallTable::kMaxCalls) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes stream(data, size);
  bool broken = false, broken_again = false;
  const auto whole = cut(stream, std::max<std::size_t>(size, 1), broken);
  if (cut(stream, 3, broken_again) != whole || broken != broken_again) std::abort();
  CallTable calls;
  for (const Buffer& octets : whole) {
    const auto frame = parse_frame(octets);
    if (!frame) std::abort();
    look_into(*frame, calls);
  }
  return 0;
}
