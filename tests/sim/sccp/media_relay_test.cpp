// What the relay learns from a session about its streams: who may send, and what payload types are.
#include "tests/sim/sccp/line.hpp"

using namespace dw;
using namespace dw::sim;

namespace {

const Endpoint kMusicServer{*IpAddress::parse("10.0.0.88"), 4000};

const FakeBroker::Stream& relayed_stream(const Line& line) {
  return line.broker.streams().begin()->second;
}
MediaFormat format_of(const MediaFormats& formats, std::uint8_t payload_type) {
  const auto at = std::ranges::find(formats, payload_type, &MediaFormat::payload_type);
  return at == formats.end() ? MediaFormat{payload_type, 0} : *at;
}

}  // namespace

TEST_CASE("the source that OpenReceiveChannel names may send; where it names none, the first that does") {
  for (const bool named : {false, true}) {
    Line line;
    line.register_phone();
    line.server(frame(id::kOpenReceive,
                      write_open_receive({kIds, 20, 4, named ? kMusicServer : Endpoint{}}, AddressForm::wide, 128),
                      17));
    CHECK(relayed_stream(line).sources.named == (named ? std::vector{kMusicServer.address} : std::vector<IpAddress>{}));
    CHECK(relayed_stream(line).sources.first_comer == !named);
  }
}

TEST_CASE("each call server that is configured may send") {
  Line line;
  line.options.call_servers = {*IpAddress::parse("10.0.0.9"), *IpAddress::parse("10.0.1.9")};
  line.register_phone();
  open_receive(line);
  CHECK(relayed_stream(line).request.other_servers == line.options.call_servers);
}

TEST_CASE("the relay knows telephone events, Cisco's named events and the clock of the codec") {
  Line line;
  line.register_phone();
  open_receive(line);
  CHECK(format_of(relayed_stream(line).to_phone, 100) == MediaFormat{100, 8'000, MediaFormat::Kind::nse});
  CHECK(format_of(relayed_stream(line).to_phone, 97).clock_rate == 0);
  CHECK(relayed_stream(line).to_central == relayed_stream(line).to_phone);
}
