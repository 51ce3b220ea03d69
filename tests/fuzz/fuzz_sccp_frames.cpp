// Any stream of octets, cut in two ways: the same frames come out, each one is what it says, and every
// address field that the layout names lies inside its payload.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "sbc/sccp/call_table.hpp"
#include "sbc/sccp/message.hpp"
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
  const Endpoint ours{IpAddress::v4(0xc0000201), 20000};
  StandIns stand_ins;
  for (std::size_t role = 0; role < kAddressRoles; ++role)
    stand_ins[static_cast<AddressRole>(role)] = ours;
  for (const unsigned negotiated : {0U, 11U, 16U, 17U, 22U}) {
    const Message message(frame, messages().find(frame.id), negotiated);
    for (std::size_t field = 0; field < kFields; ++field) {
      (void)message.read(static_cast<Field>(field));
      if (message.text(static_cast<Field>(field), 40).size() > 40) std::abort();
    }
    Buffer payload(frame.payload.begin(), frame.payload.end());
    (void)replace_addresses(payload, message.layout(), stand_ins);
    if (payload.size() != frame.payload.size()) std::abort();
    for (const AddressField& field : message.layout()) {
      const Endpoint left = read_field(payload, field);
      if (!left.address.is_unspecified() && left.address != ours.address) std::abort();
    }
  }
  (void)station_name(frame.payload, true);
  if (const auto list = server_res_naming(frame, {IpAddress::v4(1), 2000}))
    if (list->size() != frame.octets.size()) std::abort();
  Buffer text(frame.payload.begin(), frame.payload.end());
  if (blank_addresses(text) && blank_addresses(text) && text.size() != frame.payload.size()) std::abort();
  (void)starts_media_by_uri(text);
  (void)calls.on_server(TimePoint{}, Message(frame, messages().find(frame.id), 0));
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
