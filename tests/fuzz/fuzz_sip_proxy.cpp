// A conversation that the input makes up, of a phone, a central server and time, with the proxy between:
// whatever it sends is one SIP message, framed and whole; a request that it forwards is without fault; it
// asks to be called at a time that comes, and holds no more than it may.
//
// The input is a list of steps, each "\x01", a letter and what follows: messages as they are, or what answers
// the last request that was sent: a status, and lines to put into it.
#include <memory>
#include <string>

#include "sbc/sip/proxy.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/support/sccp_fake_broker.hpp"

namespace {

using namespace dw;
using namespace dw::sip;

const Endpoint kPhone{IpAddress::v4(0xc000024b), 50933};  // 192.0.2.75
const Endpoint kPhoneSide{IpAddress::v4(0xc0000201), 5060};
const Endpoint kServer{IpAddress::v4(0xc633640a), 5060};  // 198.51.100.10
const Endpoint kCentralSide{IpAddress::v4(0xc6336401), 5060};

constexpr std::size_t kMaxSteps = 64;

class Conversation {
 public:
  Conversation() {
    proxy_.set_server_addresses(0, {{kServer, kCentralSide}});
    proxy_.set_homes(&home);
  }

  void step(char what, std::string_view text) {
    const Flow phone{Transport::udp, kPhoneSide, kPhone, ConnectionId::none};
    const Flow server{Transport::udp, kCentralSide, kServer, ConnectionId::none};
    switch (what) {
      case 'p':
        proxy_.on_message(now_, phone, as_bytes(text), out_);
        break;
      case 's':
        proxy_.on_message(now_, server, as_bytes(text), out_);
        break;
      case 'q':  // by TCP
        if (connection_ == ConnectionId::none) connection_ = proxy_.on_accepted(now_, kPhone, kPhoneSide);
        proxy_.on_message(now_, {Transport::tcp, kPhoneSide, kPhone, connection_}, as_bytes(text), out_);
        break;
      case 'r':
        reply(to_server_, to_server_flow_, text);
        break;
      case 'a':
        reply(to_phone_, to_phone_flow_, text);
        break;
      case 'c':
        if (connection_ != ConnectionId::none) proxy_.on_connection_closed(now_, connection_, "closed", out_);
        connection_ = ConnectionId::none;
        break;
      case 't':
        now_ += std::chrono::milliseconds(100) * static_cast<int>(text.size());
        break;
      default:
        pass_time();
    }
    look();
    if (proxy_.next_deadline() <= now_) due();
    look();
  }

  /// Up to the next deadline, a few times.
  void pass_time() {
    for (int turn = 0; turn < 8 && proxy_.next_deadline() != TimePoint::max(); ++turn) {
      now_ = std::max(now_, proxy_.next_deadline());
      due();
      look();
    }
  }

 private:
  static Home home(std::string_view, std::string_view user, const IpAddress&) {
    if (user.size() % 3 == 0) return {};
    return {user.size() % 3 == 1 ? "t1.example.net" : "t2.example.net", 5060};
  }
  static ProxyOptions options() {
    ProxyOptions o;
    o.servers = {{Transport::udp, {"198.51.100.10", 5060}}};
    o.max_bindings = 3;
    o.max_transactions = 12;
    o.max_calls = 2;
    o.guard.message_rate = o.guard.registered_message_rate = 1e6;
    o.guard.ban_after = 1'000'000;
    o.register_expires = std::chrono::seconds(60);
    return o;
  }

  void due() {
    proxy_.on_deadline(now_, out_);
    require(proxy_.next_deadline() > now_);
  }

  /// Answers what was sent there last.
  void reply(const std::string& request, const Flow& from, std::string_view text) {
    const auto status = text.substr(0, 3);
    if (status.size() < 3 || request.empty() || !message_->parse(as_bytes(request)) || !parse_number(status, 699))
      return;
    std::string out = "SIP/2.0 " + std::string(status) + " Whatever\r\n";
    for (const Field& f : message_->fields()) {
      const std::string_view line = message_->text().substr(f.begin, f.end - f.begin);
      if (f.name == FieldName::via || f.name == FieldName::from || f.name == FieldName::call_id ||
          f.name == FieldName::cseq || f.name == FieldName::record_route)
        out += line;
      if (f.name == FieldName::to)
        out += "To: " + std::string(message_->value(f)) + (message_->to_tag().empty() ? ";tag=theirs\r\n" : "\r\n");
      if (f.name == FieldName::contact && message_->method() == Method::register_) out += line;
    }
    out += text.substr(3);
    proxy_.on_message(now_, from, as_bytes(out), out_);
  }

  void look() {
    for (const Output::Send& send : out_.sends) {
      if (send.octets == "\r\n\r\n" || send.octets == "\r\n") continue;  // keepalive
      require(message_->parse(as_bytes(send.octets)).has_value());
      const Message& m = *message_;
      require(m.text().size() == send.octets.size() && m.content_length() == m.body().size());
      const bool server = send.to.peer.address == kServer.address;
      require(server || send.to.peer.address == kPhone.address);
      require(!server || (!m.find(FieldName::p_asserted_identity) && !m.find(FieldName::path)));  // a phone's
      if (!m.is_request()) continue;
      require(!m.fault());
      require(m.max_forwards().has_value());
      require(m.via().host == (server ? "198.51.100.1" : "192.0.2.1"));
      (server ? to_server_ : to_phone_) = send.octets;
      (server ? to_server_flow_ : to_phone_flow_) = send.to;
    }
    for (const Output::Connect& connect : out_.connects)
      proxy_.on_connected(now_, connect.id, kCentralSide);
    out_.clear();
    require(proxy_.bindings().size() <= 3 && proxy_.parts().transactions.size() <= 12 &&
            proxy_.parts().dialogs.calls() <= 2);
  }

  TimePoint now_{};
  std::uint64_t last_ = 0;
  sim::FakeBroker broker_;
  KnownSources known_{1};
  Proxy proxy_{options(), broker_, known_, [this] { return ++last_ * 0x9e3779b97f4a7c15; }};
  Output out_;
  ConnectionId connection_ = ConnectionId::none;
  std::string to_server_, to_phone_;
  Flow to_server_flow_, to_phone_flow_;
  std::unique_ptr<Message> message_ = std::make_unique<Message>();
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view left = as_text(Bytes(data, size));
  const auto conversation = std::make_unique<Conversation>();
  for (std::size_t steps = 0; steps < kMaxSteps; ++steps) {
    const auto begin = left.find('\x01');
    if (begin == left.npos || begin + 1 == left.size()) break;
    const char what = left[begin + 1];
    left = left.substr(begin + 2);
    conversation->step(what, left.substr(0, left.find('\x01')));
  }
  conversation->pass_time();
  return 0;
}
