// Any octets as a SIP message: what the parser gives lies within them; a message that nothing was changed in
// leaves as it came; with a proxy's changes it is as long as they say, reads as they say, and its other
// fields are as before.
#include <memory>
#include <string>
#include <vector>

#include "sbc/sip/auth.hpp"
#include "sbc/sip/edits.hpp"
#include "sbc/sip/message.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using namespace dw;
using namespace dw::sip;

void require_within(std::string_view whole, std::string_view part) {
  if (part.empty()) return;
  require(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void look_into_value(std::string_view all, std::string_view value) {
  std::string_view left = value;
  std::size_t turns = 0;
  while (const auto one = next_value(left)) {
    require(++turns <= value.size() + 1);
    require_within(all, *one);
    if (const auto via = parse_via(*one)) {
      for (const std::string_view part : {via->text, via->transport, via->sent_by, via->host, via->params, via->branch})
        require_within(*one, part);
      require(via->sent_by.starts_with(via->host));
    }
    const auto address = parse_name_addr(*one);
    if (!address || address->star) continue;
    for (const std::string_view part : {address->text, address->display, address->uri, address->params})
      require_within(*one, part);
    Params params(address->params);
    while (const auto param = params.next()) {
      require_within(address->params, param->text);
      require_within(param->text, param->name);
      require_within(param->text, param->value);
    }
    if (const auto uri = parse_uri(address->uri)) {
      for (const std::string_view part :
           {uri->scheme_text, uri->user, uri->host_port, uri->host, uri->params, uri->headers})
        require_within(uri->text, part);
      require(uri->host_port.starts_with(uri->host));
      require(!uri->is_sip() || !uri->host.empty());
    }
  }
}

void look_into(const Message& m, std::string_view octets) {
  require(m.text().data() == octets.data() && m.text().size() <= octets.size());
  for (const std::string_view part :
       {m.method_text(), m.request_uri(), m.reason(), m.body(), m.via().text, m.from().text, m.from().uri, m.to().text,
        m.to().uri, m.from_tag(), m.to_tag(), m.call_id()})
    require_within(m.text(), part);
  std::size_t at = m.text().find("\r\n") + 2;
  for (const Field& f : m.fields()) {
    require(f.begin == at && f.begin < f.name_end && f.name_end < f.value_begin);
    require(f.value_begin <= f.value_end && f.value_end + 2 <= f.end);
    require(field_name_of(m.name_of(f)) == f.name);
    require(trim(m.value(f)) == m.value(f));
    at = f.end;
    look_into_value(m.text(), m.value(f));
    for (AuthParams params(m.value(f)); const auto param = params.next();) {
      require_within(m.value(f), param->name);
      require_within(m.value(f), param->value);
      if (const auto left = without_auth_int(param->value)) require(!offers_auth_int(*left) && !left->empty());
    }
  }
  require(at == m.header_end() && m.text().substr(at + 2) == m.body());
  if (m.content_length() && !m.fault()) require(m.body().size() == *m.content_length());
}

/// The fields that `edited` leaves alone, as they stand.
std::vector<std::string_view> others(const Message& m) {
  std::vector<std::string_view> out;
  for (const Field& f : m.fields()) {
    switch (f.name) {
      case FieldName::via:
      case FieldName::route:
      case FieldName::record_route:
      case FieldName::contact:
      case FieldName::max_forwards:
      case FieldName::content_length:
        continue;
      default:
        out.push_back(m.text().substr(f.begin, f.end - f.begin));
    }
  }
  return out;
}

std::size_t count(const Message& m, FieldName name) {
  std::size_t n = 0;
  for (const Field& f : m.fields()) {
    if (f.name != name) continue;
    std::string_view left = m.value(f);
    while (next_value(left))
      ++n;
  }
  return n;
}

constexpr std::string_view kOurVia = "Via: SIP/2.0/TCP [2001:db8::5]:5070;branch=z9hG4bKours;rport\r\n";
constexpr std::string_view kContact = "sip:2001@198.51.100.7:5060;dw=abcdefghijklm";

/// What a proxy does, with a body of `body` octets; gives how many octets the header block grows by,
/// Content-Length apart.
long change(Edits& edits, const Message& m, std::size_t body) {
  long grows = static_cast<long>(kOurVia.size());
  const auto replace = [&](std::string_view what, std::string_view with) {
    edits.replace(what, with);
    grows += static_cast<long>(with.size()) - static_cast<long>(what.size());
  };
  edits.insert_before(*m.find(FieldName::via), kOurVia);
  if (m.is_request()) replace(m.request_uri(), "sip:2002@192.0.2.1:5060");
  std::size_t contacts = 0;
  for (const Field& f : m.fields()) {
    if (f.name == FieldName::record_route) grows -= static_cast<long>(f.end - f.begin);
    if (f.name == FieldName::max_forwards) replace(m.value(f), "7");
    if (f.name != FieldName::contact) continue;
    std::string_view left = m.value(f);
    while (const auto value = next_value(left)) {
      const auto contact = parse_name_addr(*value);
      if (contact && !contact->star && parse_uri(contact->uri) && ++contacts <= 8) replace(contact->uri, kContact);
    }
  }
  edits.remove_all(FieldName::record_route);
  edits.set_body(std::string(body, 'b'));
  return grows;
}

void edit(const Message& m, Message& again) {
  std::string same;
  Edits none(m);
  none.write(same);
  require(none.ok());
  if (m.content_length()) require(same == m.text());
  require(again.parse(as_bytes(same)).has_value() && !again.fault());
  require(again.body() == m.body() && again.call_id() == m.call_id() && again.method_text() == m.method_text());

  const bool fits = count(m, FieldName::record_route) + count(m, FieldName::content_length) < Edits::kMax - 16;
  if (!fits || m.fields().size() == Message::kMaxFields || m.text().size() > 8192) return;
  std::string changed;
  Edits edits(m);
  const std::size_t body = m.text().size() % 1500;
  const long grows = change(edits, m, body);
  edits.write(changed);
  require(edits.ok());
  require(again.parse(as_bytes(changed)).has_value() && !again.fault());
  require(again.text().size() == changed.size());
  require(again.content_length() == body && again.body() == std::string(body, 'b'));
  require(again.via().branch == "z9hG4bKours" && again.via().host == "[2001:db8::5]");
  require(count(again, FieldName::via) == count(m, FieldName::via) + 1);
  require(count(again, FieldName::record_route) == 0);
  require(count(again, FieldName::contact) == count(m, FieldName::contact));
  require(others(again) == others(m));
  const auto length_octets = [](const Message& of) {
    long n = 0;
    for (const Field& f : of.fields()) {
      if (f.name == FieldName::content_length) n += static_cast<long>(f.end - f.begin);
    }
    return n;
  };
  require(static_cast<long>(again.header_end()) - length_octets(again) ==
          static_cast<long>(m.header_end()) - length_octets(m) + grows);
  std::string twice;
  Edits(again).write(twice);
  require(twice == changed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes octets(data, size);
  static const auto message = std::make_unique<Message>();
  static const auto again = std::make_unique<Message>();
  look_into_value(as_text(octets), as_text(octets));
  if (!message->parse(octets)) return 0;
  look_into(*message, as_text(octets));
  if (message->fault()) return 0;
  edit(*message, *again);
  return 0;
}
