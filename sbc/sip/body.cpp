#include "sbc/sip/body.hpp"

#include <algorithm>
#include <array>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/multipart.hpp"
#include "sbc/sip/sdp_line.hpp"

namespace dw::sip {
namespace {

/// Each of a list is "identity", or nothing is said.
bool is_plain_encoding(std::string_view list) {
  TextCursor cursor(list);
  while (!cursor.at_end()) {
    const std::string_view coding = trim(cursor.take_until(","));
    (void)cursor.skip_char(',');
    if (!coding.empty() && !equal_ignoring_case(coding, "identity")) return false;
  }
  return true;
}

/// RFC 2045 §6.2: what is sent as it is.
bool is_plain_transfer(std::string_view encoding) {
  constexpr std::array<std::string_view, 4> kPlain = {"", "7bit", "8bit", "binary"};
  return std::ranges::any_of(kPlain, [&](std::string_view plain) { return equal_ignoring_case(encoding, plain); });
}

/// `typed`: its type says that it is something else; then only a body whose first line is v=0 is an SDP.
bool looks_like_sdp(std::string_view body, bool typed) {
  for (SdpLines lines(body); !lines.at_end();) {
    const SdpLine line = lines.take();
    if (line.empty) continue;
    if (line.type == 'v' && trim(line.value) == "0") return true;
    if (typed) return false;
    if (line.type == 'm' || (line.type == 'c' && line.value.starts_with("IN"))) return true;
  }
  return false;
}

/// A body, or a part of one.
struct Content {
  std::string_view type, encoding, transfer_encoding, body;
  bool ambiguous = false;
};

class BodyWalk {
 public:
  explicit BodyWalk(const BodyRules& rules) : rules_(rules) {}
  Result<void> put(const Content& content, unsigned depth, std::string& out);
  bool changed() const { return changed_; }

 private:
  Result<void> put_parts(const Content& content, unsigned depth, std::string& out);
  void put_text(std::string_view text, std::string& out) {
    changed_ = rules_.hosts.put_without(text, rules_.own, out) || changed_;
  }

  const BodyRules& rules_;
  bool changed_ = false;
};

Result<void> BodyWalk::put(const Content& content, unsigned depth, std::string& out) {
  const std::string type = media_type_of(content.type);
  const bool multipart = type.starts_with("multipart/");
  const bool sdp = type == "application/sdp" || looks_like_sdp(content.body, !type.empty());
  const bool may_have_sdp = sdp || multipart || type.empty() || type.starts_with("message/");
  const bool plain = is_plain_encoding(content.encoding) && is_plain_transfer(content.transfer_encoding);
  if (content.ambiguous) return fail(Errc::malformed, "a body has two types or lengths that differ");
  if (may_have_sdp && !plain) return fail(Errc::unsupported, "an SDP may be in an encoding that is not read");
  // S/MIME (RFC 3261 §23): sealed for somebody else.
  if (type == "application/pkcs7-mime") return fail(Errc::malformed, "a body is sealed");
  if (multipart) return put_parts(content, depth, out);
  if (!sdp) {
    const bool for_people = !rules_.written_text && (type == "text/plain" || type == "text/html");
    if (for_people) {
      out += content.body;
    } else {
      put_text(content.body, out);
    }
    return {};
  }
  changed_ = true;
  return rules_.sdp(content.body, out);
}

Result<void> BodyWalk::put_parts(const Content& content, unsigned depth, std::string& out) {
  if (depth == kMaxBodyDepth) return fail(Errc::too_long, "a multipart body is deeper than is read");
  const auto parts = parse_multipart(content.type, content.body);
  if (!parts) return std::unexpected(parts.error());
  if (rules_.hosts.stands_in(content.type)) return fail(Errc::forbidden, "a boundary is made of an address");
  std::size_t at = 0;
  for (const BodyPart& part : parts->parts()) {
    std::string inside;
    const Content of_part{part.content_type, part.content_encoding, part.transfer_encoding, part.body, part.ambiguous};
    if (auto ok = put(of_part, depth + 1, inside); !ok) return ok;
    if (!part.content_length.empty() && inside != part.body) {
      const std::size_t length = offset_in(content.body, part.content_length);
      put_text(content.body.substr(at, length - at), out);
      out += std::to_string(inside.size());
      at = length + part.content_length.size();
    }
    put_text(content.body.substr(at, part.offset - at), out);
    out += inside;
    at = part.offset + part.body.size();
  }
  put_text(content.body.substr(at), out);
  return {};
}

}  // namespace

Result<std::optional<std::string>> rewrite_body(const Message& m, const BodyRules& rules) {
  if (m.body().empty()) return std::nullopt;
  Content content;
  content.body = m.body();
  for (const Field& field : m.fields()) {
    const std::string_view value = m.value(field);
    if (field.name == FieldName::content_type) {
      content.ambiguous = content.ambiguous || (!content.type.empty() && content.type != value);
      content.type = value;
    } else if (field.name == FieldName::content_encoding) {
      if (!is_plain_encoding(value)) content.encoding = value;
    } else if (equal_ignoring_case(m.name_of(field), "Content-Transfer-Encoding")) {
      if (!is_plain_transfer(value)) content.transfer_encoding = value;
    }
  }
  std::string out;
  BodyWalk rewriter(rules);
  if (auto ok = rewriter.put(content, 0, out); !ok) return std::unexpected(ok.error());
  if (!rewriter.changed()) return std::nullopt;
  return out;
}

}  // namespace dw::sip
