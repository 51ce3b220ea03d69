#include "sbc/sip/multipart.hpp"

#include <algorithm>
#include <optional>

#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/names.hpp"

namespace dw::sip {
namespace {

/// A quoted string's inside, or a token (RFC 2045 §5.1). None: a quote that does not end.
std::optional<std::string_view> take_parameter_value(TextCursor& cursor) {
  if (!cursor.skip_char('"')) return trim(cursor.take_until(";"));
  const std::string_view inside = cursor.take_until("\"");
  if (!cursor.skip_char('"')) return std::nullopt;
  return inside;
}

/// Empty: there is none.
std::string_view boundary_of(std::string_view content_type) {
  TextCursor cursor(content_type);
  (void)cursor.take_until(";");
  while (cursor.skip_char(';')) {
    const std::string_view name = trim(cursor.take_until("=;"));
    if (!cursor.skip_char('=')) continue;
    while (cursor.peek() == ' ' || cursor.peek() == '\t' || cursor.peek() == '\r' || cursor.peek() == '\n')
      (void)cursor.skip_char(cursor.peek());
    const auto value = take_parameter_value(cursor);
    if (!value) return {};
    if (equal_ignoring_case(name, "boundary")) return *value;
    (void)cursor.take_until(";");
  }
  return {};
}

/// Boundaries have no backslash and no control character, and don't end with a blank.
bool is_boundary(std::string_view text) {
  return !text.empty() && !text.ends_with(' ') &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c < '\x7f' && c != '\\' && c != '"'; });
}

struct Line {
  std::string_view text;  ///< without its end
  std::size_t start = 0, next = 0;
};

Line line_at(std::string_view body, std::size_t start) {
  const std::size_t feed = body.find('\n', start);
  Line line{body.substr(start, feed == body.npos ? body.npos : feed - start), start,
            feed == body.npos ? body.size() : feed + 1};
  if (line.text.ends_with('\r')) line.text.remove_suffix(1);
  return line;
}

enum class Delimiter : std::uint8_t { none, between, closing };

/// "--boundary", or "--boundary--", and blanks (RFC 2046 §5.1.1).
Delimiter delimiter_in(std::string_view line, std::string_view boundary) {
  TextCursor cursor(line);
  if (!cursor.skip_text("--") || !cursor.skip_text(boundary)) return Delimiter::none;
  const bool closing = cursor.skip_text("--");
  cursor.skip_blanks();
  if (!cursor.at_end()) return Delimiter::none;
  return closing ? Delimiter::closing : Delimiter::between;
}

/// `whole`: a header with the lines that it is folded over.
void take_header(BodyPart& part, std::string_view whole) {
  const std::size_t colon = whole.find(':');
  if (colon == whole.npos) return;
  const std::string_view name = trim(whole.substr(0, colon));
  const std::string_view value = trim(whole.substr(colon + 1));
  const auto take = [&](std::string_view& field) {
    part.ambiguous = part.ambiguous || (!field.empty() && field != value);
    field = value;
  };
  switch (field_name_of(name)) {
    case FieldName::content_type:
      return take(part.content_type);
    case FieldName::content_disposition:
      return take(part.content_disposition);
    case FieldName::content_length:
      return take(part.content_length);
    case FieldName::content_encoding:
      return take(part.content_encoding);
    default:
      if (equal_ignoring_case(name, "Content-Transfer-Encoding")) take(part.transfer_encoding);
  }
}

/// `part`, from its first header to the end of its body, begins at `offset`. False: it has no empty line.
bool parse_part(std::string_view part, std::size_t offset, BodyPart& out) {
  std::size_t header = 0, at = 0;  // of the header that goes on, of the line looked at
  while (at < part.size()) {
    const Line line = line_at(part, at);
    const bool folded = line.text.starts_with(' ') || line.text.starts_with('\t');
    if (!folded && at > header) {
      take_header(out, part.substr(header, at - header));
      header = at;
    }
    if (line.text.empty() && line.next > at) {
      out.headers = part.substr(0, at);
      out.body = part.substr(line.next);
      out.offset = offset + line.next;
      return true;
    }
    at = line.next;
  }
  return false;
}

/// Off the end of `text`, where a delimiter follows: the line end before it is its own.
std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string media_type_of(std::string_view content_type) {
  TextCursor cursor(content_type);
  const std::string_view type = cursor.take_until(";");
  const std::size_t slash = std::min(type.find('/'), type.size());
  std::string out(trim(type.substr(0, slash)));
  if (slash < type.size()) out.append("/").append(trim(type.substr(slash + 1)));
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

bool is_multipart(std::string_view content_type) {
  return media_type_of(content_type).starts_with("multipart/");
}

Result<Multipart> parse_multipart(std::string_view content_type, std::string_view body) {
  if (!is_multipart(content_type)) return fail(Errc::unsupported, "not a multipart body");
  const std::string_view boundary = boundary_of(content_type);
  if (boundary.size() > kMaxBoundary) return fail(Errc::too_long, "a boundary is longer than 70 characters");
  if (!is_boundary(boundary)) return fail(Errc::malformed, "a multipart body without a boundary");
  if (body.size() > kMaxMultipartOctets)
    return fail(Errc::too_long, "a multipart body is longer than is read", kMaxMultipartOctets);
  Result<Multipart> out;
  std::optional<std::size_t> start;  // of the part that goes on
  const auto end_part = [&](std::size_t end) -> Result<void> {
    if (out->count == kMaxParts) return fail(Errc::too_long, "a multipart body has more parts than are read", *start);
    BodyPart& part = out->list[out->count++];
    if (!parse_part(body.substr(*start, end - *start), *start, part))
      return fail(Errc::malformed, "a part without an empty line after its headers", *start);
    return {};
  };
  for (std::size_t at = 0; at < body.size();) {
    const Line line = line_at(body, at);
    const Delimiter delimiter = delimiter_in(line.text, boundary);
    at = line.next;
    if (delimiter == Delimiter::none) continue;
    if (start) {
      if (auto ended = end_part(line.start); !ended) return std::unexpected(ended.error());
      BodyPart& part = out->list[out->count - 1];
      part.body = without_line_end(part.body);
    }
    if (delimiter == Delimiter::closing) return out;
    start = line.next;
  }
  if (!start) return fail(Errc::malformed, "a multipart body without a delimiter", body.size());
  if (!trim(body.substr(*start)).empty() || out->count == 0) {
    if (auto ended = end_part(body.size()); !ended) return std::unexpected(ended.error());
  }
  return out;
}

}  // namespace dw::sip
