#include "sbc/sip/message.hpp"

#include <algorithm>
#include <utility>

#include "sbc/sip/token.hpp"

namespace dw::sip {
namespace {

constexpr std::uint32_t kMaxCseq = 0x7fffffff;  // RFC 3261 §8.1.1.5
constexpr unsigned kMaxMaxForwards = 255;       // RFC 3261 §20.22
constexpr std::string_view kVersion = "SIP/2.0";

constexpr OctetSet kBlanks(" \t"), kLineBlanks(" \t\r\n"), kProtocolEnds("/ \t\r\n"), kHostEnds(":; \t\r\n,");

bool is_token(std::string_view text) {
  return !text.empty() && kTokenChars.first_not_in(text) == text.npos;
}

}  // namespace

Result<Via> parse_via(std::string_view text) {
  Via via;
  via.text = trim(text);
  TextCursor cursor(via.text);
  const auto word = [&](const OctetSet& stops) {
    cursor.skip_lws();
    const std::string_view token = cursor.take_until(stops);
    cursor.skip_lws();
    return token;
  };
  // sent-protocol may have blanks around its slashes (RFC 3261 §25.1).
  const std::string_view name = word(kProtocolEnds);
  if (!equal_ignoring_case(name, "SIP") || !cursor.skip_char('/') || word(kProtocolEnds).empty() ||
      !cursor.skip_char('/'))
    return fail(Errc::malformed, "a Via is of another protocol");
  cursor.skip_lws();
  via.transport = cursor.take_token();
  cursor.skip_lws();
  if (via.transport.empty()) return fail(Errc::malformed, "a Via has no transport");
  const std::string_view begin = cursor.rest();
  if (cursor.peek() == '[') {
    via.host = cursor.take_until("]");
    if (!cursor.skip_char(']')) return fail(Errc::malformed, "a Via's address does not end");
    via.host = begin.substr(0, via.host.size() + 1);
  } else {
    via.host = cursor.take_until(kHostEnds);
  }
  if (!is_host(via.host)) return fail(Errc::malformed, "a Via has no address");
  std::size_t length = via.host.size();
  cursor.skip_lws();
  if (cursor.skip_char(':')) {
    cursor.skip_lws();
    const auto port = cursor.take_number(65535);
    if (!port) return fail(Errc::malformed, "a Via's port is none");
    via.port = static_cast<std::uint16_t>(*port);
    length = begin.size() - cursor.rest().size();
    cursor.skip_lws();
  }
  via.sent_by = begin.substr(0, length);
  via.params = cursor.rest();
  if (!via.params.empty() && via.params.front() != ';')
    return fail(Errc::malformed, "something else than a parameter follows a Via's address");
  Params params(via.params);
  while (const auto param = params.next()) {
    if (via.branch.empty() && equal_ignoring_case(param->name, "branch")) via.branch = param->value;
    if (equal_ignoring_case(param->name, "rport")) via.rport = true;
  }
  via.well_formed = params.well_formed();
  return via;
}

Result<void> Message::parse(Bytes octets) {
  text_ = as_text(octets);
  count_ = 0;
  fault_.reset();
  max_forwards_.reset();
  content_length_.reset();
  method_ = Method::other;
  status_ = 0;
  cseq_ = 0;
  request_ = false;
  request_uri_ = reason_ = method_text_ = body_ = from_tag_ = to_tag_ = call_id_ = {};
  via_ = {};
  from_ = to_ = {};
  uri_.read = from_uri_.read = to_uri_.read = false;
  const auto end = text_.find("\r\n");
  if (end == text_.npos) return fail(Errc::malformed, "no line ends");
  if (text_.find_first_of("\r\n") != end) return fail(Errc::malformed, "the first line has a CR or LF inside");
  if (auto ok = parse_start_line(text_.substr(0, end)); !ok) return ok;
  if (auto ok = index_fields(end + 2); !ok) return ok;
  return read_essentials();
}

const std::optional<Uri>& Message::read_once(std::string_view text, ReadUri& known) {
  if (std::exchange(known.read, true)) return known.uri;
  if (const auto uri = parse_uri(text)) {
    known.uri = *uri;
  } else {
    known.uri.reset();
  }
  return known.uri;
}

Result<void> Message::parse_start_line(std::string_view line) {
  if (line.starts_with("SIP/")) return parse_status_line(line);
  return parse_request_line(line);
}

Result<void> Message::parse_request_line(std::string_view line) {
  request_ = true;
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == line.npos || !is_token(line.substr(0, first)))
    return fail(Errc::malformed, "the first line is no request and no response");
  method_text_ = line.substr(0, first);
  method_ = method_of(method_text_);
  std::string_view version = line.substr(last + 1);
  if (last <= first || version.empty()) {  // no version, or a blank at the end
    note(400, "Malformed Request-Line");
    request_uri_ = trim(line.substr(first));
    return line.find("SIP/") != line.npos ? Result<void>{} : fail(Errc::malformed, "no version of SIP is named");
  }
  if (!version.starts_with("SIP/") && !version.starts_with("sip/"))
    return fail(Errc::malformed, "no version of SIP is named");
  if (!equal_ignoring_case(version, kVersion)) note(505, "Version Not Supported");
  request_uri_ = line.substr(first + 1, last - first - 1);
  if (request_uri_.empty() || request_uri_.find(' ') != request_uri_.npos || request_uri_.front() == '<')
    note(400, "Malformed Request-Line");
  return {};
}

Result<void> Message::parse_status_line(std::string_view line) {
  TextCursor cursor(line);
  if (!cursor.skip_text(kVersion) || !cursor.skip_char(' '))
    return fail(Errc::malformed, "a response of another version");
  const auto status = parse_number(cursor.take_until(" "), 699);
  if (!status || *status < 100) return fail(Errc::malformed, "a response without a status code");
  status_ = static_cast<std::uint16_t>(*status);
  cursor.skip_char(' ');
  reason_ = cursor.rest();
  return {};
}

/// RFC 3261 §7.3: name, colon, value; a line that begins with a blank continues the one before it. A CR or LF
/// that ends no line would let others see fields where we see none.
Result<void> Message::index_fields(std::size_t from) {
  std::size_t at = from;
  for (;;) {
    const auto newline = text_.find('\n', at);
    if (newline == text_.npos) return fail(Errc::malformed, "the header block does not end", at);
    if (newline == at || text_[newline - 1] != '\r') return fail(Errc::malformed, "a line ends in LF alone", newline);
    const std::size_t line_end = newline - 1;
    const std::size_t next = newline + 1;
    if (next > kMaxOctets) return fail(Errc::too_long, "the header block is too long");
    if (line_end == at) {
      header_end_ = at;
      body_ = text_.substr(next);
      return {};
    }
    const std::string_view line = text_.substr(at, line_end - at);
    if (line.find('\r') != line.npos) return fail(Errc::malformed, "a line has a CR inside", at);
    const char begins = line.front();
    if (begins == ' ' || begins == '\t') {
      if (count_ == 0) return fail(Errc::malformed, "the first line is folded", at);
      Field& field = fields_[count_ - 1];
      const std::size_t blank = line.find_last_not_of(" \t");
      if (blank != line.npos) {
        if (field.value_begin == field.value_end)
          field.value_begin = static_cast<std::uint32_t>(at + line.find_first_not_of(" \t"));
        field.value_end = static_cast<std::uint32_t>(at + blank + 1);
      }
      field.end = static_cast<std::uint32_t>(next);
    } else {
      const std::size_t colon = line.find(':');
      if (colon == line.npos || colon == 0) return fail(Errc::malformed, "a line has no field name", at);
      if (count_ == kMaxFields) return fail(Errc::too_long, "too many header fields");
      const std::size_t name_end = kBlanks.last_not_in(line.substr(0, colon)) + 1;
      if (!is_token(line.substr(0, name_end))) note(400, "Malformed Header Field Name");
      std::size_t begin = colon + 1;
      while (begin < line.size() && kBlanks.has(line[begin]))
        ++begin;
      const std::size_t end = begin == line.size() ? begin : kBlanks.last_not_in(line) + 1;
      fields_[count_++] = {field_name_of(line.substr(0, name_end)), static_cast<std::uint32_t>(at),
                           static_cast<std::uint32_t>(next),        static_cast<std::uint32_t>(at + name_end),
                           static_cast<std::uint32_t>(at + begin),  static_cast<std::uint32_t>(at + end)};
    }
    at = next;
  }
}

const Field* Message::find(FieldName name) const {
  for (const Field& field : fields()) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

std::string_view Message::value_of(FieldName name) const {
  const Field* const field = find(name);
  return field ? value(*field) : std::string_view{};
}

Result<void> Message::read_essentials() {
  const Field *via = nullptr, *from = nullptr, *to = nullptr, *call_id = nullptr, *cseq = nullptr;
  const auto once = [this](const Field*& slot, const Field& field) {
    if (slot)
      note(400, "Repeated Header Field");
    else
      slot = &field;
  };
  for (const Field& field : fields()) {
    switch (field.name) {
      case FieldName::via:
        if (!via) via = &field;
        break;
      case FieldName::from:
        once(from, field);
        break;
      case FieldName::to:
        once(to, field);
        break;
      case FieldName::call_id:
        once(call_id, field);
        break;
      case FieldName::cseq:
        once(cseq, field);
        break;
      default:
        break;
    }
  }
  if (!via || !from || !to || !call_id || !cseq)
    return fail(Errc::malformed, "a field that each message has is missing");
  std::string_view vias = value(*via);
  auto top = parse_via(next_value(vias).value_or(std::string_view{}));
  if (!top) return std::unexpected(top.error());
  via_ = *top;
  if (!via_.well_formed) note(400, "Malformed Via");
  const auto read = [this](const Field& field, NameAddr& into, std::string_view& tag, std::string_view bad) {
    auto parsed = parse_name_addr(value(field));
    if (!parsed || parsed->star) return note(400, bad);
    into = *parsed;
    Params all(into.params);
    while (const auto param = all.next()) {
      if (tag.empty() && equal_ignoring_case(param->name, "tag")) tag = param->value;
    }
    if (!all.well_formed()) note(400, bad);
  };
  read(*from, from_, from_tag_, "Malformed From");
  read(*to, to_, to_tag_, "Malformed To");
  call_id_ = value(*call_id);
  if (call_id_.empty() || kLineBlanks.first_in(call_id_) != call_id_.npos) note(400, "Malformed Call-ID");
  read_cseq(value(*cseq));
  read_numbers();
  return {};
}

void Message::read_cseq(std::string_view value) {
  TextCursor cursor(value);
  const auto number = cursor.take_number(kMaxCseq);
  const std::size_t digits = cursor.offset();
  cursor.skip_lws();
  const std::string_view method = cursor.rest();
  if (!number || cursor.offset() == digits || !is_token(method)) return note(400, "Malformed CSeq");
  cseq_ = static_cast<std::uint32_t>(*number);
  if (!request_) {
    method_text_ = method;
    method_ = method_of(method);
  } else if (method != method_text_) {
    note(400, "CSeq Names Another Method");
  }
}

void Message::read_numbers() {
  for (const Field& field : fields()) {
    if (field.name == FieldName::max_forwards) {
      const auto number = parse_number(value(field), kMaxMaxForwards);
      if (!number || max_forwards_)
        note(400, "Malformed Max-Forwards");
      else
        max_forwards_ = static_cast<unsigned>(*number);
    } else if (field.name == FieldName::content_length) {
      const auto number = parse_number(value(field), kMaxOctets);
      if (!number || (content_length_ && *content_length_ != *number))
        note(400, "Malformed Content-Length");
      else
        content_length_ = static_cast<std::size_t>(*number);
    }
  }
  if (!content_length_) return;
  if (*content_length_ > body_.size()) return note(400, "Content-Length Larger Than Message");
  body_ = body_.substr(0, *content_length_);
  text_ = text_.substr(0, header_end_ + 2 + body_.size());
}

}  // namespace dw::sip
